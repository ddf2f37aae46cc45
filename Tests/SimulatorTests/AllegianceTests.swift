import Consensus
import Kernel
import Simulator
import Testing

@Suite("R5: who hears a leader stays with it")
struct AllegianceTests {
    private typealias Standpoint = AllegianceChecker.Standpoint

    private func stands(
        in term: UInt64,
        _ role: RaftNode.Role = .follower,
        after leader: Int? = nil,
        process: UInt64 = 1,
        hasGoodClocks: Bool = true
    ) -> Standpoint {
        Standpoint(
            process: process,
            term: Term(term),
            role: role,
            leader: leader.map { Fixtures.members[$0] },
            hasGoodClocks: hasGoodClocks
        )
    }

    private func at(_ milliseconds: UInt64) -> Instant { Instant(microseconds: milliseconds * 1000) }

    /// Of a follower, n2, that heard n1 in term 3 at 0 ms.
    private func listener(isCredible: Bool = true, hasGoodClocks: Bool = true) throws -> AllegianceChecker {
        var checker = AllegianceChecker(machineCount: 3, .milliseconds(1000))
        let heartbeat = Fixtures.message(from: 0, to: 1, term: 3, .heartbeat(commitIndex: .zero, round: 1))
        let stands = stands(in: 3, after: 0, hasGoodClocks: hasGoodClocks)
        try checker.received(1, heartbeat, isCredible: isCredible, before: stands, after: stands, at: at(0))
        return checker
    }

    private func asked(
        _ checker: AllegianceChecker,
        isTransfer: Bool = false,
        from before: Standpoint? = nil,
        to term: UInt64 = 4,
        at milliseconds: UInt64 = 900
    ) -> Violation.Invariant? {
        var checker = checker
        let request = Fixtures.message(from: 2, to: 1, term: 4, .voteRequest(last: .zero, isTransfer: isTransfer))
        let (before, after) = (before ?? stands(in: 3, after: 0), stands(in: term))
        return violation { () throws(Violation) in
            try checker.received(1, request, isCredible: true, before: before, after: after, at: at(milliseconds))
        }
    }

    @Test("a follower leaves a leader that it has just heard")
    func follower() throws {
        #expect(asked(try listener()) == .convergence)
        #expect(asked(try listener(), to: 3) == nil, "it stays")
        #expect(asked(try listener(), at: 1000) == nil, "it has heard nothing for an election timeout")
        #expect(asked(try listener(), isTransfer: true) == nil, "the leader hands over")
    }

    @Test("but not one that it has not heard, or forgot")
    func unheard() throws {
        #expect(asked(try listener(isCredible: false)) == nil)
        #expect(asked(try listener(hasGoodClocks: false)) == nil)
        #expect(asked(try listener(), from: stands(in: 3, after: 0, process: 2)) == nil)
        #expect(asked(try listener(), from: stands(in: 2, after: 0)) == nil)
        #expect(asked(try listener(), from: stands(in: 3)) == nil)
        #expect(asked(try listener(), from: stands(in: 3, .preCandidate)) == nil)
        var told = try listener()
        told.linkClosed(1)
        #expect(asked(told) == nil)
    }

    @Test("a leader leaves itself")
    func leader() throws {
        let silent = AllegianceChecker(machineCount: 3, .milliseconds(1000))
        #expect(asked(silent, from: stands(in: 3, .leader, after: 1)) == .convergence)
        #expect(asked(silent, from: stands(in: 3, .leader, after: 1, hasGoodClocks: false)) == nil)
    }
}
