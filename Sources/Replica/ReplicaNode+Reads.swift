import Consensus
import Kernel

// Linearizable reads. A read asks consensus for an index (Raft, section 6.4) and waits until the state reflects it. All
// that come while one question is under way share the next.
extension ReplicaNode {
    mutating func awaitCurrent(_ id: RequestID, deadline: Instant, into effects: inout [Effect]) {
        if let haltReason { return effects.append(.reply(id, .refused(.halted(reason: haltReason)))) }
        guard edge == nil else { return effects.append(.reply(id, .refused(.edge))) }
        guard requests.count < options.maxPendingRequests else {
            return effects.append(.reply(id, .refused(.tooManyRequests(limit: options.maxPendingRequests))))
        }
        requests.addRead(id, deadline: deadline)
        newReads.append(id)
    }

    mutating func askForReads(at now: Moment, into effects: inout [Effect]) {
        guard askedReads == nil, !newReads.isEmpty, raft.leader != nil else { return }
        let reads = newReads.filter { requests.isUnplaced($0) }
        newReads = []
        guard !reads.isEmpty else { return }
        nextRead += 1
        let id = RaftNode.ReadID(nextRead)
        askedReads = (id, reads)
        advance(.readIndex(id), at: now, into: &effects)
    }

    mutating func readReady(_ id: RaftNode.ReadID, _ index: LogIndex, into effects: inout [Effect]) {
        for read in endQuestion(id) where requests.isUnplaced(read) {
            if applied.position.index >= index {
                requests.finishRead(read)
                effects.append(.reply(read, .reached(applied.position.index)))
            } else {
                requests.place(read, at: index)
            }
        }
    }

    /// Asked again as soon as there is a leader, until the deadline, but for a member that is asked too much.
    mutating func readRefused(_ id: RaftNode.ReadID, _ refusal: RaftNode.ReadRefusal, into effects: inout [Effect]) {
        let reads = endQuestion(id)
        guard case .overloaded = refusal else {
            newReads = reads + newReads
            return
        }
        for read in reads where requests.isUnplaced(read) {
            requests.finishRead(read)
            effects.append(.reply(read, .refused(.overloaded)))
        }
    }

    private mutating func endQuestion(_ id: RaftNode.ReadID) -> [RequestID] {
        guard let asked = askedReads, asked.id == id else { return [] }
        askedReads = nil
        return asked.reads
    }
}
