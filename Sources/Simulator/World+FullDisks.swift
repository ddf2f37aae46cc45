internal import Consensus
internal import Kernel
internal import Replica

/// Disks without room, and such that report an error.
extension World {
    /// How long a node waits before it tries again what found no room.
    private static let roomInterval = Span.seconds(1)

    var laterWithRoom: Instant { now.advanced(by: Self.roomInterval) }

    mutating func fillDisk(_ node: Int, for span: Span) {
        let end = now.advanced(by: span)
        machines[node].fullUntil = max(end, machines[node].fullUntil ?? end)
        queue.schedule(.eased, at: end)
    }

    /// A node is told when that changes, as by its shell in production.
    mutating func tellRoom(_ node: Int, isFull: Bool) throws(Violation) {
        guard let process = machines[node].process, process.isToldFull != isFull else { return }
        machines[node].process?.isToldFull = isFull
        try step(node, .storage(isFull: isFull))
    }

    /// Nobody knows what of the batch is on the disk, and whether the disk would say so the next time: the node halts.
    mutating func failWrite(_ node: Int, _ failing: Machine.FailingWrite) throws(Violation) {
        noteHappened(failing.fault, Fault.failWriteName)
        faultsInForce.happened(.failedWrite, at: now)
        record(.note(Note(.error, "node halts", .init("error", "input/output error of the log"))), node: node)
        try crash(node, .process, downFor: failing.downFor)
    }
}
