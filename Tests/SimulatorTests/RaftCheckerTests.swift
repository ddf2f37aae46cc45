import Consensus
import Kernel
import Simulator
import Testing

/// Checkers that see a bug of consensus at once, where what comes of it would take several rare events.
@Suite("Checkers of Raft's own rules")
struct RaftCheckerTests {
    private func disk(_ entries: [Entry] = [], term: UInt64, vote: Int? = nil) -> VirtualLogDisk {
        VirtualLogDisk(
            hardState: HardState(term: Term(term), vote: vote.map { Fixtures.members[$0] }, commitIndex: .zero),
            base: Fixtures.base,
            entries: entries
        )
    }

    private func sends(_ body: Message.Body, in term: UInt64, _ disk: VirtualLogDisk) -> Violation.Invariant? {
        violation { () throws(Violation) in
            try PromiseChecker.sends(0, Fixtures.message(from: 0, to: 1, term: term, body), from: disk)
        }
    }

    @Test(
        "R1: a vote leaves a node whose disk does not have it",
        arguments: [
            (Message.Body.voteResponse(granted: true), 1), (.voteRequest(last: .zero, isTransfer: false), 0),
        ]
    )
    func votes(body: Message.Body, candidate: Int) {
        #expect(sends(body, in: 3, disk(term: 3, vote: candidate)) == nil)
        #expect(sends(body, in: 3, disk(term: 4)) == nil)
        #expect(sends(body, in: 3, disk(term: 3)) == .leadership)
        #expect(sends(body, in: 3, disk(term: 3, vote: 2)) == .leadership)
        #expect(sends(body, in: 3, disk(term: 2, vote: candidate)) == .leadership)
        #expect(sends(.voteResponse(granted: false), in: 3, disk(term: 2)) == nil)
    }

    @Test("R1: a member leads that was elected by votes that are on no disk")
    func elections() {
        func elected(_ disks: [VirtualLogDisk], of voters: Int = 3) -> Violation.Invariant? {
            violation { () throws(Violation) in
                let majority = Majority(disks, of: voters)
                try LeadershipChecker.elected(0, Fixtures.members[0], in: Term(3), by: [majority])
            }
        }
        let (own, other) = (disk(term: 3, vote: 0), disk(term: 3, vote: 1))
        #expect(elected([own, own, other]) == nil)
        #expect(elected([own, other, disk(term: 3)]) == .leadership)
        #expect(elected([disk(term: 2, vote: 0), own, other]) == .leadership)
        #expect(elected([own, disk(term: 4), other]) == nil, "may have voted before")
        #expect(elected([own, disk(term: 0), other]) == nil, "was wiped")
        #expect(elected([own, other]) == nil, "one voter has no disk to look at")
        #expect(elected([disk(term: 2)], of: 1) == .leadership)
    }

    @Test("R2: entries are acknowledged that are not on the node's disk")
    func acknowledgements() {
        let disk = disk(Fixtures.entries(terms: [1, 1]), term: 3)
        #expect(sends(.appendAccepted(matchIndex: LogIndex(2)), in: 3, disk) == nil)
        #expect(sends(.appendAccepted(matchIndex: LogIndex(3)), in: 3, disk) == .log)
        #expect(sends(.appendAccepted(matchIndex: LogIndex(3)), in: 2, disk) == nil, "may have been cut off since")
    }

    /// Raft, figure 8: (c) is no commit, since (d) may follow; (e) is one.
    @Test("R2: an entry counts as committed though a member without it can be elected")
    func figure8() throws {
        let leader = Fixtures.entries(terms: [1, 2, 4])
        let rival = Fixtures.entries(terms: [1, 3])
        func commits(_ count: Int, _ logs: [[Entry]]) -> Violation.Invariant? {
            var checker = LogChecker()
            let majority = Majority(logs.map { disk($0, term: 4) })
            return violation { () throws(Violation) in
                try checker.commits(0, through: LogIndex(UInt64(count)), by: [majority])
            }
        }
        let older = Array(leader[..<2])
        let oldest = Array(leader[..<1])
        #expect(commits(2, [leader, older, older, oldest, rival]) == .log)
        #expect(commits(3, [leader, leader, leader, oldest, rival]) == nil)
        #expect(commits(1, [leader, older, older, oldest, rival]) == nil, "all have it")
        // Whose log is not whole neither votes nor stands.
        var damaged = disk(rival, term: 4)
        damaged.rot(at: LogIndex(1))
        var checker = LogChecker()
        let others = [leader, older, older, oldest].map { disk($0, term: 4) }
        try checker.commits(0, through: LogIndex(2), by: [Majority(others + [damaged])])
    }

    @Test("R2: the time of the log goes back")
    func time() throws {
        func entry(_ index: UInt64, after previous: Digest, at milliseconds: UInt64) -> Entry {
            Entry(
                position: LogPosition(term: Term(1), index: LogIndex(index)),
                time: WallTime(milliseconds: milliseconds),
                previousHash: previous,
                payload: .empty
            )
        }
        let first = entry(1, after: .zero, at: 5)
        for (milliseconds, expected) in [(4, .log), (5, nil)] as [(UInt64, Violation.Invariant?)] {
            let second = entry(2, after: first.hash, at: milliseconds)
            var checker = LogChecker()
            let found = violation { () throws(Violation) in
                try checker.wrote(0, [first, second], on: Fixtures.disk([first, second]))
            }
            #expect(found == expected)
        }
    }
}
