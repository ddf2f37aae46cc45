package import Consensus
package import Kernel

extension LogStore {
    /// What a node starts from: every entry after the applied one, and before it as many as fit into `windowBytes`,
    /// so that followers that lag a little are served from memory. All of them verified; the time does not grow with the
    /// rest of the log. `cutDamagedTail` comes first.
    ///
    /// - Parameter maxUnappliedBytes: Of the entries after the applied one the last that fit, and all that may not be committed; the
    ///   others are to be read when their turn comes.
    /// - Throws: `corruptEntry` for the first damaged entry after the applied one; `corrupt` when state and log do not
    ///   meet.
    package func restore(
        applied: SnapshotPoint,
        windowBytes: Int,
        maxUnappliedBytes: Int = .max
    ) throws(StorageError) -> RestoredLog {
        let reader = try reader()
        let summary = try meeting(applied, reader)
        let (window, damage) = try window(before: applied, bytes: windowBytes, summary, reader)
        let base = try backlog(after: applied, maxBytes: maxUnappliedBytes, summary, reader) ?? window
        let hardState = HardState(
            term: summary.hardState.term,
            vote: summary.hardState.vote,
            commitIndex: max(summary.hardState.commitIndex, summary.base.position.index)
        )
        return RestoredLog(
            hardState: hardState,
            base: base,
            entries: try reader.entries(after: base, through: summary.last.index, maxBytes: .max),
            firstIndex: summary.firstIndex,
            lost: summary.lost,
            damage: damage
        )
    }

    /// The point from which on entries are kept in memory: as far back as the bytes allow and nothing is damaged.
    private func window(
        before applied: SnapshotPoint,
        bytes: Int,
        _ summary: Summary,
        _ reader: LogReader
    ) throws(StorageError) -> (base: SnapshotPoint, damage: [LogDamage]) {
        let end = applied.position.index
        guard end > summary.base.position.index else { return (summary.base, []) }
        let start = try reader.windowStart(endingAt: end, above: summary.base.position.index, bytes: bytes)
        // The applied entry itself is looked at in any case, since the state knows its hash.
        let stretch = LogReader.Stretch(first: min(start, end), end: LogEnd(applied))
        let damage = try reader.verify(stretch, base: summary.base).damage
        let before = max(start.previous, damage.last?.last.next ?? .zero)
        guard before > end else { return (try reader.point(at: before, base: summary.base), damage) }
        let head = SnapshotPoint(
            position: applied.position,
            hash: applied.hash,
            time: applied.time,
            configuration: summary.base.configuration
        )
        return (head, damage)
    }

    /// The point after which entries are kept in memory where not all that are to be applied may be.
    private func backlog(
        after applied: SnapshotPoint,
        maxBytes: Int,
        _ summary: Summary,
        _ reader: LogReader
    ) throws(StorageError) -> SnapshotPoint? {
        let end = applied.position.index
        let start = try reader.windowStart(endingAt: summary.last.index, above: end, bytes: maxBytes)
        let before = min(start.previous, summary.hardState.commitIndex)
        return before > end ? try reader.point(at: before, base: summary.base) : nil
    }

    /// Where the log stands, which is to reach from before the state's position to after it.
    func meeting(_ applied: SnapshotPoint, _ reader: LogReader) throws(StorageError) -> Summary {
        guard let summary = try reader.summary() else { throw notInitialised }
        let (base, end) = (summary.base, applied.position.index)
        guard base.position.index <= end, end <= summary.last.index else {
            throw .corrupt(
                path: path,
                reason: "the state is at \(end.number), outside of the log's \(base.position.index.number) to "
                    + "\(summary.last.index.number)"
            )
        }
        guard end > base.position.index || applied.hash == base.hash else {
            throw .corrupt(path: path, reason: "the state at \(end.number) is not that of this log")
        }
        return summary
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

    /// Verified entries that end with `last`, none below `first`: as many as fit into `maxBytes`, at least one, and none
    /// from the next damaged one down.
    ///
    /// - Returns: empty when the store does not have the entry at `last`.
    /// - Throws: `corruptEntry` when that entry is damaged.
    package func entries(
        from first: LogIndex,
        endingAt last: LogIndex,
        maxBytes: Int
    ) throws(StorageError) -> [Entry] {
        let reader = try reader()
        guard let summary = try reader.summary(), first <= last else { return [] }
        guard summary.firstIndex <= last, last <= summary.last.index else { return [] }
        let lowest = max(first, summary.firstIndex)
        var entry = try reader.entry(last)
        var found = [entry]
        var bytes = entry.byteCount
        while entry.index > lowest, let previous = try reader.wholeEntry(entry.index.previous) {
            bytes += previous.byteCount
            guard bytes <= maxBytes, LogEnd(previous).precedes(entry) else { break }
            found.append(previous)
            entry = previous
        }
        return found.reversed()
    }

    func reader() throws(StorageError) -> LogReader {
        LogReader(transaction: try environment.beginRead(), entries: entries, meta: meta)
    }
}
