package import Kernel

/// A transaction that remembers which rows were written, to bring the state's Merkle tree up to date once for many.
///
/// Give it the only copy of the base, since a base that is a value would otherwise be copied at the first write:
///
///     var tracked = TrackedTransaction(consume transaction)
///     …
///     transaction = tracked.finish()
package struct TrackedTransaction<Base: KeyValueTransaction>: KeyValueTransaction {
    private var base: Base
    /// The row's new value, nil where the row was removed. The writer of the tree sorts them before use.
    private var changes: [[UInt8]: [UInt8]?] = [:]
    /// What rows that are placed by their values were before the changes.
    private var displaced: [[UInt8]: [UInt8]] = [:]

    package init(_ base: consuming Base) { self.base = base }

    package func value(for key: [UInt8]) -> [UInt8]? { base.value(for: key) }
    package func first(atOrAfter key: [UInt8]) -> (key: [UInt8], value: [UInt8])? { base.first(atOrAfter: key) }

    package mutating func set(_ value: [UInt8], for key: [UInt8]) {
        note(value, for: key)
        base.set(value, for: key)
    }

    package mutating func remove(_ key: [UInt8]) {
        note(nil, for: key)
        base.remove(key)
    }

    /// Before the change.
    private mutating func note(_ value: [UInt8]?, for key: [UInt8]) {
        guard StateTree.isTracked(key) else { return }
        if StateTree.isPlacedByValue(key), changes[key] == nil { displaced[key] = base.value(for: key) }
        changes[key] = .some(value)
    }

    /// Writes the tree's rows for all changes since the last call. The state root is then that of the rows.
    package mutating func updateStateRoot() {
        guard !changes.isEmpty else { return }
        var writer = StateTreeWriter()
        for (key, value) in changes { writer.note(key, value: value, displaced: displaced[key]) }
        changes.removeAll(keepingCapacity: true)
        displaced.removeAll(keepingCapacity: true)
        writer.write(to: &base)
    }

    /// The base, with the tree up to date.
    package consuming func finish() -> Base {
        updateStateRoot()
        return base
    }
}
