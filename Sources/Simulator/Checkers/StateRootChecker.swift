package import Kernel
package import Replica

/// R4: nodes that have applied the same log have the same state.
package struct StateRootChecker: Sendable {
    private struct Seen: Sendable {
        let root: Digest
        let node: Int
    }

    /// By revision. Nodes apply in batches of their own, so not every revision is seen on every node.
    private var roots: [LogIndex: Seen] = [:]

    package init() {}

    /// A seal says what the root is there.
    package func sealed(_ revision: LogIndex, _ root: Digest) throws(Violation) {
        guard let seen = roots[revision], seen.root != root else { return }
        throw Violation(.seal, "a seal at \(revision) has the root \(root), n\(seen.node + 1) has \(seen.root)")
    }

    /// An edge answers from a state, of which a seal has said that it is the voters'.
    package func proven(_ node: Int, _ facts: DirectoryFacts) throws(Violation) {
        guard let seen = roots[facts.revision], seen.root != facts.stateRoot else { return }
        throw Violation(
            .authority,
            "edge n\(node + 1) answers at \(facts.revision) from the state \(facts.stateRoot),"
                + " n\(seen.node + 1) has \(seen.root) there"
        )
    }

    package mutating func reached(_ node: Int, _ revision: LogIndex, _ root: Digest) throws(Violation) {
        guard let seen = roots[revision] else {
            roots[revision] = Seen(root: root, node: node)
            return
        }
        guard seen.root == root else {
            throw Violation(
                .stateRoot,
                "at \(revision) the state of n\(seen.node + 1) is \(seen.root), that of n\(node + 1) \(root)"
            )
        }
    }
}
