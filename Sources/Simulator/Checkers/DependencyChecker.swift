package import Kernel

/// S5: no grant is used that is older than the change that it depends on. Who comes after an agent under its name has nothing of what the
/// one before was granted: user ids that are given again must not bring old permissions with them.
package struct DependencyChecker: Sendable {
    private struct Removal: Sendable {
        let agent: Int
        let revision: LogIndex
    }

    /// In the order in which clients were told.
    private var removals: [Removal] = []

    package init() {}

    /// Somebody asks for a new grant, which is younger than any removal.
    package mutating func granted(_ agent: Int) { removals.removeAll { $0.agent == agent } }

    /// A client was told that the agent was removed, and nothing that anybody ever asked to grant it can still come.
    package mutating func removed(_ agent: Int, at revision: LogIndex) {
        removals.append(Removal(agent: agent, revision: revision))
    }

    /// A cluster goes on from a backup at that revision.
    package mutating func restored(to revision: LogIndex) { removals.removeAll { $0.revision > revision } }

    /// Those that nobody may allow anything, whether or not there is somebody of that name again.
    package var agents: [Int] { removals.map(\.agent) }

    /// A node answered a request with allow, from a state at that revision.
    package func allowed(_ agent: Int, by node: Int, from revision: LogIndex) throws(Violation) {
        guard let removal = removals.first(where: { $0.agent == agent && $0.revision <= revision }) else { return }
        throw Violation(
            .dependency,
            "n\(node + 1) at \(revision) allows agent \(agent), whose grants ended with it at \(removal.revision)"
        )
    }
}
