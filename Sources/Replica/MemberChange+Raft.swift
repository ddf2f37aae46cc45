import Consensus
import Directory

// Commands change one member at a time, so a joint configuration is never needed for them.
extension ConfigurationChange {
    init(_ change: MemberChange) {
        switch change {
        case .addLearner(let id): self.init([.addLearner(id)])
        case .promote(let id): self.init([.addVoter(id)])
        case .remove(let id): self.init([.remove(id)])
        }
    }
}

extension MemberChange {
    /// Nil for a change that no command means.
    init?(_ change: ConfigurationChange) {
        guard change.changes.count == 1, let only = change.changes.first else { return nil }
        switch only {
        case .addLearner(let id): self = .addLearner(id)
        case .addVoter(let id): self = .promote(id)
        case .remove(let id): self = .remove(id)
        }
        guard ConfigurationChange(self) == change else { return nil }
    }
}
