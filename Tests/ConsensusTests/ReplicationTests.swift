import Consensus
import Kernel
import Testing

@Suite("Replication") struct ReplicationTests {
    @Test("elects a leader and commits on every member") func commits() {
        var group = Group(3)
        group.elect()
        group.propose("a", at: 0)
        group.pass(.milliseconds(200))
        #expect(group.ids.indices.map { group.commands(at: $0) } == [["a"], ["a"], ["a"]])
        #expect(group.violations.isEmpty)
    }

    /// Raft figure 8: an entry of an earlier term on a majority is not committed until one of the own term is.
    @Test("entries of earlier terms are not committed by counting") func figureEight() {
        var group = Group(3)
        group.elect()
        let index = group.members[0].raft.lastPosition.index.next
        group.propose("old", at: 0)
        group.sync(0)
        group.mail = []
        // Another term begins with the same member in the lead; its own entry is durable nowhere else.
        let term = group.members[0].raft.term
        group.step(0, .receive(group.message(from: 1, to: 0, term: term.number + 1, .voteResponse(granted: false))))
        group.sync(0)
        group.now = group.now.advanced(by: .seconds(3))
        group.step(0, .wake)
        for _ in 0..<50 where group.members[0].raft.role != .leader {
            group.sync(0)
            group.sync(1)
            if !group.mail.isEmpty { group.deliver(0) }
        }
        #expect(group.members[0].raft.role == .leader)
        let newTerm = group.members[0].raft.term
        group.mail = []
        group.step(
            0,
            .receive(group.message(from: 1, to: 0, term: newTerm.number, .appendAccepted(matchIndex: index)))
        )
        #expect(group.members[0].raft.commitIndex < index)
        group.sync(0)
        let own = group.members[0].raft.lastPosition.index
        group.step(0, .receive(group.message(from: 1, to: 0, term: newTerm.number, .appendAccepted(matchIndex: own))))
        #expect(group.members[0].raft.commitIndex == own)
    }

    @Test("acceptance is sent only when the entries are durable") func acceptance() {
        var group = Group(3)
        group.elect()
        group.propose("a", at: 0)
        let appends = group.mail.filter { $0.to == group.ids[1] }
        group.mail = []
        for append in appends { group.step(1, .receive(append)) }
        #expect(group.mail.isEmpty)
        group.sync(1)
        #expect(group.mail.contains { if case .appendAccepted = $0.body { true } else { false } })
    }

    /// The completion of a write whose entries were cut off, and came back since, is not the completion of theirs.
    @Test("a late completion of an overwritten entry counts for nothing") func lateCompletion() {
        var group = Group(3)
        let start = group.members[1].raft.lastPosition
        let hash = group.members[1].raft.lastHash
        func entries(_ term: UInt64, _ count: Int) -> [Entry] {
            var previous = hash
            return (1...count).map { offset in
                let position = LogPosition(term: Term(term), index: LogIndex(start.index.number + UInt64(offset)))
                let entry = Entry(position: position, time: .distantPast, previousHash: previous, payload: .empty)
                previous = entry.hash
                return entry
            }
        }
        func append(_ term: UInt64, from: Int, _ new: [Entry]) -> RaftNode.Input {
            let body = Message.Append(previous: start, entries: new, commitIndex: start.index)
            return .receive(group.message(from: from, to: 1, term: term, .append(body)))
        }
        group.step(1, append(2, from: 0, entries(2, 3)))
        group.step(1, append(3, from: 2, entries(3, 1)))
        group.step(1, append(4, from: 0, entries(2, 3)))
        let writes = group.members[1].writes
        #expect(writes.count == 3)
        group.step(1, .persisted(writes[0].id, last: entries(2, 3)[2].position))
        #expect(group.members[1].raft.durableIndex == start.index)
        group.step(1, .persisted(writes[2].id, last: entries(2, 3)[2].position))
        #expect(group.members[1].raft.durableIndex == LogIndex(start.index.number + 3))
    }

    @Test("old entries that are no longer in memory are read back for a follower") func window() {
        var options = RaftOptions()
        options.windowBytes = 100
        var group = Group(3, options: options)
        group.elect()
        let isCut = group.isCut([2])
        for number in 0..<40 {
            group.propose("c\(number)", at: 0)
            group.settle(except: isCut)
        }
        group.pass(.seconds(3))
        #expect(group.commands(at: 2).count == 40)
        #expect(group.violations.isEmpty)
    }

    @Test("refuses what is too large, too much, or asked of a follower") func refusals() {
        var options = RaftOptions()
        options.maxEntryBytes = 4
        options.maxUncommittedBytes = 100
        var group = Group(3, options: options)
        group.elect()
        group.propose("12345", at: 0)
        group.propose("1", at: 0)
        group.propose("3", at: 0)
        group.propose("1", at: 1)
        #expect(
            group.members[0].refusals == [
                .entryTooLarge(byteCount: 5, limit: 4), .overloaded(uncommittedBytes: 65, limit: 100),
            ]
        )
        #expect(group.members[1].refusals == [.notLeader(known: group.ids[0])])
        group.settle()
        group.propose("4", at: 0)
        group.settle()
        #expect(group.commands(at: 1) == ["1", "4"])
    }

    @Test("time in the log never goes back") func time() {
        var group = Group(1)
        group.elect()
        for milliseconds: UInt64 in [5000, 3000, 7000] {
            let id = RaftNode.ProposalID(milliseconds)
            group.step(0, .propose([.init(id: id, time: WallTime(milliseconds: milliseconds), payload: [1])]))
        }
        group.settle()
        #expect(group.members[0].state.suffix(3).map(\.time.milliseconds) == [5000, 5000, 7000])
    }

    @Test("a heartbeat commits only what is known to equal the leader's log") func heartbeatCommit() {
        var group = Group(3)
        // Three entries of t2 that n3, the leader of t3, knows nothing of.
        let entries = group.entries(after: 1, term: 2, count: 3)
        let append = Message.Append(
            previous: group.members[1].raft.lastPosition,
            entries: entries,
            commitIndex: LogIndex(1)
        )
        group.receive(from: 0, to: 1, term: 2, .append(append))
        group.sync(1)
        group.receive(from: 2, to: 1, term: 3, .heartbeat(commitIndex: LogIndex(3), round: 1))
        #expect(group.members[1].raft.commitIndex == LogIndex(1))
        group.receive(from: 2, to: 1, term: 3, .heartbeat(commitIndex: LogIndex(99), round: 2))
        #expect(group.members[1].raft.commitIndex == LogIndex(1))
    }

    @Test("a follower that restarts commits what its leader tells it, though nothing new is proposed") func restart() {
        var group = Group(3)
        group.elect()
        group.propose("a", at: 0)
        group.settle()
        // The hint of its disk lags behind what it knew.
        group.crash(2)
        group.members[2].state.removeLast()
        group.crash(2)
        let last = group.members[2].raft.lastPosition.index
        #expect(group.members[2].raft.commitIndex < last)
        group.pass(.milliseconds(100))
        #expect(group.members[0].raft.role == .leader)
        #expect(group.members[2].raft.commitIndex == last)
        #expect(group.commands(at: 2) == ["a"])
    }

    @Test("late and repeated messages change nothing") func repeats() {
        var group = Group(3)
        group.elect()
        group.propose(["a", "b"], at: 0)
        let appends = group.mail
        group.settle()
        group.propose("c", at: 0)
        group.settle()
        let before = group.members.map(\.raft.lastPosition)
        let commits = group.members.map(\.raft.commitIndex)
        for append in appends + appends {
            group.mail.append(append)
            group.settle()
        }
        group.receive(from: 1, to: 0, term: group.members[0].raft.term.number, .appendAccepted(matchIndex: LogIndex(1)))
        group.receive(
            from: 1,
            to: 0,
            term: group.members[0].raft.term.number,
            .appendRejected(previous: LogIndex(1), hint: .zero)
        )
        group.settle()
        #expect(group.members.map(\.raft.lastPosition) == before)
        #expect(group.members.map(\.raft.commitIndex) == commits)
        #expect(group.members[0].raft.followers.allSatisfy { $0.state == .replicate })
        #expect(group.violations.isEmpty)
    }

    @Test("a leader does not apply what only the others have on disk") func slowDisk() {
        var group = Group(3)
        group.elect()
        group.propose("a", at: 0)
        while !group.mail.isEmpty || !group.members[1].writes.isEmpty || !group.members[2].writes.isEmpty {
            if !group.mail.isEmpty { group.deliver(0) }
            group.sync(1)
            group.sync(2)
        }
        let raft = group.members[0].raft
        #expect(raft.commitIndex == raft.lastPosition.index)
        #expect(group.members[0].applying.isEmpty)
        group.sync(0)
        #expect(group.members[0].applying.map(\.index) == [raft.lastPosition.index])
    }

    @Test("batches for the state machine are bounded, and come one at a time") func batches() {
        var options = RaftOptions()
        options.maxApplyCount = 2
        var group = Group(1, options: options)
        group.elect()
        group.propose(["a", "b", "c"], at: 0)
        group.sync(0)
        #expect(group.members[0].applying.count == 2)
        group.apply(0)
        #expect(group.members[0].applying.count == 1)
        group.apply(0)
        #expect(group.commands(at: 0) == ["a", "b", "c"])
    }

    @Test("a batch of proposals is one write and one append for each follower") func oneWrite() {
        var group = Group(3)
        group.elect()
        group.propose((0..<64).map { "c\($0)" }, at: 0)
        #expect(group.members[0].writes.count == 1)
        #expect(group.members[0].writes.first?.entries.count == 64)
        #expect(group.mail.count == 2)
    }

    @Test("appends under way are bounded in number and in bytes", arguments: [true, false])
    func inflight(byCount: Bool) {
        var options = RaftOptions()
        if byCount { options.maxInflightAppends = 3 } else { options.maxInflightBytes = 3 * (Entry.overhead + 2) }
        var group = Group(3, options: options)
        group.elect()
        for number in 10..<20 { group.propose("\(number)", at: 0) }
        let appends = group.mail.count { if case .append = $0.body { $0.to == group.ids[1] } else { false } }
        #expect(appends == 3)
        group.settle()
        #expect(group.commands(at: 1).count == 10)
    }

    @Test("the hint of a rejection skips a whole term") func hint() {
        var group = Group(3)
        let entries = group.entries(after: 1, term: 2, count: 5)
        let append = Message.Append(
            previous: group.members[1].raft.lastPosition,
            entries: entries,
            commitIndex: LogIndex(1)
        )
        group.receive(from: 0, to: 1, term: 2, .append(append))
        group.sync(1)
        group.mail = []
        let previous = LogPosition(term: Term(1), index: LogIndex(4))
        group.receive(
            from: 2,
            to: 1,
            term: 3,
            .append(.init(previous: previous, entries: [], commitIndex: LogIndex(1)))
        )
        #expect(
            group.bodies == [
                .appendRejected(previous: LogIndex(4), hint: LogPosition(term: Term(1), index: LogIndex(1)))
            ]
        )
    }
}
