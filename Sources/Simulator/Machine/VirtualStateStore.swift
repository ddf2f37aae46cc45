package import Consensus
package import Replica

/// The state store of one machine: the replicated state and the point that it reflects, always in step.
///
/// Committing does not wait for the disk, so that a loss of power takes the last few transactions, whole and from the
/// end. The log brings them back.
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
    /// What a loss of power may fall back to, oldest first.
    private var older: [Version] = []
    /// How many transactions a loss of power takes at most.
    private static let unsyncedLimit = 4

    package init(_ version: Version) { current = version }

    package mutating func commit(_ version: Version) {
        if older.count == Self.unsyncedLimit { older.removeFirst() }
        older.append(current)
        current = version
    }

    package mutating func sync() { older = [] }

    /// How many transactions can be lost.
    package var unsyncedCount: Int { older.count }

    package mutating func losePower(losing count: Int) {
        guard count > 0, count <= older.count else { return sync() }
        current = older[older.count - count]
        sync()
    }
}
