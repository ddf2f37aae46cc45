import Consensus
import Kernel

/// What a log store holds, in the simplest form that could be right.
struct VirtualLog {
    var hardState: HardState
    var base: SnapshotPoint
    var entries: [Entry]

    /// Of a member that waits to be added.
    static let blank = VirtualLog(
        hardState: HardState(term: .zero, vote: nil, commitIndex: .zero),
        base: SnapshotPoint(position: .zero, hash: .zero, time: .distantPast, configuration: .empty),
        entries: []
    )

    var last: LogPosition { entries.last?.position ?? base.position }

    /// Nil for what was compacted, or is past the end.
    func hash(at index: LogIndex) -> Digest? {
        if index == base.position.index { return base.hash }
        guard index > base.position.index, index <= last.index else { return nil }
        return entries[Int(index.number - base.position.index.number - 1)].hash
    }

    /// Also true of what only the base stands for.
    func contains(_ hash: Digest, at index: LogIndex) -> Bool {
        index < base.position.index || self.hash(at: index) == hash
    }

    /// What a store loads: not all that is to be applied, where that is too much.
    func loaded(after applied: LogIndex, maxBytes: Int) -> (base: SnapshotPoint, entries: [Entry]) {
        let unapplied = entries.filter { $0.index > applied }
        var bytes = unapplied.reduce(0) { $0 + $1.byteCount }
        var left: Entry?
        for entry in unapplied where bytes > maxBytes && entry.index <= hardState.commitIndex {
            bytes -= entry.byteCount
            left = entry
        }
        guard let left else { return (base, entries) }
        let point = SnapshotPoint(
            position: left.position,
            hash: left.hash,
            time: left.time,
            configuration: base.configuration
        )
        return (point, entries.filter { $0.index > left.index })
    }

    mutating func apply(_ write: LogWrite) {
        if let hardState = write.hardState { self.hardState = hardState }
        guard let first = write.entries.first else { return }
        entries = entries.prefix { $0.index < first.index } + write.entries
    }

    mutating func compact(to point: SnapshotPoint) {
        base = point
        entries.removeAll { $0.index <= point.position.index }
    }

    mutating func replace(by point: SnapshotPoint) {
        base = point
        entries = []
    }
}
