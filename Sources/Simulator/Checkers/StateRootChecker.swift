package import Kernel

/// R4: nodes that have applied the same log have the same state.
package struct StateRootChecker: Sendable {
    private struct Seen: Sendable {
        let root: Digest
        let node: Int
    }

    /// By revision. Nodes apply in batches of their own, so not every revision is seen on every node.
    private var roots: [LogIndex: Seen] = [:]

    package init() {}

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
