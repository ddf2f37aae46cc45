internal import Kernel

/// Changes to the state, kept in memory over a committed one and seen by reads through the same value.
///
/// They cost no disk before they are committed, and can be taken back. An error, of a read or for a key that can never be
/// stored, is remembered as in the view: see `failure`.
package struct StateTransaction: KeyValueTransaction {
    private let base: StateView
    /// On their way to the disk, and perhaps in `base` already.
    private let frozen: SortedRows
    /// The newest value of each key that changed, nil where the row is gone.
    private(set) var changes: SortedRows
    /// An estimate of the memory that `changes` take.
    package private(set) var byteCount = 0
    private let gap = RemovedGap()

    init(
        over base: StateView,
        frozen: SortedRows = SortedRows(),
        changes: SortedRows = SortedRows(),
        byteCount: Int = 0
    ) {
        self.base = base
        self.frozen = frozen
        self.changes = changes
        self.byteCount = byteCount
    }

    package func value(for key: [UInt8]) -> [UInt8]? {
        if let row = changes.row(for: key) ?? frozen.row(for: key) { return row.value }
        return base.value(for: key)
    }

    package func first(atOrAfter key: [UInt8]) -> (key: [UInt8], value: [UInt8])? {
        var start = gap.end(from: key) ?? key
        var removed = 0
        while let row = firstRow(atOrAfter: start) {
            if let value = row.value {
                gap.note(from: key, to: row.key, removed: removed)
                return (row.key, value)
            }
            removed += 1
            // The smallest key after this one.
            start = row.key + [0]
        }
        return nil
    }

    /// The first key at or after `key` in any of the layers, with its newest value, nil where it is gone.
    private func firstRow(atOrAfter key: [UInt8]) -> SortedRows.Row? {
        let committed = base.first(atOrAfter: key).map { SortedRows.Row($0.key, $0.value) }
        return Self.nearest(
            Self.nearest(committed, frozen.first(atOrAfter: key)),
            changes.first(atOrAfter: key)
        )
    }

    private static func nearest(_ older: SortedRows.Row?, _ newer: SortedRows.Row?) -> SortedRows.Row? {
        guard let newer else { return older }
        guard let older, older.key.lexicographicallyPrecedes(newer.key) else { return newer }
        return older
    }

    package mutating func set(_ value: [UInt8], for key: [UInt8]) {
        guard base.canStore(key) else { return }
        gap.noteSet(key)
        update(key, value)
    }

    package mutating func remove(_ key: [UInt8]) { update(key, nil) }

    private mutating func update(_ key: [UInt8], _ value: [UInt8]?) {
        let old = changes.set(value, for: key)
        byteCount += value?.count ?? 0
        byteCount += old.map { -($0.value?.count ?? 0) } ?? key.count + Self.rowOverhead
    }

    /// Memory of a row besides its bytes, about: two arrays and their place in the map.
    private static let rowOverhead = 128

    /// The first error of a read or write, after which nothing that was read is to be believed.
    package var failure: StorageError? { base.failure }

    /// The same rows, with `changes` on their way to the disk.
    func freezing() -> StateTransaction { StateTransaction(over: base, frozen: changes) }

    /// The same rows over a state that holds what was frozen.
    func settled(over base: StateView) -> StateTransaction {
        StateTransaction(over: base, changes: changes, byteCount: byteCount)
    }

    /// Takes back what was changed since `earlier` was copied from this.
    mutating func roll(back earlier: StateTransaction) {
        changes = earlier.changes
        byteCount = earlier.byteCount
        gap.forget()
    }

    func usedBytes() throws(StorageError) -> UInt64 { try base.usedBytes() }

    /// Gives the pages of the committed state back.
    package func close() { base.close() }
}

/// A stretch of keys without a row, remembered because something removed many: whoever looks for the oldest of what is
/// removed in order would otherwise step over all of them each time.
private final class RemovedGap {
    private var stretch: (from: [UInt8], to: [UInt8])?

    /// So many steps are not worth remembering.
    private static let threshold = 4

    /// Where the stretch ends that holds `key`.
    func end(from key: [UInt8]) -> [UInt8]? { stretch.flatMap { contains(key, $0) ? $0.to : nil } }

    /// From `start` there is nothing before `end`, which took so many steps to find.
    func note(from start: [UInt8], to end: [UInt8], removed: Int) {
        if let stretch, contains(start, stretch) {
            self.stretch = (stretch.from, end)
        } else if removed > Self.threshold {
            stretch = (start, end)
        }
    }

    func noteSet(_ key: [UInt8]) { if let stretch, contains(key, stretch) { forget() } }

    func forget() { stretch = nil }

    private func contains(_ key: [UInt8], _ stretch: (from: [UInt8], to: [UInt8])) -> Bool {
        !key.lexicographicallyPrecedes(stretch.from) && key.lexicographicallyPrecedes(stretch.to)
    }
}
