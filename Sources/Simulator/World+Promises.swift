internal import Directory
internal import Kernel

/// What follows for every node from what one has told a client.
extension World {
    /// What must hold of every decision from now on.
    mutating func expect(_ body: CommandBody, _ done: CommandResult.Done, by node: Int) throws(Violation) {
        switch body {
        case .revoke(.principal(let id), _, let cascades):
            guard let agent = population.agents.firstIndex(of: id) else { return }
            for other in [agent] + (cascades ? Population.below(agent) : []) {
                revocations.acknowledged(other, at: done.revision, by: node, isCascaded: other != agent)
                propagation.acknowledged(other, at: now)
            }
            try probeRevocations(node)
        case .quarantine(let id, _, _, _):
            guard let agent = population.agents.firstIndex(of: id) else { return }
            let statement = done.created.first.flatMap(Digest.init(hex:))
            revocations.acknowledged(agent, at: done.revision, by: node, statement: statement)
            try probeRevocations(node)
        case .put(.principal(let spec), _):
            guard let agent = population.agents.firstIndex(of: spec.id) else { return }
            try revocations.named(agent, at: done.revision)
        case .delete(.principal(let id), _):
            guard let agent = population.agents.firstIndex(of: id) else { return }
            if isSettled(agent, before: done.revision) { dependencies.removed(agent, at: done.revision) }
        case .withdrawWarrant(let name): statements.withdrawn(name, at: done.revision)
        default: return
        }
    }

    /// Whether nothing that anybody asked to grant the agent can come after the revision.
    private func isSettled(_ agent: Int, before revision: LogIndex) -> Bool {
        operations.allSatisfy { operation in
            guard case .write(.put(.assignment(let spec), _)) = operation.intent,
                spec.principal == population.agents[agent]
            else { return true }
            return switch operation.outcome {
            case .done(let done), .lost(let done): done.revision < revision
            case .rejected, .notTaken: true
            case .pending, .unknown, .read, .decided, .stated, .statementRefused: false
            }
        }
    }
}
