package import Consensus
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
    /// What a crash may fall back to, oldest first.
    private var older: [Version] = []
    /// How many batches a crash takes at most.
    private static let uncommittedLimit = 16

    package init(_ version: Version) { current = version }

    package mutating func apply(_ version: Version) {
        if older.count == Self.uncommittedLimit { older.removeFirst() }
        older.append(current)
        current = version
    }

    package mutating func sync() { older = [] }

    /// How many batches can be lost.
    package var uncommittedCount: Int { older.count }

    package mutating func crash(losing count: Int) {
        guard count > 0, count <= older.count else { return sync() }
        current = older[older.count - count]
        sync()
    }
}
