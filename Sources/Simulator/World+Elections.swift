internal import Consensus
internal import Kernel
internal import Replica

/// What is to be seen of elections, and crashes that wait for one.
extension World {
    /// A node has just been elected, and crashes before it has done all that it asks for.
    mutating func crashElected(_ node: Int, in effects: [ReplicaNode.Effect]) throws(Violation) {
        let armed = crashesWhenElected.removeFirst()
        let process = machines[node].generation
        let done = choices.doneBeforeCrash(of: effects.count, node, process: process, at: now)
        for effect in effects.prefix(done) where isCurrent(node, process) { try carryOut(effect, node) }
        guard isCurrent(node, process) else { return }
        noteHappened(armed.fault, Fault.crashWhenElectedName)
        faultsInForce.happened(.crash, at: now)
        try crash(node, armed.crash, downFor: armed.downFor)
    }

    /// How long an operator waits for another to lead.
    private static let handOverPatience = Span.seconds(5)

    mutating func handOver(to node: Int) throws(Violation) {
        guard let leader, let id = machines[leader].process?.request(for: nil, attempt: 0) else { return }
        let deadline = machines[leader].clock.monotonic(at: now).advanced(by: Self.handOverPatience)
        try step(leader, .transferLeadership(id, to: members[node], deadline: deadline))
    }

    /// Whether a message is dated as a good clock would, so that no node with a good clock takes it to come from the future.
    func isDatedWell(_ message: PeerMessage) -> Bool {
        let error = Span.milliseconds(UInt64(VirtualClock.goodErrorMilliseconds))
        return message.stamp <= VirtualClock.trueWall(at: now).advanced(by: error)
    }

    /// Nil for a machine that is down.
    func standpoint(of node: Int) -> AllegianceChecker.Standpoint? {
        guard let replica = machines[node].process?.replica else { return nil }
        return AllegianceChecker.Standpoint(
            process: machines[node].generation,
            term: replica.term,
            role: replica.role,
            leader: replica.leader,
            hasGoodClocks: machines.allSatisfy(\.clock.isGood)
        )
    }
}

extension PeerMessage {
    var asksForVote: Bool {
        if case .raft(let message, _) = body, case .voteRequest = message.body { true } else { false }
    }
}
