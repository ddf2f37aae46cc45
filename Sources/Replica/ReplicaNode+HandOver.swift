import Consensus
import Kernel

extension ReplicaNode {
    /// Begins to hand the leadership over at an operator's wish; the answer comes once another leads.
    mutating func handOver(
        _ id: RequestID,
        to target: MemberID?,
        deadline: Instant,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        if let refusal = refusalOfHandOver(to: target) { return effects.append(.reply(id, .refused(refusal))) }
        handOver = HandOver(id: id, deadline: deadline)
        advance(.transferLeadership(to: target), at: now, into: &effects)
    }

    private func refusalOfHandOver(to target: MemberID?) -> SubmitRefusal? {
        if edge != nil { return .edge }
        if raft.role != .leader { return .notLeader(leader: raft.leader) }
        if handOver != nil { return .tooManyRequests(limit: 1) }
        if let target, target == member || !configuration.isVoter(target) {
            return .invalidChange(reason: target == member ? "it leads already" : "it does not vote")
        }
        return voters == [member] ? .invalidChange(reason: "there is no other voter") : nil
    }

    mutating func finishHandOver(at now: Instant, into effects: inout [Effect]) {
        guard let waiting = handOver else { return }
        if let leader = raft.leader, leader != member {
            handOver = nil
            effects.append(.reply(waiting.id, .handedOver(to: leader)))
        } else if now >= waiting.deadline {
            handOver = nil
            effects.append(.reply(waiting.id, .refused(.notHandedOver)))
        }
    }
}
