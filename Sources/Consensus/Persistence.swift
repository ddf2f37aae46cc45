package import Kernel

/// What must survive a restart besides the entries. Raft figure 2.
package struct HardState: Hashable, Sendable {
    package let term: Term
    package let vote: MemberID?
    /// A hint that saves work after a restart; it may lag.
    package let commitIndex: LogIndex

    package init(term: Term, vote: MemberID?, commitIndex: LogIndex) {
        self.term = term
        self.vote = vote
        self.commitIndex = commitIndex
    }
}

/// The point in the log that a snapshot of the state machine stands for.
package struct SnapshotPoint: Hashable, Sendable {
    package let position: LogPosition
    /// Hash of the entry at `position`: the predecessor of the first entry after the snapshot.
    package let hash: Digest
    package let time: WallTime
    package let configuration: Configuration

    package init(position: LogPosition, hash: Digest, time: WallTime, configuration: Configuration) {
        self.position = position
        self.hash = hash
        self.time = time
        self.configuration = configuration
    }
}

/// One write to the log store, carried out as a single durable transaction: the hard state, and the entries, which
/// replace everything in the log from the first of them on.
package struct LogWrite: Hashable, Sendable {
    /// Increases by one with each write of a process; writes are carried out in this order.
    package struct ID: Hashable, Comparable, Sendable {
        package let number: UInt64
        package init(_ number: UInt64) { self.number = number }
        package static func < (lhs: Self, rhs: Self) -> Bool { lhs.number < rhs.number }
    }

    package let id: ID
    package let hardState: HardState?
    package let entries: [Entry]

    package init(id: ID, hardState: HardState?, entries: [Entry]) {
        self.id = id
        self.hardState = hardState
        self.entries = entries
    }
}

/// What a log store holds at start.
package struct RestoredLog: Hashable, Sendable {
    package let hardState: HardState
    /// What precedes `entries`: the end of the compacted part of the log, or of the part too old to be kept in memory.
    package let base: SnapshotPoint
    /// Contiguous from `base.position.index.next`; everything after the applied index, at least.
    package let entries: [Entry]
    /// The first entry that the store still has; lower ones exist in snapshots alone.
    package let firstIndex: LogIndex
    /// What was cut off this log and is not made good yet.
    package let lost: LostTail?
    /// What was found damaged on the way, among applied entries. Sorted, apart.
    package let damage: [LogDamage]

    package init(
        hardState: HardState,
        base: SnapshotPoint,
        entries: [Entry],
        firstIndex: LogIndex,
        lost: LostTail? = nil,
        damage: [LogDamage] = []
    ) {
        self.hardState = hardState
        self.base = base
        self.entries = entries
        self.firstIndex = firstIndex
        self.lost = lost
        self.damage = damage
    }
}
