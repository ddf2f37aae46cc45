import Kernel
import Sealing
import Testing

@Suite("How a leader collects a seal") struct SealCollectorTests: CollectsSeals {
    var collector = SealCollector(lineage: Made.lineage, sealedVoters: nil)
    var roots = Made.roots(Made.point(4, term: 2), Made.point(5))
    var now = Moment(1000)

    init() { _ = step(.leading(Term(3))) }

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

    @Test("without a commit in its own term it seals nothing") mutating func ownTerm() {
        roots = Made.roots(Made.point(4, term: 2))
        #expect(committed(4, at: 1000).isEmpty)
        collector = SealCollector(lineage: Made.lineage, sealedVoters: nil)
        roots = Made.roots(Made.point(4, term: 2), Made.point(5))
        #expect(committed(5, at: 1000).isEmpty)
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
        #expect(collector.nextWake(roots: roots) == nil)
        // In no other term either.
        roots = Made.roots(Made.point(5), Made.point(6, term: 4))
        #expect(step(.leading(Term(4))).isEmpty)
        #expect(committed(6, at: 9001).isEmpty)

        swap(&split, &collector)
        roots = Made.roots(Made.point(4, term: 2), Made.point(5))
        now = Moment(1000)
        _ = step(refused(statement, by: 2, .differs(one)), refused(statement, by: 3, .differs(two)))
        #expect(!collector.isHalted)
    }

    @Test("a difference that is none is a refusal") mutating func noDivergence() {
        let statement = Made.statement(Made.point(5), at: 1000)
        _ = committed(5, at: 1000)
        for claim in [Made.point(6, root: "other").claim, Made.point(5).claim] {
            var copy = self
            #expect(
                copy.step(refused(statement, by: 2, .differs(claim)), refused(statement, by: 3, .differs(claim)))
                    .isEmpty
            )
            #expect(!copy.collector.isHalted)
        }
    }

    @Test("a leader that lost its term has nothing open") mutating func lostTerm() {
        let statement = Made.statement(Made.point(5), at: 1000)
        _ = committed(5, at: 1000)
        #expect(step(.notLeading, signed(statement, by: 1), signed(statement, by: 2)).isEmpty)
        #expect(committed(5, at: 5000).isEmpty)
        #expect(collector.nextWake(roots: roots) == nil)
    }

    @Test("to hear again that it leads loses nothing") mutating func leadingAgain() {
        let statement = Made.statement(Made.point(5), at: 1000)
        _ = committed(5, at: 1000)
        #expect(step(.leading(Term(3)), signed(statement, by: 1), signed(statement, by: 2)).count == 1)
    }
}
