internal import Consensus
internal import Directory
internal import Kernel
internal import Replica

/// Rolling upgrades: machines run programs of which some know no more than an older level of the log's language.
extension World {
    /// What the process of a machine can apply, or would if it ran.
    func program(of node: Int) -> FeatureLevel {
        machines[node].process?.replica.supportedLevel ?? machines[node].program
    }

    func nodeOptions(of machine: Machine) -> ReplicaOptions {
        var options = nodeOptions
        options.supportedLevel = machine.program
        return options
    }

    /// Whether a node has halted since its program is too old for what the cluster was raised to.
    func isBeyondProgram(_ node: Int) -> Bool {
        guard olderLevel != nil, let replica = machines[node].process?.replica else { return false }
        return replica.haltReason != nil && replica.supportedLevel < .supported
    }

    /// - Returns: Whether there was anything to do.
    mutating func upgrade(_ node: Int, downFor: Span) throws(Violation) -> Bool {
        guard program(of: node) < .supported || machines[node].program < .supported else { return false }
        machines[node].program = .supported
        if let running = machines[node].process?.replica.supportedLevel, running < .supported {
            try stop(node, downFor: downFor)
        }
        return true
    }

    /// One after the other, each up again before the next.
    mutating func finishUpgrades() {
        guard olderLevel != nil else { return }
        for (place, node) in machines.indices.filter({ program(of: $0) < .supported }).enumerated() {
            let time = now.advanced(by: .milliseconds(300 * UInt64(place + 1)))
            queue.schedule(.fault(.upgrade(.node(node), downFor: .milliseconds(100)), number: nil), at: time)
        }
    }

    /// Whether an operator would raise the level now: everybody has said that it knows the newest, or at least one voter can be asked
    /// to. That one asks in vain is no fault yet.
    func mayRaise(_ fault: Fault) -> Bool {
        guard case .raiseFeatureLevel(let asks) = fault else { return true }
        let present = machines.indices.filter(membership.isPresent)
        func knows(_ node: Int) -> Bool {
            machines[node].process.map { $0.replica.supportedLevel == .supported && $0.replica.haltReason == nil }
                ?? false
        }
        return asks ? present.allSatisfy(knows) : present.contains { membership.isVoter($0) && knows($0) }
    }

    mutating func raiseLevel(asks: Bool) throws(Violation) {
        if asks {
            // Who joins later gets the newest program.
            for node in machines.indices where !membership.isPresent(node) { machines[node].program = .supported }
        } else {
            hasRaisedUnasked = true
        }
        try attempt(invoke(.write(.raiseFeatureLevel(.supported))))
    }

    /// A committed entry that the node could not apply: its program must be too old for it, and the operator must have been careless.
    mutating func blocked(_ node: Int, by entry: Entry, _ reason: String) throws(Violation) {
        let command = entry.payload.clientCommand.flatMap { try? options.codec.decodeCommand($0) }
        guard hasRaisedUnasked, let command, command.requiredLevel > program(of: node) else {
            throw Violation(.log, "n\(node + 1) cannot apply a committed entry: \(reason)")
        }
        haltCount += 1
    }

    func unchanged(_ node: Int) -> AppliedBatch {
        let current = machines[node].state.current
        return AppliedBatch(point: current.point, outcomes: [], events: [], facts: current.facts, halt: nil)
    }

    /// What the cluster was not raised to has no place in the log, where it would halt every node of an older program.
    func checkRefusals(_ batch: AppliedBatch, _ node: Int) throws(Violation) {
        for outcome in batch.outcomes {
            guard case .refused(let refusal) = outcome.result, refusal.code == .featureLevel else { continue }
            throw Violation(.log, "n\(node + 1) finds a command in the log for which the feature level is too low")
        }
    }

    /// A node whose state is beyond its program answers nothing.
    func checkLevel(_ node: Int) throws(Violation) {
        guard let replica = machines[node].process?.replica, replica.facts.featureLevel > replica.supportedLevel else {
            return
        }
        guard replica.haltReason == nil || machines[node].process?.isServing == true else { return }
        throw Violation(
            .log,
            "n\(node + 1), whose program knows \(replica.supportedLevel), goes on in a state at \(replica.facts.featureLevel)"
        )
    }

    func expectLevel(_ level: FeatureLevel) throws(Violation) {
        for node in machines.indices where membership.isMember(node) {
            let found = machines[node].state.current.facts.featureLevel
            guard found != level else { continue }
            throw Violation(.expectation, "n\(node + 1) is at feature \(found), and was to be at \(level)")
        }
    }
}

extension Entry.Payload {
    /// What the state machine is given; nil for an entry that is none of its business.
    fileprivate var clientCommand: [UInt8]? {
        switch self {
        case .empty: nil
        case .command(let bytes), .configuration(_, command: let bytes): bytes
        }
    }
}
