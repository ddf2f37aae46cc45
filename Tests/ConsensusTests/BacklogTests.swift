import Consensus
import Kernel
import Testing

/// Entries that are committed and not applied.
@Suite("Apply backlog") struct BacklogTests {
    private static let bound = 2000

    /// Three members, of which some apply nothing while so much is proposed as they may not keep in memory.
    private func stalled(_ places: Set<Int>, proposing count: Int = 100) -> Group {
        var options = RaftOptions()
        options.maxUnappliedBytes = Self.bound
        options.windowBytes = 500
        options.maxApplyCount = 7
        options.maxAppendBytes = 300
        var group = Group(3, options: options)
        group.elect()
        group.stalled = places
        propose(count, in: &group)
        return group
    }

    private func propose(_ count: Int, in group: inout Group) {
        for number in 0..<count {
            group.propose("command \(number)", at: 0)
            group.settle()
        }
    }

    @Test("a member that applies nothing acknowledges all, and keeps a bounded part of it in memory") func bounded() {
        var group = stalled([2])
        let leader = group.members[0].raft
        #expect(leader.matchIndex(of: group.ids[2]) == leader.lastPosition.index, "its vote goes on counting")
        #expect(leader.lastPosition.index > LogIndex(100))
        #expect(group.members[2].raft.bytesInMemory <= Self.bound)
        #expect(group.members[2].raft.appliedIndex < LogIndex(10))
        propose(100, in: &group)
        #expect(group.members[2].raft.bytesInMemory <= Self.bound)
        #expect(group.violations.isEmpty)
    }

    @Test("what left memory is read back and applied, in order and once") func readBack() {
        var group = stalled([2])
        group.stalled = []
        group.settle()
        #expect(group.ownReads > 10)
        #expect(group.commands(at: 2) == group.commands(at: 0))
        #expect(group.commands(at: 2).count == 100)
        propose(3, in: &group)
        #expect(group.commands(at: 2).count == 103, "from memory again")
        #expect(group.violations.isEmpty)
    }

    @Test("a process that starts with a backlog loads a bounded part of it") func restart() {
        var group = stalled([2])
        group.crash(2)
        #expect(group.members[2].raft.bytesInMemory <= Self.bound)
        group.pass(.seconds(1))
        #expect(group.members[2].raft.appliedIndex < LogIndex(20))
        group.stalled = []
        group.pass(.seconds(1))
        #expect(group.commands(at: 2) == group.commands(at: 0))
        #expect(group.violations.isEmpty)
    }

    @Test("a leader that applies too slowly takes no proposals until what it has to apply fits in memory")
    func leader() {
        var group = stalled([0])
        let refusals = group.members[0].refusals
        #expect(refusals.last == .applyingLags(limit: Self.bound))
        #expect(refusals.count > 10 && refusals.count < 90)
        #expect(group.members[0].raft.bytesInMemory <= Self.bound)
        group.stalled = []
        group.settle()
        let before = group.commands(at: 0).count
        #expect(before == 100 - refusals.count)
        propose(1, in: &group)
        #expect(group.commands(at: 1).count == before + 1)
        #expect(group.violations.isEmpty)
    }

    @Test("what the store cannot give is asked for again, after a while") func again() {
        var group = stalled([2])
        // Nothing but the batch that it was given is applied before the read.
        group.stalled = [0, 1]
        group.apply(2)
        let own = group.ids[2]
        let isOwn = { (effect: RaftNode.Effect) in if case .readEntries(own, _, _) = effect { true } else { false } }
        while group.members[2].work.isEmpty { group.apply(2) }
        #expect(group.members[2].work.allSatisfy(isOwn))
        group.members[2].work = []
        group.step(2, .entriesRead(for: own, previous: nil, entries: []))
        group.apply(2)
        #expect(group.members[2].work.isEmpty)
        group.stalled = []
        group.pass(.milliseconds(900))
        #expect(group.commands(at: 2).count < 50)
        group.pass(.milliseconds(200))
        #expect(group.commands(at: 2).count == 100)
        #expect(group.violations.isEmpty)
    }

    @Test("a change that left memory unapplied keeps its member from standing", arguments: [false, true])
    func change(restarts: Bool) {
        var group = stalled([], proposing: 0)
        group.stalled = [2]
        group.change(ConfigurationChange([.remove(group.ids[1])]), at: 0)
        group.settle()
        propose(100, in: &group)
        #expect(group.members[2].raft.commitIndex > LogIndex(100))
        if restarts { group.crash(2) }
        group.pass(.seconds(5), except: group.isCut([2]))
        #expect(group.members[2].raft.counters.elections == 0)
        #expect(group.members[2].raft.role == .follower)
        group.stalled = []
        group.settle()
        group.pass(.seconds(3), except: group.isCut([2]))
        #expect(group.members[2].raft.counters.elections > 0 || group.members[2].raft.role == .preCandidate)
        #expect(group.violations.isEmpty)
    }
}
