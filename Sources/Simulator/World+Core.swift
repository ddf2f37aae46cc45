internal import Consensus
internal import Kernel
internal import Replica

/// Healing no more than a quorum: a bare majority of the voters must be enough for everything, whatever has become of the others.
extension World {
    /// Everything works again, or in some seeds no more than what a core of the voters needs; the other machines are down then.
    package mutating func heal() throws(Violation) {
        core = chosenCore()
        if let core {
            record(.member("healed is only \(core.map { "n\($0 + 1)" }.joined(separator: ", "))"), node: nil)
            for node in machines.indices where !core.contains(node) { try crash(node, .power, downFor: .zero) }
        }
        try inject(.repairAll)
    }

    /// Those that were left out come back.
    package mutating func healOthers() throws(Violation) {
        core = nil
        try inject(.repairAll)
    }

    /// Whether the machine may run: all may where no core was chosen.
    func isOfCore(_ node: Int) -> Bool { core?.contains(node) ?? true }

    /// A majority and no more, of voters whose disks are whole. Nil where the seed has none, or where it is not plain who votes: while
    /// members change, which more than the core may be needed for.
    private func chosenCore() -> [Int]? {
        let voters = machines.indices.filter(membership.isVoter)
        let ids = Set(voters.map { members[$0] })
        let candidates = voters.filter(isFitForCore)
        let size = voters.count / 2 + 1
        guard coreChoice > 0, membership.underWay == nil, !membership.hasLost, candidates.count >= size,
            voters.allSatisfy({ goes($0, by: ids) })
        else { return nil }
        let first = Int(coreChoice - 1) % candidates.count
        return (0..<size).map { candidates[(first + $0) % candidates.count] }.sorted()
    }

    private func isFitForCore(_ node: Int) -> Bool {
        machines[node].log.isWhole && machines[node].process?.replica.haltReason == nil
    }

    /// Whether a node takes these and nobody else for the voters, and has nothing in its log that says otherwise.
    private func goes(_ node: Int, by voters: Set<MemberID>) -> Bool {
        let machine = machines[node]
        let configuration = machine.process?.replica.configuration ?? machine.state.current.point.configuration
        let applied = machine.state.current.point.position.index
        let changes = machine.log.entries.contains { stored in
            if case .configuration = stored.entry.payload { stored.entry.index > applied } else { false }
        }
        return Set(configuration.voters) == voters && !configuration.isJoint && !changes
    }
}
