package import Consensus
package import Kernel

/// The log store of one machine: what is durable, and what its process has asked for and may yet lose.
///
/// Writes are carried out one batch at a time, as a store with group commit does: while one batch is under way, later
/// writes gather for the next.
package struct VirtualLogDisk: Sendable {
    /// An entry as it lies on the disk, with its hash so that checks need not compute it again.
    package struct Stored: Sendable {
        package let entry: Entry
        package let hash: Digest
    }

    package private(set) var hardState: HardState
    /// What precedes the first stored entry.
    package private(set) var base: SnapshotPoint
    package private(set) var entries: [Stored]

    private var underWay: [LogWrite] = []
    private var gathering: [LogWrite] = []

    package init(hardState: HardState, base: SnapshotPoint, entries: [Entry]) {
        self.hardState = hardState
        self.base = base
        self.entries = entries.map { Stored(entry: $0, hash: $0.hash) }
    }

    package var firstIndex: LogIndex { base.position.index.next }
    package var last: LogPosition { entries.last?.entry.position ?? base.position }
    package var isWriting: Bool { !underWay.isEmpty }
    /// Writes asked for and not yet durable.
    package var pendingCount: Int { underWay.count + gathering.count }

    /// True when a batch begins with this write: its completion is then to be scheduled.
    package mutating func begin(_ write: LogWrite) -> Bool {
        guard underWay.isEmpty else {
            gathering.append(write)
            return false
        }
        underWay = [write]
        return true
    }

    /// What became of one write of a batch.
    package struct Completion: Sendable {
        package let write: LogWrite
        /// End of the log after it.
        package let last: LogPosition
        /// Entries that it replaced.
        package let dropped: [Stored]
    }

    /// Makes the batch under way durable. What gathered meanwhile is under way now.
    package mutating func completeBatch() -> [Completion] {
        let batch = underWay
        underWay = gathering
        gathering = []
        return batch.map { write in
            let dropped = carryOut(write)
            return Completion(write: write, last: last, dropped: dropped)
        }
    }

    /// The process is gone. Of its pending writes the first few happened all the same, each whole or not at all.
    package mutating func crash(keeping survivors: Int) -> [Completion] {
        underWay = Array((underWay + gathering).prefix(survivors))
        gathering = []
        return completeBatch()
    }

    /// Nil below `firstIndex` and past the end.
    package func stored(at index: LogIndex) -> Stored? {
        guard index >= firstIndex, index <= last.index else { return nil }
        return entries[Int(index.number - firstIndex.number)]
    }

    /// The position just before the range and its entries, as many as fit but at least one; nil when the range has
    /// been dropped.
    package func range(from index: LogIndex, maxBytes: Int) -> (previous: LogPosition, entries: [Entry])? {
        guard index >= firstIndex, index <= last.index.next else { return nil }
        let offset = Int(index.number - firstIndex.number)
        let previous = offset == 0 ? base.position : entries[offset - 1].entry.position
        var result: [Entry] = []
        var bytes = 0
        for stored in entries[offset...] {
            bytes += stored.entry.byteCount
            if !result.isEmpty, bytes > maxBytes { break }
            result.append(stored.entry)
        }
        return (previous, result)
    }

    /// Drops what precedes `index`, which lies within the log.
    package mutating func compact(before index: LogIndex) {
        guard index > firstIndex, let newBase = stored(at: index.previous) else { return }
        base = SnapshotPoint(
            position: newBase.entry.position,
            hash: newBase.hash,
            time: newBase.entry.time,
            configuration: base.configuration
        )
        entries.removeFirst(Int(index.number - entries[0].entry.index.number))
    }

    /// A snapshot has replaced the state: the log goes on from its point.
    package mutating func reset(to point: SnapshotPoint) {
        hardState = HardState(
            term: max(hardState.term, point.position.term),
            vote: point.position.term > hardState.term ? nil : hardState.vote,
            commitIndex: max(hardState.commitIndex, point.position.index)
        )
        base = point
        entries = []
    }

    /// What a process finds at start. Entries up to `hidden` are left on the disk, as a store does that loads only the
    /// newest part into memory.
    package func restored(hidingThrough hidden: LogIndex) -> RestoredLog {
        let hardState = HardState(
            term: hardState.term,
            vote: hardState.vote,
            commitIndex: max(hardState.commitIndex, base.position.index)
        )
        guard let base = stored(at: hidden) else {
            return RestoredLog(
                hardState: hardState,
                base: base,
                entries: entries.map(\.entry),
                firstIndex: firstIndex
            )
        }
        let point = SnapshotPoint(
            position: base.entry.position,
            hash: base.hash,
            time: base.entry.time,
            configuration: self.base.configuration
        )
        let shown = entries[Int(hidden.number - firstIndex.number + 1)...].map(\.entry)
        return RestoredLog(hardState: hardState, base: point, entries: shown, firstIndex: firstIndex)
    }

    private mutating func carryOut(_ write: LogWrite) -> [Stored] {
        if let state = write.hardState { hardState = state }
        guard let first = write.entries.first?.index, first >= firstIndex, first <= last.index.next else { return [] }
        let offset = Int(first.number - firstIndex.number)
        let dropped = Array(entries[offset...])
        entries.removeSubrange(offset...)
        entries.append(contentsOf: write.entries.map { Stored(entry: $0, hash: $0.hash) })
        return dropped
    }
}
