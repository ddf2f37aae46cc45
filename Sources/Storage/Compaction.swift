internal import Consensus
package import Kernel

/// Shortening the log without losing what the state may still need of it. DESIGN section 4.
///
/// In two steps, since each is for the thread of its own store, and only in this order: the applied position is read,
/// the state is forced to disk, and the log loses no more than that. So what the log loses is durable in the state even
/// if the system crashes at once.
package struct Compaction: Sendable {
    private let durable: SnapshotPoint
    private let first: LogIndex

    /// Forces the state to disk.
    ///
    /// - Parameter index: The first entry to keep; more are kept when the state does not reflect those before it.
    package static func prepare(before index: LogIndex, state: StateStore) throws(StorageError) -> Compaction {
        let durable = try state.sync()
        return Compaction(durable: durable, first: min(index, durable.position.index.next))
    }

    /// - Returns: the first index that the log still has.
    package func run(on log: LogStore) throws(StorageError) -> LogIndex {
        try log.truncatePrefix(before: first, state: durable)
    }
}
