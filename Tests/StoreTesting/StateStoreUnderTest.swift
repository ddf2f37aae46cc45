package import Consensus

/// A store of the applied state as the conformance suite sees it: that on LMDB, and that of the simulator.
///
/// What a store refuses it throws, and is then as it was before.
package protocol StateStoreUnderTest {
    var applied: SnapshotPoint { get throws }
    /// In the order of their keys.
    var rows: [StateRow] { get throws }
    /// Writes in order, each seen by those after it; given up, all of them, where the state reaches no point.
    mutating func apply(_ changes: [StateChange], reaching point: SnapshotPoint?) throws
    /// What is applied is durable afterwards.
    mutating func sync() throws
    /// The process is gone and a new one opens the store. What was not durable may be gone, from the end.
    ///
    /// - Parameter drawn: Decides how much, where the store leaves that open.
    mutating func crash(drawn: UInt64) throws
    /// The whole state, as a peer is sent it.
    func chunks() throws -> [Message.SnapshotChunk]
    /// Takes the place of the state, durably, when the chunks are all of one at that point.
    mutating func install(_ chunks: [Message.SnapshotChunk], at point: SnapshotPoint) throws
}

package struct StateRow: Hashable, Sendable {
    package let key: [UInt8]
    package let value: [UInt8]

    package init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }
}

package struct StateChange: Hashable, Sendable {
    package let key: [UInt8]
    /// Nil removes the row.
    package let value: [UInt8]?
}
