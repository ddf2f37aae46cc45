import Consensus
import Kernel
import Testing

@Suite("Messages that no member in good order sends") struct HostileInputTests {
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
        group.step(1, .receive(group.message(from: 0, to: 1, term: 2, .append(append))))
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
            group.message(from: 1, to: 0, term: term, .appendAccepted(matchIndex: LogIndex(.max))),
            group.message(from: 1, to: 0, term: term, .heartbeatAcknowledged(round: .max)),
            group.message(from: 1, to: 0, term: term, .heartbeat(commitIndex: LogIndex(.max), round: 1)),
            group.message(
                from: 1,
                to: 0,
                term: term,
                .appendRejected(previous: LogIndex(.max), hint: LogPosition(term: Term(.max), index: LogIndex(.max)))
            ),
            group.message(from: 1, to: 0, term: term, .snapshotAcknowledged(position: .zero, nextChunk: .max)),
        ]
        for body in bodies { group.step(0, .receive(body)) }
        #expect(group.members[0].raft.role == .leader)
        #expect(group.members[0].raft.term.number == term)
        #expect(group.members[0].raft.commitIndex == leader.commitIndex)
        #expect(group.members[0].raft.counters.misdirected == 3)
        #expect(group.members[0].raft.counters.malformed == 3)
        let far = LogPosition(term: Term(term), index: LogIndex(.max - 1))
        let gap = Message.Append(previous: far, entries: [], commitIndex: LogIndex(.max))
        group.step(1, .receive(group.message(from: 0, to: 1, term: term, .append(gap))))
        group.step(
            1,
            .receive(group.message(from: 0, to: 1, term: term, .heartbeat(commitIndex: LogIndex(.max), round: 1)))
        )
        #expect(group.members[1].raft.commitIndex <= group.members[1].raft.lastPosition.index)
    }

    @Test("an append that contradicts itself or what is committed is dropped") func contradictions() {
        var group = Group(3)
        let start = group.members[1].raft.lastPosition
        let good = group.entries(after: 1, term: 2, count: 3, time: WallTime(milliseconds: 9))
        let ofNextTerm = group.entries(after: 1, term: 3, count: 1)
        let overCommitted = Entry(
            position: LogPosition(term: Term(2), index: LogIndex(1)),
            time: .distantPast,
            previousHash: .zero,
            payload: .empty
        )
        let appends: [Message.Append] = [
            // A gap, a wrong order, a term past the message's, time that goes back, and a cut into what is committed.
            .init(previous: start, entries: [good[0], good[2]], commitIndex: LogIndex(9)),
            .init(previous: start, entries: [good[1], good[0]], commitIndex: LogIndex(9)),
            .init(previous: start, entries: ofNextTerm, commitIndex: LogIndex(9)),
            .init(previous: start, entries: [good[0], timeless(good[0])], commitIndex: LogIndex(9)),
            .init(previous: .zero, entries: [overCommitted], commitIndex: LogIndex(9)),
        ]
        for append in appends { group.receive(from: 0, to: 1, term: 2, .append(append)) }
        #expect(group.members[1].raft.lastPosition == start)
        #expect(group.members[1].raft.commitIndex == LogIndex(1))
        #expect(group.members[1].raft.counters.malformed == 4)
        #expect(group.violations.isEmpty)
    }

    private func timeless(_ entry: Entry) -> Entry {
        Entry(
            position: LogPosition(term: entry.term, index: entry.index.next),
            time: .distantPast,
            previousHash: entry.hash,
            payload: .empty
        )
    }

    @Test("what a leader sent cannot be replaced within its term") func rewritten() {
        var group = Group(3)
        let start = group.members[1].raft.lastPosition
        let entries = group.entries(after: 1, term: 2, count: 2)
        group.receive(
            from: 0,
            to: 1,
            term: 2,
            .append(.init(previous: start, entries: entries, commitIndex: LogIndex(1)))
        )
        let last = group.members[1].raft.lastPosition
        let other = Entry(position: entries[0].position, time: .distantFuture, previousHash: .zero, payload: .empty)
        group.receive(
            from: 0,
            to: 1,
            term: 2,
            .append(.init(previous: start, entries: [other], commitIndex: LogIndex(1)))
        )
        #expect(group.members[1].raft.lastPosition == last)
        #expect(group.members[1].raft.counters.brokenChains == 1)
    }

    @Test("nor by an entry that would fit: what was accepted is not cut off") func acceptedThenCut() {
        var group = Group(3)
        let start = group.members[1].raft.lastPosition
        let (entries, other) = (group.entries(after: 1, term: 2, count: 2), group.entries(after: 1, term: 3, count: 2))
        for new in [entries, other] {
            let append = Message.Append(previous: start, entries: new, commitIndex: LogIndex(1))
            group.receive(from: 0, to: 1, term: 3, .append(append))
        }
        #expect(group.members[1].raft.lastPosition == entries[1].position)
        #expect(group.members[1].raft.counters.malformed == 1)
    }

    @Test("a second leader of one term is not followed") func twoLeaders() {
        var group = Group(3)
        group.elect()
        let raft = group.members[1].raft
        group.receive(from: 2, to: 1, term: raft.term.number, .heartbeat(commitIndex: .zero, round: 1))
        #expect(group.mail.isEmpty)
        #expect(group.members[1].raft.leader == group.ids[0])
        #expect(group.members[1].raft.counters.malformed == 1)
    }

    @Test("numbers at the end of their range stop nobody") func extremes() {
        var group = Group(3)
        group.elect()
        let term = group.members[1].raft.term.number
        let far = LogPosition(term: Term(.max), index: LogIndex(.max))
        let point = SnapshotPoint(
            position: far,
            hash: .zero,
            time: .distantFuture,
            configuration: .init(voters: group.ids)
        )
        let entry = Entry(position: far, time: .distantFuture, previousHash: .zero, payload: .empty)
        let bodies: [Message.Body] = [
            .preVoteRequest(last: far), .preVoteResponse(granted: true), .preVoteResponse(granted: false),
            .voteRequest(last: far, isTransfer: true), .voteResponse(granted: true),
            .append(.init(previous: far, entries: [entry, entry], commitIndex: LogIndex(.max))),
            .append(.init(previous: .zero, entries: [entry], commitIndex: LogIndex(.max))),
            .appendAccepted(matchIndex: LogIndex(.max)), .appendRejected(previous: LogIndex(.max), hint: far),
            .appendRejected(previous: group.members[0].raft.lastPosition.index, hint: far),
            .heartbeat(commitIndex: LogIndex(.max), round: .max), .heartbeatAcknowledged(round: .max),
            .snapshot(Group.chunk(.max, of: point)), .snapshot(Group.chunk(0, of: point)),
            .snapshotAcknowledged(position: far, nextChunk: .max), .readIndexRequest(context: .max),
            .readIndexResponse(context: .max, index: LogIndex(.max)),
        ]
        for body in bodies {
            for term in [0, term, .max] {
                for place in [0, 1] { group.receive(from: 2, to: place, term: term, body) }
            }
        }
        group.mail = []
        group.pass(.seconds(3))
        #expect(group.leader() != nil)
        #expect(group.members.allSatisfy { $0.raft.term.number < 100 })
    }

    @Test("a replaced incarnation is not listened to, and nobody answers for another's") func incarnation() {
        var group = Group(3)
        let (first, wiped) = (group.ids[0], MemberID(high: group.ids[0].high, low: group.ids[0].low, incarnation: 0))
        for (from, to) in [(wiped, group.ids[1]), (first, MemberID(high: group.ids[1].high, low: 0, incarnation: 2))] {
            let message = Message(
                lineage: Group.lineage,
                from: from,
                to: to,
                term: Term(9),
                body: .heartbeat(commitIndex: .zero, round: 1)
            )
            group.step(1, .receive(message))
        }
        #expect(group.members[1].raft.counters.misdirected == 2)
        #expect(group.members[1].raft.term == Term(1))
    }
}
