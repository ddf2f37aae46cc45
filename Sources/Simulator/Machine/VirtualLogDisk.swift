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
        /// What is in its place.
        enum Found: Sendable {
            case itself
            case nothing
            /// What the disk was to put elsewhere.
            case other(Entry)
        }
        var found = Found.itself

        /// It does not read back: what is there has another checksum, or another index.
        package var isDamaged: Bool {
            switch found {
            case .itself: false
            case .nothing: true
            case .other(let other): other.index != entry.index
            }
        }
    }

    package internal(set) var hardState: HardState
    /// What precedes the first stored entry.
    package private(set) var base: SnapshotPoint
    package internal(set) var entries: [Stored]
    /// What was cut off the end and is not made good yet.
    package internal(set) var lost: LostTail?

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
        /// Why it was not carried out: our own code is wrong.
        package let flaw: String?
    }

    /// Makes the batch under way durable. What gathered meanwhile is under way now.
    package mutating func completeBatch() -> [Completion] {
        let batch = underWay
        underWay = gathering
        gathering = []
        return batch.map { write in
            let flaw = flaw(of: write)
            let dropped = flaw == nil ? carryOut(write) : []
            return Completion(write: write, last: last, dropped: dropped, flaw: flaw)
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
        guard stored(at: index.previous)?.isDamaged != true, stored(at: index)?.isDamaged != true else { return nil }
        let offset = Int(index.number - firstIndex.number)
        let previous = offset == 0 ? base.position : entries[offset - 1].entry.position
        var result: [Entry] = []
        var bytes = 0
        for stored in entries[offset...] {
            bytes += stored.entry.byteCount
            if !result.isEmpty, bytes > maxBytes || stored.isDamaged { break }
            result.append(stored.entry)
        }
        return (previous, result)
    }

    /// Drops what precedes `index`, as far as the log can begin there: after an entry that is whole, or after what the
    /// state reflects.
    package mutating func compact(before index: LogIndex, applied: LogIndex) {
        var end = min(index.previous, last.index)
        while end >= firstIndex, end != applied, stored(at: end)?.isDamaged == true { end = end.previous }
        guard let newBase = stored(at: end) else { return }
        base = SnapshotPoint(
            position: newBase.entry.position,
            hash: newBase.hash,
            time: newBase.entry.time,
            configuration: base.configuration
        )
        entries.removeFirst(Int(end.number - entries[0].entry.index.number) + 1)
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
        if lost?.isMadeGood(by: point.position) == true { lost = nil }
    }

    /// Up to where a store leaves on the disk what is to be applied, since it is more than may be in memory.
    package func leftOnDisk(after applied: LogIndex, maxBytes: Int) -> LogIndex {
        var bytes = 0
        let kept = entries.reversed().prefix { stored in
            bytes += stored.entry.byteCount
            return stored.entry.index > applied && bytes <= maxBytes
        }
        let before = kept.last?.entry.index.previous ?? last.index
        return before > applied ? min(before, hardState.commitIndex) : .zero
    }

    /// What a process finds at start whose state reflects the log up to `applied`. Entries up to `hidden` are left on the
    /// disk, as a store does that loads only the newest part into memory, and so are those up to the last that is
    /// damaged.
    package func restored(hidingThrough hidden: LogIndex, applied: LogIndex) -> RestoredLog {
        let damage = damage.filter { $0.first <= applied }
        let hidden = min(max(hidden, damage.last?.last.next ?? .zero), max(applied, hidden))
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
                firstIndex: firstIndex,
                lost: lost,
                damage: damage
            )
        }
        let point = SnapshotPoint(
            position: base.entry.position,
            hash: base.hash,
            time: base.entry.time,
            configuration: self.base.configuration
        )
        let shown = entries[Int(hidden.number - firstIndex.number + 1)...].map(\.entry)
        return RestoredLog(
            hardState: hardState,
            base: point,
            entries: shown,
            firstIndex: firstIndex,
            lost: lost,
            damage: damage
        )
    }

    /// The checks of a log store, in its order: entries, then hard state.
    private func flaw(of write: LogWrite) -> String? {
        if let first = write.entries.first?.index {
            let flaw = hardState.flaw(ofWritingFrom: first, into: firstIndex, through: last.index)
            if let flaw { return flaw }
            var previous =
                stored(at: first.previous).map { LogEnd(position: $0.entry.position, hash: $0.hash) }
                ?? LogEnd(base)
            for entry in write.entries {
                if let flaw = previous.flaw(of: entry) { return flaw }
                previous = LogEnd(entry)
            }
        }
        return write.hardState.flatMap { hardState.flaw(of: $0) }
    }

    private mutating func carryOut(_ write: LogWrite) -> [Stored] {
        if let state = write.hardState { hardState = hardState.followed(by: state) }
        guard let first = write.entries.first?.index else { return [] }
        let offset = Int(first.number - firstIndex.number)
        let dropped = Array(entries[offset...])
        entries.removeSubrange(offset...)
        entries.append(contentsOf: write.entries.map { Stored(entry: $0, hash: $0.hash) })
        return dropped
    }
}
