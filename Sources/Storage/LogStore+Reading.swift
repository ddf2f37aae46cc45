package import Consensus
package import Kernel

extension LogStore {
    /// What a node starts from: every entry after the applied one, and before it as many as fit into `windowBytes`,
    /// so that followers that lag a little are served from memory. All of them verified.
    ///
    /// - Throws: `corruptEntry` for the first damaged entry; `corrupt` when state and log do not meet.
    package func restore(appliedIndex: LogIndex, windowBytes: Int) throws(StorageError) -> RestoredLog {
        let reader = try reader()
        guard let summary = try reader.summary() else { throw notInitialised }
        let floor = summary.base.position.index
        guard floor <= appliedIndex, appliedIndex <= summary.last.index else {
            throw .corrupt(
                path: path,
                reason: "the state is at \(appliedIndex.number), outside of the log's \(floor.number) to "
                    + "\(summary.last.index.number)"
            )
        }
        let start = try reader.windowStart(endingAt: appliedIndex, above: floor, bytes: windowBytes)
        let base = try reader.point(at: start.previous, base: summary.base)
        let hardState = HardState(
            term: summary.hardState.term,
            vote: summary.hardState.vote,
            commitIndex: max(summary.hardState.commitIndex, floor)
        )
        return RestoredLog(
            hardState: hardState,
            base: base,
            entries: try reader.entries(after: base, through: summary.last.index, maxBytes: .max),
            firstIndex: summary.firstIndex
        )
    }

    /// Verified entries from an index on, at least one if there is any, and the position before the first.
    ///
    /// - Returns: nil when the store no longer has the entry before `index`, or does not have it yet.
    package func entries(
        from index: LogIndex,
        maxBytes: Int
    ) throws(StorageError) -> (previous: LogPosition, entries: [Entry])? {
        let reader = try reader()
        guard let summary = try reader.summary() else { return nil }
        guard summary.base.position.index < index, index <= summary.last.index.next else { return nil }
        let previous = try reader.point(at: index.previous, base: summary.base)
        let entries = try reader.entries(after: previous, through: summary.last.index, maxBytes: maxBytes)
        return (previous.position, entries)
    }

    /// Sequence of the last record of the journal whose writes are in the store.
    func journalled() throws(StorageError) -> UInt64 {
        let transaction = try environment.beginRead()
        return try meta.number(.journalled, in: transaction) ?? 0
    }

    private func reader() throws(StorageError) -> LogReader {
        LogReader(transaction: try environment.beginRead(), entries: entries, meta: meta)
    }
}
