package import Kernel

/// S4: revision and epoch of what a node answers from never go back, across restarts neither: whoever was told by a node that
/// somebody is revoked is never told otherwise by a state from before.
package struct KnowledgeChecker: Sendable {
    private struct Known: Sendable {
        var revision = LogIndex.zero
        var epoch: UInt64 = 0
    }

    /// By machine.
    private var known: [Known]

    package init(machineCount: Int) { known = Array(repeating: Known(), count: machineCount) }

    package mutating func answers(_ node: Int, from revision: LogIndex, epoch: UInt64) throws(Violation) {
        let before = known[node]
        guard revision >= before.revision else {
            throw Violation(.knowledge, "n\(node + 1) answers at \(revision), and has answered at \(before.revision)")
        }
        guard epoch >= before.epoch else {
            throw Violation(.knowledge, "n\(node + 1) answers in epoch \(epoch), and has answered in \(before.epoch)")
        }
        known[node] = Known(revision: revision, epoch: epoch)
    }

    /// Its disks are gone: whoever comes up on that machine knows nothing, and nobody takes it for what it was.
    package mutating func forgets(_ node: Int) { known[node] = Known() }
}
