internal import Consensus
package import Kernel

/// Shortening the log without losing what the state may still need of it. DESIGN section 4.
package enum Compaction {
    /// Forces the state to disk and then drops the entries that are in it, but for the last `tailEntries`, which spare
    /// followers that lag a little a snapshot.
    ///
    /// The order matters: the applied position is read before the sync, so that what the log loses is durable in the
    /// state even if the system crashes at once.
    ///
    /// - Returns: the first index that the log still has.
    package static func run(log: LogStore, state: StateStore, keeping tailEntries: UInt64) throws(StorageError)
        -> LogIndex
    {
        let durable = try state.sync().position.index.number
        let end = durable > tailEntries ? durable - tailEntries : 0
        return try log.truncatePrefix(before: LogIndex(end).next)
    }
}
