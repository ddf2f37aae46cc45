package import Consensus
internal import Kernel
package import Replica

/// The state store of one machine: the replicated state and the point that it reflects, always in step.
///
/// What is applied is committed some time later, so that a crash takes the last few batches, whole and from the end. The
/// log brings them back.
package struct VirtualStateStore: Sendable {
    package struct Version: Sendable {
        package var pairs: SortedStore
        package var point: SnapshotPoint
        package var facts: DirectoryFacts

        package init(pairs: SortedStore, point: SnapshotPoint, facts: DirectoryFacts) {
            self.pairs = pairs
            self.point = point
            self.facts = facts
        }
    }

    package private(set) var current: Version
    /// What takes back the batches that a crash may take, oldest first.
    private var uncommitted: [Batch] = []
    /// How many batches a crash takes at most.
    private static let uncommittedLimit = 16

    /// What a batch has written over, rather than the state before it: nothing is copied then, since nobody else holds the
    /// rows.
    private struct Batch: Sendable {
        let displaced: [DisplacedRow]
        let point: SnapshotPoint
        let facts: DirectoryFacts
    }

    package init(_ version: Version) { current = version }

    /// Begins a transaction on the rows, which are out of the store until it ends.
    package mutating func begin() -> VirtualTransaction {
        let transaction = VirtualTransaction(current.pairs)
        current.pairs = SortedStore()
        return transaction
    }

    /// The state is at that point now.
    package mutating func commit(
        _ transaction: consuming VirtualTransaction,
        at point: SnapshotPoint,
        _ facts: DirectoryFacts
    ) {
        if uncommitted.count == Self.uncommittedLimit { uncommitted.removeFirst() }
        uncommitted.append(Batch(displaced: transaction.displaced, point: current.point, facts: current.facts))
        current = Version(pairs: transaction.pairs, point: point, facts: facts)
    }

    /// The state is as it was.
    package mutating func discard(_ transaction: consuming VirtualTransaction) {
        current.pairs = transaction.pairs
        current.pairs.restore(transaction.displaced)
    }

    /// Another state takes the place of this one, for good.
    package mutating func replace(with version: Version) {
        current = version
        sync()
    }

    package mutating func sync() { uncommitted = [] }

    /// How many batches can be lost.
    package var uncommittedCount: Int { uncommitted.count }

    package mutating func crash(losing count: Int) {
        for batch in uncommitted.suffix(count).reversed() {
            current.pairs.restore(batch.displaced)
            current.point = batch.point
            current.facts = batch.facts
        }
        sync()
    }
}

/// Writes rows and keeps what was there before.
package struct VirtualTransaction: KeyValueTransaction, Sendable {
    fileprivate var pairs: SortedStore
    fileprivate var displaced: [DisplacedRow] = []

    fileprivate init(_ pairs: SortedStore) { self.pairs = pairs }

    package func value(for key: [UInt8]) -> [UInt8]? { pairs.value(for: key) }
    package func first(atOrAfter key: [UInt8]) -> (key: [UInt8], value: [UInt8])? { pairs.first(atOrAfter: key) }

    package mutating func set(_ value: [UInt8], for key: [UInt8]) {
        displaced.append(DisplacedRow(key: key, value: pairs.replace(value, for: key)))
    }

    package mutating func remove(_ key: [UInt8]) {
        if let value = pairs.take(key) { displaced.append(DisplacedRow(key: key, value: value)) }
    }
}
