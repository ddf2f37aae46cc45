package import Consensus
package import Kernel

/// A log store as the conformance suite sees it: that on LMDB, and that of the simulator.
///
/// What a store refuses it throws, and is then as it was before.
package protocol LogStoreUnderTest {
    var standing: LogStanding { get throws }
    mutating func write(_ writes: [LogWrite]) throws
    /// Nil when the store does not have the entry before `index`. Meant for ranges without damage.
    func entries(from index: LogIndex, maxBytes: Int) throws -> (previous: LogPosition, entries: [Entry])?
    func entries(from first: LogIndex, endingAt last: LogIndex, maxBytes: Int) throws -> [Entry]
    /// With the state durably at `applied`. Returns the first index that is left.
    mutating func compact(before index: LogIndex, applied: SnapshotPoint) throws -> LogIndex
    mutating func reset(to point: SnapshotPoint) throws
    /// The process is gone and a new one opens the store.
    mutating func restart() throws
    func restored(applied: SnapshotPoint) throws -> RestoredLog
    /// Makes one entry unreadable, as a failing disk would.
    mutating func damage(_ index: LogIndex) throws
    /// All damage, found in one pass.
    func scrub() throws -> [LogDamage]
    mutating func cutDamagedTail(after applied: SnapshotPoint) throws -> Bool
    mutating func repair(_ entries: [Entry], endingIn hash: Digest) throws
    mutating func forgetLostTail() throws
}

package struct LogStanding: Hashable, Sendable {
    package var hardState: HardState
    package var base: SnapshotPoint
    package var last: LogPosition
    package var lost: LostTail?

    package init(hardState: HardState, base: SnapshotPoint, last: LogPosition, lost: LostTail?) {
        self.hardState = hardState
        self.base = base
        self.last = last
        self.lost = lost
    }
}
