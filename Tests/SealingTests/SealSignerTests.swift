import Kernel
import Sealing
import Testing

@Suite("What a voter signs") struct SealSignerTests {
    private static let leader = MemberID(1)
    private var signer = SealSigner(lineage: Made.lineage, mark: nil, term: Term(3))
    private var roots = Made.roots(Made.point(3, term: 2), Made.point(5), Made.point(7))
    private var now = Moment(1000)

    init() { _ = step(.following(leader: Self.leader, in: Term(3))) }

    private mutating func step(_ inputs: SealSigner.Input...) -> [SealSigner.Effect] {
        inputs.flatMap { signer.step($0, roots: roots, at: now) }
    }

    private func asked(_ statement: SealStatement, by member: MemberID = leader) -> SealSigner.Input {
        .asked(statement, by: member)
    }

    private func refused(_ statement: SealStatement, _ reason: SigningRefusal) -> [SealSigner.Effect] {
        [.answer(SealAnswer(id: statement.id, word: .refused(reason)), to: Self.leader)]
    }

    private func signed(_ statement: SealStatement) -> [SealSigner.Effect] {
        [.answer(SealAnswer(id: statement.id, word: .signed([9])), to: Self.leader)]
    }

    /// The whole way, whatever comes of it.
    private mutating func sign(_ statement: SealStatement) -> [SealSigner.Effect] {
        step(asked(statement), .persisted(SealMark(statement)), .signed(statement, [9]))
    }

    @Test("the mark first, then the signature, then the answer") mutating func order() {
        let statement = Made.statement(Made.point(5), at: 900)
        #expect(step(asked(statement)) == [.persist(SealMark(statement))])
        #expect(step(.persisted(SealMark(statement))) == [.sign(statement)])
        #expect(step(.signed(statement, [9])) == signed(statement))
        #expect(signer.mark == SealMark(statement))
        // Nothing is answered twice.
        #expect(step(.persisted(SealMark(statement)), .signed(statement, [9])).isEmpty)
    }

    @Test("asked again, it signs again what it signed last") mutating func again() {
        let statement = Made.statement(Made.point(5), at: 900)
        _ = sign(statement)
        #expect(step(asked(statement)) == [.sign(statement)])
        #expect(step(.signed(statement, [9])) == signed(statement))
    }

    @Test("each reason not to sign") mutating func refusals() {
        let five = Made.point(5)
        let foreign = Made.statement(five, at: 900, lineage: Lineage(high: 0, low: 1))
        #expect(step(asked(foreign)) == refused(foreign, .otherLineage))
        for term in [2, 4] as [UInt64] {
            let other = Made.statement(Made.point(5, term: term), at: 900)
            #expect(step(asked(other)) == refused(other, .otherTerm(Term(3))))
        }
        let good = Made.statement(five, at: 900)
        let answer = SealAnswer(id: good.id, word: .refused(.notLeader))
        #expect(step(asked(good, by: MemberID(2))) == [.answer(answer, to: MemberID(2))])
        for time in [499, 1501] as [UInt64] {
            let far = Made.statement(five, at: time)
            #expect(step(asked(far)) == refused(far, .clocksDiffer(own: now.wall)))
        }
        let passed = Made.statement(Made.point(6), at: 900)
        #expect(step(asked(passed)) == refused(passed, .notRecorded(applied: LogIndex(7))))
        for other in [
            Made.point(5, root: "other"), Made.point(5, head: "other"), Made.point(5, Made.voters([1, 2])),
        ] {
            let differing = Made.statement(other, at: 900)
            #expect(step(asked(differing)) == refused(differing, .differs(five.claim)))
        }
        // An index of the term before: its leader has not committed in its own.
        let early = SealStatement(
            lineage: Made.lineage,
            term: Term(3),
            claim: Made.point(3, term: 2).claim,
            time: now.wall
        )
        #expect(step(asked(early)) == refused(early, .noCommitInTerm(entry: Term(2))))
        #expect(signer.mark == nil)
        #expect(step(asked(Made.statement(five, at: 500))).count == 1)
    }

    @Test("nothing below what it has signed, nor at the same index another, nor earlier") mutating func marks() {
        let seven = Made.statement(Made.point(7), at: 900)
        _ = sign(seven)
        let lower = Made.statement(Made.point(5), at: 950)
        #expect(step(asked(lower)) == refused(lower, .belowMark(LogIndex(7))))
        let other = Made.statement(Made.point(7, root: "other"), at: 950)
        #expect(step(asked(other)) == refused(other, .belowMark(LogIndex(7))))
        let earlier = Made.statement(Made.point(7), at: 899)
        #expect(step(asked(earlier)) == refused(earlier, .timeNotAboveMark(Moment(900).wall)))
        let later = Made.statement(Made.point(7), at: 901)
        #expect(sign(later).last == signed(later).first)
    }

    @Test("a restart does not forget what was signed") mutating func restart() {
        let seven = Made.statement(Made.point(7), at: 900)
        signer = SealSigner(lineage: Made.lineage, mark: SealMark(seven), term: Term(3))
        _ = step(.following(leader: Self.leader, in: Term(3)))
        let lower = Made.statement(Made.point(5), at: 950)
        #expect(step(asked(lower)) == refused(lower, .belowMark(LogIndex(7))))
    }

    @Test("waits for what it has not applied; of two, for the newer") mutating func waiting() {
        let eight = Made.statement(Made.point(8), at: 900)
        let nine = Made.statement(Made.point(9), at: 950)
        #expect(step(asked(nine), asked(eight), .applied).isEmpty)
        roots = Made.roots(Made.point(7), Made.point(8))
        #expect(step(.applied).isEmpty)
        roots = Made.roots(Made.point(7), Made.point(8), Made.point(9))
        #expect(step(.applied) == [.persist(SealMark(nine))])
    }

    @Test("waits until the time is too far away") mutating func waitedTooLong() {
        let eight = Made.statement(Made.point(8), at: 900)
        #expect(step(asked(eight)).isEmpty)
        roots = Made.roots(Made.point(7), Made.point(8))
        now = Moment(1401)
        #expect(step(.applied) == refused(eight, .clocksDiffer(own: now.wall)))
    }

    @Test("takes what came meanwhile when it is done, or when the key could not be used") mutating func oneAtATime() {
        let five = Made.statement(Made.point(5), at: 900)
        let seven = Made.statement(Made.point(7), at: 950)
        #expect(step(asked(five), asked(seven)) == [.persist(SealMark(five))])
        #expect(step(.persisted(SealMark(five))) == [.sign(five)])
        #expect(step(.signed(five, [9])) == signed(five) + [.persist(SealMark(seven))])
        let later = Made.statement(Made.point(7), at: 960)
        #expect(step(.persisted(SealMark(seven)), asked(later)) == [.sign(seven)])
        #expect(step(.signed(seven, nil)) == [.persist(SealMark(later))])
    }

    @Test("signs nothing once its term is over") mutating func termChange() {
        let five = Made.statement(Made.point(5), at: 900)
        #expect(
            step(asked(five), .following(leader: nil, in: Term(4)), .persisted(SealMark(five))) == [
                .persist(SealMark(five))
            ]
        )
        #expect(step(asked(five)) == refused(five, .otherTerm(Term(4))))

        // Nor does what waits outlast it.
        _ = step(.following(leader: Self.leader, in: Term(4)))
        let eight = Made.statement(Made.point(8, term: 4), at: 950)
        #expect(step(asked(eight), .following(leader: MemberID(2), in: Term(5))).isEmpty)
        roots = Made.roots(Made.point(7), Made.point(8, term: 4))
        #expect(step(.applied).isEmpty)
    }

    @Test("a signature that comes after the term is not sent") mutating func lateSignature() {
        let five = Made.statement(Made.point(5), at: 900)
        _ = step(asked(five), .persisted(SealMark(five)))
        #expect(step(.following(leader: MemberID(2), in: Term(4)), .signed(five, [9])).isEmpty)
    }

    @Test("neither where its leader leads again, nor where it leads no more in the same term") mutating func otherLead()
    {
        let five = Made.statement(Made.point(5), at: 900)
        let later = Made.statement(Made.point(5), at: 901)
        _ = step(asked(five), .persisted(SealMark(five)), .following(leader: nil, in: Term(3)))
        #expect(step(.signed(five, [9])).isEmpty)
        _ = step(.following(leader: Self.leader, in: Term(3)), asked(later), .persisted(SealMark(later)))
        #expect(step(.following(leader: Self.leader, in: Term(4)), .signed(later, [9])).isEmpty)
    }

    @Test("an answer to something else answers nothing") mutating func otherAnswers() {
        let five = Made.statement(Made.point(5), at: 900)
        let seven = Made.statement(Made.point(7), at: 950)
        _ = step(asked(five))
        #expect(step(.persisted(SealMark(seven))).isEmpty)
        #expect(step(.persisted(SealMark(five))) == [.sign(five)])
        #expect(step(.signed(seven, [9])).isEmpty)
        #expect(step(.signed(five, [9])) == signed(five))
    }

    @Test("a term that goes back is our own mistake") func termBack() async {
        await #expect(processExitsWith: .failure) {
            var signer = SealSigner(lineage: Made.lineage, mark: nil, term: Term(3))
            _ = signer.step(.following(leader: nil, in: Term(2)), roots: Made.roots(Made.point(5)), at: Moment(1000))
        }
    }
}
