import Consensus
import Directory
import Kernel
import Replica
import Testing

@Suite("Apply backlog of a node") struct BacklogTests {
    /// Entries of the leader's, committed as they come.
    @discardableResult
    private func receive(
        _ count: Int,
        after previous: inout (position: LogPosition, hash: Digest),
        _ voter: inout Voter
    ) -> [Entry] {
        let first = previous.position
        let entries = (0..<count).map { _ in
            let entry = Entry(
                position: LogPosition(term: Term(1), index: previous.position.index.next),
                time: voter.now.wall,
                previousHash: previous.hash,
                payload: .command([UInt8](repeating: 7, count: 100))
            )
            previous = (entry.position, entry.hash)
            return entry
        }
        let append = Message.Append(previous: first, entries: entries, commitIndex: previous.position.index)
        voter.hear(.append(append), in: Term(1))
        return entries
    }

    @Test("a node that has halted acknowledges what it is sent, and reads nothing back", arguments: [false, true])
    func halted(isHalted: Bool) throws {
        var options = ReplicaOptions()
        options.raft.maxUnappliedBytes = 500
        var voter = Voter(options: options)
        var previous = (position: voter.node.applied.position, hash: voter.node.applied.hash)
        receive(3, after: &previous, &voter)
        let batch = voter.committed
        let last = try #require(batch.last)
        #expect(batch.count == 3)
        let next = receive(30, after: &previous, &voter)
        let point = batch.reduce(voter.node.applied) { $0.advanced(past: $1, isChangeRefused: false) }
        let facts = DirectoryFacts(revision: last.index, epoch: 0, stateRoot: .zero)
        let halt = isHalted ? "too old" : nil
        voter.step(.applied(AppliedBatch(point: point, outcomes: [], events: [], facts: facts, halt: halt)))
        receive(30, after: &previous, &voter)
        // Asked for while the first were being applied.
        let own = voter.node.member
        voter.step(.entriesRead(for: own, previous: last.position, entries: Array(next.prefix(2))))
        let reads = voter.effects.filter { effect in
            if case .readEntries(own, _, _) = effect { true } else { false }
        }
        #expect(reads.count == (isHalted ? 1 : 2))
        #expect(voter.committed.count == (isHalted ? 3 : 5), "the rest left memory")
        #expect(voter.node.lastPosition == previous.position)
        let accepted = voter.effects.compactMap { effect -> LogIndex? in
            guard case .send(let message, _, _) = effect, case .raft(let inner, _) = message.body,
                case .appendAccepted(let index) = inner.body
            else { return nil }
            return index
        }
        #expect(accepted.last == previous.position.index)
    }
}
