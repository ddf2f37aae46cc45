import Consensus
import Kernel
import Testing

@Suite("Raft, case by case") struct DirectedTests {
    func message(_ group: Group, from: Int, to: Int, term: UInt64, _ body: Message.Body) -> Message {
        Message(lineage: Group.lineage, from: group.ids[from], to: group.ids[to], term: Term(term), body: body)
    }

    @Test("elects a leader and commits on every member") func commits() {
        var group = Group(3)
        group.elect()
        group.propose("a", at: 0)
        group.pass(.milliseconds(200))
        #expect(group.ids.indices.map { group.commands(at: $0) } == [["a"], ["a"], ["a"]])
        #expect(group.violations.isEmpty)
    }

    @Test("a single voter leads and commits by itself, once its disk has it") func single() {
        var group = Group(1)
        group.elect()
        group.propose("a", at: 0)
        #expect(group.commands(at: 0) == [])
        group.settle()
        #expect(group.commands(at: 0) == ["a"])
    }

    @Test("a candidate asks for votes only when its own is durable") func ownVote() {
        var group = Group(3)
        group.now = Instant(microseconds: 2_000_000)
        group.step(0, .wake)
        while !group.mail.isEmpty { group.deliver(0) }
        #expect(group.members[0].raft.role == .candidate)
        #expect(!group.members[0].held.isEmpty)
        #expect(!group.members[0].held.contains { $0.after <= group.members[0].durable })
        group.sync(0)
        #expect(group.mail.count == 2)
    }

    @Test("a vote is answered only when it is durable, and is kept across a crash") func votes() {
        var group = Group(3)
        let last = group.members[1].raft.lastPosition
        group.step(1, .receive(message(group, from: 0, to: 1, term: 5, .voteRequest(last: last, isTransfer: false))))
        #expect(group.mail.isEmpty)
        group.sync(1)
        #expect(group.mail.map(\.body) == [.voteResponse(granted: true)])
        group.crash(1)
        group.mail = []
        group.step(1, .receive(message(group, from: 2, to: 1, term: 5, .voteRequest(last: last, isTransfer: false))))
        group.settle()
        #expect(group.members[1].raft.votedFor == group.ids[0])
    }

    @Test("a member that was cut off deposes nobody when it comes back") func preVote() {
        var group = Group(3)
        group.elect()
        let term = group.members[0].raft.term
        group.pass(.seconds(10), except: group.isCut([2]))
        #expect(group.members[2].raft.term == term)
        group.pass(.seconds(2))
        #expect(group.members[0].raft.role == .leader)
        #expect(group.members[0].raft.term == term)
    }

    @Test("a leader without a quorum steps down, and its uncommitted entries give way") func checkQuorum() {
        var group = Group(3)
        group.elect()
        group.propose("lost", at: 0)
        group.pass(.seconds(3), except: group.isCut([0]))
        #expect(group.members[0].raft.role != .leader)
        let leader = group.leader()
        #expect(leader == 1 || leader == 2)
        group.propose("kept", at: leader ?? 1)
        group.pass(.seconds(3))
        #expect(group.ids.indices.map { group.commands(at: $0) } == [["kept"], ["kept"], ["kept"]])
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
        group.step(0, .receive(message(group, from: 1, to: 0, term: term.number + 1, .voteResponse(granted: false))))
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
            .receive(message(group, from: 1, to: 0, term: newTerm.number, .appendAccepted(matchIndex: index)))
        )
        #expect(group.members[0].raft.commitIndex < index)
        group.sync(0)
        let own = group.members[0].raft.lastPosition.index
        group.step(0, .receive(message(group, from: 1, to: 0, term: newTerm.number, .appendAccepted(matchIndex: own))))
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
            return .receive(message(group, from: from, to: 1, term: term, .append(body)))
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

    @Test("an entry that does not continue the hash chain is dropped") func chain() {
        var group = Group(3)
        let start = group.members[1].raft.lastPosition
        let forged = Entry(
            position: LogPosition(term: Term(2), index: start.index.next),
            time: .distantPast,
            previousHash: .of([1]),
            payload: .empty
        )
        let append = Message.Append(previous: start, entries: [forged], commitIndex: start.index.next)
        group.step(1, .receive(message(group, from: 0, to: 1, term: 2, .append(append))))
        #expect(group.members[1].raft.lastPosition == start)
        #expect(group.members[1].raft.commitIndex == start.index)
        #expect(group.members[1].raft.counters.brokenChains == 1)
    }

    @Test("what is misdirected, misnumbered or impossible is counted and changes nothing") func hostileMessages() {
        var group = Group(3)
        group.elect()
        let leader = group.members[0].raft
        let term = leader.term.number
        let stranger = Group.id(9)
        let bodies: [Message] = [
            Message(
                lineage: Lineage(high: 1, low: 1),
                from: group.ids[1],
                to: group.ids[0],
                term: Term(99),
                body: .timeoutNow
            ),
            Message(lineage: Group.lineage, from: stranger, to: group.ids[0], term: Term(99), body: .timeoutNow),
            Message(lineage: Group.lineage, from: group.ids[1], to: group.ids[2], term: Term(99), body: .timeoutNow),
            message(group, from: 1, to: 0, term: term, .appendAccepted(matchIndex: LogIndex(.max))),
            message(group, from: 1, to: 0, term: term, .heartbeatAcknowledged(round: .max)),
            message(group, from: 1, to: 0, term: term, .heartbeat(commitIndex: LogIndex(.max), round: 1)),
            message(
                group,
                from: 1,
                to: 0,
                term: term,
                .appendRejected(previous: LogIndex(.max), hint: LogPosition(term: Term(.max), index: LogIndex(.max)))
            ),
            message(group, from: 1, to: 0, term: term, .snapshotAcknowledged(position: .zero, nextChunk: .max)),
        ]
        for body in bodies { group.step(0, .receive(body)) }
        #expect(group.members[0].raft.role == .leader)
        #expect(group.members[0].raft.term.number == term)
        #expect(group.members[0].raft.commitIndex == leader.commitIndex)
        #expect(group.members[0].raft.counters.misdirected == 3)
        #expect(group.members[0].raft.counters.malformed == 3)
        let far = LogPosition(term: Term(term), index: LogIndex(.max - 1))
        let gap = Message.Append(previous: far, entries: [], commitIndex: LogIndex(.max))
        group.step(1, .receive(message(group, from: 0, to: 1, term: term, .append(gap))))
        group.step(
            1,
            .receive(message(group, from: 0, to: 1, term: term, .heartbeat(commitIndex: LogIndex(.max), round: 1)))
        )
        #expect(group.members[1].raft.commitIndex <= group.members[1].raft.lastPosition.index)
    }

    @Test("a follower that lags behind the log gets a snapshot and goes on from there") func snapshot() {
        var group = Group(3)
        group.elect()
        let isCut = group.isCut([2])
        for number in 0..<20 {
            group.propose("c\(number)", at: 0)
            group.settle(except: isCut)
        }
        group.compact(0)
        group.crash(0)
        group.pass(.seconds(3))
        for _ in 0..<3 {
            if let leader = group.leader() { group.propose("more", at: leader) }
            group.pass(.seconds(2))
        }
        #expect(group.members[2].disk.base.position.index > LogIndex(1) || group.leader() != 0)
        #expect(group.commands(at: 2) == group.commands(at: 0))
        #expect(group.commands(at: 2).count >= 21)
        #expect(group.violations.isEmpty)
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

    @Test("hands its leadership over, and takes no proposal meanwhile") func transfer() {
        var group = Group(3)
        group.elect()
        group.step(0, .transferLeadership(to: group.ids[2]))
        group.propose("refused", at: 0)
        #expect(group.members[0].refusals == [.transferring])
        group.settle()
        #expect(group.members[2].raft.role == .leader)
    }

    @Test("a member that may not lead steps aside and never campaigns") func mayNotLead() {
        var group = Group(3)
        group.elect()
        group.step(0, .mayLead(false))
        group.pass(.seconds(5))
        #expect(group.members[0].raft.role == .follower)
        #expect(group.leader() != nil)
        group.pass(.seconds(10), except: group.isCut([0]))
        #expect(group.members[0].raft.role == .follower)
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

    @Test("a round is confirmed when a quorum has acknowledged it, not before") func rounds() {
        var group = Group(5)
        group.elect()
        let confirmed = group.members[0].raft.confirmedRound
        group.now = group.now.advanced(by: .milliseconds(60))
        group.step(0, .wake)
        let round = group.members[0].raft.round
        #expect(round == confirmed + 1)
        let term = group.members[0].raft.term.number
        group.step(0, .receive(message(group, from: 1, to: 0, term: term, .heartbeatAcknowledged(round: round))))
        #expect(group.members[0].raft.confirmedRound == confirmed)
        group.step(0, .receive(message(group, from: 2, to: 0, term: term, .heartbeatAcknowledged(round: round))))
        #expect(group.members[0].raft.confirmedRound == round)
    }
}
