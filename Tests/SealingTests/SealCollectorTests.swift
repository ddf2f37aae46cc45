import Kernel
import Sealing
import Testing

@Suite("How a leader collects a seal") struct SealCollectorTests {
    private var collector = SealCollector(lineage: Made.lineage, sealedVoters: nil)
    private var roots = Made.roots(Made.point(4, term: 2), Made.point(5))
    private var now = Moment(1000)

    init() { _ = step(.leading(Term(3))) }

    private mutating func step(_ inputs: SealCollector.Input...) -> [SealCollector.Effect] {
        inputs.flatMap { collector.step($0, roots: roots, at: now, KeyedHash()) }
    }

    private mutating func committed(_ index: UInt64, last: UInt64? = nil, at time: UInt64) -> [SealCollector.Effect] {
        now = Moment(time)
        return step(.committed(through: LogIndex(index), last: LogIndex(last ?? index)))
    }

    private func asks(_ statement: SealStatement, of members: UInt64...) -> [SealCollector.Effect] {
        members.map { .ask(statement, of: MemberID($0)) }
    }

    private func signed(_ statement: SealStatement, by member: UInt64) -> SealCollector.Input {
        let word = SealAnswer.Word.signed(Made.signature(statement, by: member).bytes)
        return .answered(SealAnswer(id: statement.id, word: word), by: MemberID(member))
    }

    private func refused(
        _ statement: SealStatement,
        by member: UInt64,
        _ reason: SigningRefusal = .notLeader
    ) -> SealCollector.Input {
        .answered(SealAnswer(id: statement.id, word: .refused(reason)), by: MemberID(member))
    }

    @Test("asks all voters, and has a seal with a quorum") mutating func quorum() throws {
        let statement = Made.statement(Made.point(5), at: 1000)
        #expect(committed(5, at: 1000) == asks(statement, of: 1, 2, 3))
        #expect(step(signed(statement, by: 3)).isEmpty)
        let seal = Made.seal(Made.point(5), at: 1000, by: [1, 3])
        #expect(step(signed(statement, by: 1)) == [.completed(seal, nil)])
        #expect(step(signed(statement, by: 2)).isEmpty)
        #expect(collector.hasSealed(Made.voters([1, 2, 3])))
        var head = try Made.head(Made.point(4, term: 2), at: 900)
        try head.accept(seal, at: now.wall, KeyedHash())
    }

    @Test("the time is the newest whose commit index the seal reaches") mutating func freshness() {
        // Entries 6 and 7 are committed before they are applied.
        #expect(committed(6, at: 1000).isEmpty)
        #expect(committed(6, at: 1010).isEmpty)
        #expect(committed(7, at: 1020).isEmpty)
        roots = Made.roots(Made.point(5), Made.point(6), Made.point(7))
        now = Moment(1030)
        // The log's end is 7, so 7 itself is the point, at the last time that 7 was seen to be all.
        #expect(step(.applied) == asks(Made.statement(Made.point(7), at: 1020), of: 1, 2, 3))
    }

    @Test("while more is on its way, a boundary is sealed, dated before what lies beyond") mutating func boundary() {
        _ = committed(5, last: 9, at: 1000)
        _ = committed(6, last: 9, at: 1010)
        _ = committed(7, last: 9, at: 1020)
        roots = Made.roots(Made.point(5), Made.point(6), Made.point(7))
        let effects = step(.applied)
        // It had opened for 5 when there was no boundary: there is none before 6 is applied.
        #expect(effects == asks(Made.statement(Made.point(6), at: 1010), of: 1, 2, 3))
    }

    @Test("without a commit in its own term it seals nothing") mutating func ownTerm() {
        roots = Made.roots(Made.point(4, term: 2))
        #expect(committed(4, at: 1000).isEmpty)
        collector = SealCollector(lineage: Made.lineage, sealedVoters: nil)
        roots = Made.roots(Made.point(4, term: 2), Made.point(5))
        #expect(committed(5, at: 1000).isEmpty)
    }

    @Test("no time comes twice, or from a clock that was set back") mutating func times() {
        let first = Made.statement(Made.point(5), at: 1000)
        #expect(committed(5, at: 1000).count == 3)
        _ = step(signed(first, by: 1), signed(first, by: 2))
        // Monotonic time goes on, the wall clock shows less.
        now = Moment(monotonic: Moment(3000).monotonic, wall: Moment(900).wall)
        #expect(step(.committed(through: LogIndex(5), last: LogIndex(5)), .wake).isEmpty)
        now = Moment(monotonic: Moment(3200).monotonic, wall: Moment(1001).wall)
        let next = Made.statement(Made.point(5), at: 1001)
        #expect(step(.committed(through: LogIndex(5), last: LogIndex(5))) == asks(next, of: 1, 2, 3))
    }

    @Test("every second while nothing moves, after 50 ms when something does") mutating func pace() {
        let first = Made.statement(Made.point(5), at: 1000)
        _ = committed(5, at: 1000)
        _ = step(signed(first, by: 1), signed(first, by: 2))
        #expect(collector.nextWake(roots: roots) == Moment(2000).monotonic)
        #expect(committed(5, at: 1999).isEmpty)
        #expect(committed(5, at: 2000).count == 3)
        let second = Made.statement(Made.point(5), at: 2000)
        _ = step(signed(second, by: 1), signed(second, by: 2))
        roots = Made.roots(Made.point(5), Made.point(6))
        #expect(collector.nextWake(roots: roots) == Moment(2050).monotonic)
        #expect(committed(6, at: 2049).isEmpty)
        #expect(committed(6, at: 2050).count == 3)
    }

    @Test("one that finds no quorum is given up for a newer one") mutating func patience() {
        let first = Made.statement(Made.point(5), at: 1000)
        _ = committed(5, at: 1000)
        _ = step(signed(first, by: 1))
        #expect(collector.nextWake(roots: roots) == Moment(2000).monotonic)
        #expect(committed(5, at: 1999).isEmpty)
        #expect(committed(5, at: 2000).count == 3)
        #expect(step(signed(first, by: 2)).isEmpty)
        // At once, when too many refuse.
        let second = Made.statement(Made.point(5), at: 2000)
        _ = step(refused(second, by: 2), refused(second, by: 3))
        roots = Made.roots(Made.point(5), Made.point(6))
        #expect(committed(6, at: 2050).count == 3)
    }

    @Test("a wrong signature, a stranger's and a second one do not count") mutating func wrong() {
        let statement = Made.statement(Made.point(5), at: 1000)
        _ = committed(5, at: 1000)
        let other = Made.signature(Made.statement(Made.point(5), at: 1001), by: 2).bytes
        let wrong = SealCollector.Input.answered(SealAnswer(id: statement.id, word: .signed(other)), by: MemberID(2))
        let note = Note(.warning, "a voter's signature of a seal is wrong", .init("voter", "\(MemberID(2))"))
        #expect(step(signed(statement, by: 1), signed(statement, by: 1), signed(statement, by: 4)).isEmpty)
        #expect(step(wrong) == [.note(note)])
        // Its first answer stands, so that nobody makes it check for ever.
        #expect(step(signed(statement, by: 2), wrong).isEmpty)
        #expect(step(signed(statement, by: 3)).count == 1)
    }

    @Test("says who has another state") mutating func divergence() {
        let statement = Made.statement(Made.point(5), at: 1000)
        _ = committed(5, at: 1000)
        let claim = Made.point(5, root: "other").claim
        let divergence = Divergence(own: Made.point(5).claim, other: claim, members: [MemberID(2)])
        #expect(step(refused(statement, by: 2, .differs(claim))) == [.diverged(divergence)])
        _ = step(signed(statement, by: 1))
        #expect(step(signed(statement, by: 3)).count == 1)
    }

    @Test("a quorum with one other state halts the leader, two with two do not") mutating func outvoted() {
        let statement = Made.statement(Made.point(5), at: 1000)
        _ = committed(5, at: 1000)
        var split = collector
        let one = Made.point(5, root: "one").claim
        let two = Made.point(5, root: "two").claim
        _ = step(refused(statement, by: 2, .differs(one)))
        let divergence = Divergence(own: Made.point(5).claim, other: one, members: [MemberID(2), MemberID(3)])
        #expect(step(refused(statement, by: 3, .differs(one))).last == .halt(divergence))
        #expect(collector.isHalted)
        #expect(committed(5, at: 9000).isEmpty)

        swap(&split, &collector)
        now = Moment(1000)
        _ = step(refused(statement, by: 2, .differs(one)), refused(statement, by: 3, .differs(two)))
        #expect(!collector.isHalted)
    }

    @Test("a difference that is none is a refusal") mutating func noDivergence() {
        let statement = Made.statement(Made.point(5), at: 1000)
        _ = committed(5, at: 1000)
        for claim in [Made.point(6, root: "other").claim, Made.point(5).claim] {
            #expect(step(refused(statement, by: 2, .differs(claim))).isEmpty)
        }
    }

    @Test("until other voters have a seal, it takes both quorums") mutating func transition() throws {
        let old = Made.voters([1, 2, 3])
        let new = Made.voters([3, 4, 5])
        let point = Made.point(5, new)
        _ = step(.sealed(by: old))
        roots = Made.roots(Made.point(4, term: 2, old), point)
        let statement = Made.statement(point, at: 1000)
        #expect(committed(5, at: 1000) == asks(statement, of: 1, 2, 3, 4, 5))
        #expect(step(signed(statement, by: 4), signed(statement, by: 5)).isEmpty)
        #expect(!collector.hasSealed(new))
        #expect(step(signed(statement, by: 1)).isEmpty)
        let effects = step(signed(statement, by: 3))
        let transition = Made.transition(point, at: 1000, by: [3, 4, 5], from: old, endorsedBy: [1, 3])
        #expect(effects == [.completed(transition.seal, transition)])
        #expect(collector.hasSealed(new))
        var head = try Made.head(Made.point(4, term: 2, old), at: 900)
        try head.accept(transition, at: now.wall, KeyedHash())

        // From then on the new voters are enough.
        roots = Made.roots(point, Made.point(6, new))
        let next = Made.statement(Made.point(6, new), at: 1100)
        #expect(committed(6, at: 1100) == asks(next, of: 3, 4, 5))
        _ = step(signed(next, by: 4))
        #expect(step(signed(next, by: 5)) == [.completed(Made.seal(Made.point(6, new), at: 1100, by: [4, 5]), nil)])
    }

    @Test("a joint set is left without the outgoing voters") mutating func leaving() throws {
        let joint = Made.voters([3, 4, 5], outgoing: [1, 2, 3])
        let point = Made.point(5, Made.voters([3, 4, 5]))
        _ = step(.sealed(by: joint))
        roots = Made.roots(Made.point(4, term: 2, joint), point)
        let statement = Made.statement(point, at: 1000)
        #expect(committed(5, at: 1000) == asks(statement, of: 3, 4, 5))
        _ = step(signed(statement, by: 3))
        let transition = Made.transition(point, at: 1000, by: [3, 5], from: joint, endorsedBy: [])
        #expect(step(signed(statement, by: 5)) == [.completed(transition.seal, transition)])
        var head = try Made.head(Made.point(4, term: 2, joint), at: 900)
        try head.accept(transition, at: now.wall, KeyedHash())
    }

    @Test("who has a new key does not count for the former set") mutating func rotation() throws {
        let old = Made.voters([1, 2, 3])
        let new = try VoterSet(voters: [Made.voter(1), Made.voter(2), Made.voter(3, generation: 2)])
        let point = Made.point(5, new)
        _ = step(.sealed(by: old))
        roots = Made.roots(Made.point(4, term: 2, old), point)
        let statement = Made.statement(point, at: 1000)
        _ = committed(5, at: 1000)
        let byNewKey = Made.signature(statement, by: 3, generation: 2)
        _ = step(
            .answered(SealAnswer(id: statement.id, word: .signed(byNewKey.bytes)), by: MemberID(3)),
            signed(statement, by: 1)
        )
        #expect(collector.sealedVoters == old)
        let effects = step(signed(statement, by: 2))
        guard case .completed(_, let transition?) = effects.first else {
            Issue.record("\(effects)")
            return
        }
        #expect(transition.endorsements.map(\.member) == [MemberID(1), MemberID(2)])
        var head = try Made.head(Made.point(4, term: 2, old), at: 900)
        try head.accept(transition, at: now.wall, KeyedHash())
    }

    @Test("a leader that lost its term has nothing open") mutating func lostTerm() {
        let statement = Made.statement(Made.point(5), at: 1000)
        _ = committed(5, at: 1000)
        #expect(step(.notLeading, signed(statement, by: 1), signed(statement, by: 2)).isEmpty)
        #expect(committed(5, at: 5000).isEmpty)
        #expect(collector.nextWake(roots: roots) == nil)
    }

    @Test("samples are bounded, and never date a seal later than what it reaches") mutating func samples() {
        roots = Made.roots(Made.point(4, term: 2))
        for index in 5...5000 as ClosedRange<UInt64> { #expect(committed(index, last: 9000, at: 1000 + index).isEmpty) }
        for target in [4990, 3000] as [UInt64] {
            var copy = self
            copy.roots = Made.roots(Made.point(target - 1), Made.point(target), Made.point(target + 1))
            for case .ask(let statement, _) in copy.step(.applied) {
                #expect(statement.time <= Moment(1000 + target).wall)
            }
        }
    }

    @Test("to hear again that it leads loses nothing") mutating func leadingAgain() {
        let statement = Made.statement(Made.point(5), at: 1000)
        _ = committed(5, at: 1000)
        #expect(step(.leading(Term(3)), signed(statement, by: 1), signed(statement, by: 2)).count == 1)
    }
}
