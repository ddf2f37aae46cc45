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

    package init(_ base: consuming Base) { self.base = base }

    package func value(for key: [UInt8]) -> [UInt8]? { base.value(for: key) }
    package func first(atOrAfter key: [UInt8]) -> (key: [UInt8], value: [UInt8])? { base.first(atOrAfter: key) }

    package mutating func set(_ value: [UInt8], for key: [UInt8]) {
        base.set(value, for: key)
        if StateTree.isTracked(key) { changes[key] = .some(value) }
    }

    package mutating func remove(_ key: [UInt8]) {
        base.remove(key)
        if StateTree.isTracked(key) { changes[key] = .some(nil) }
    }

    /// Writes the tree's rows for all changes since the last call. The state root is then that of the rows.
    package mutating func updateStateRoot() {
        guard !changes.isEmpty else { return }
        var writer = StateTreeWriter()
        for (key, value) in changes { writer.note(key: key, value: value.map { Digest.of($0) }) }
        changes.removeAll(keepingCapacity: true)
        writer.write(to: &base)
    }

    /// The base, with the tree up to date.
    package consuming func finish() -> Base {
        updateStateRoot()
        return base
    }
}
