package import Consensus
internal import Kernel
internal import Synchronization
internal import Wire

/// The state at one point, cut into chunks for a peer: as it is committed, or as it would be after changes that are never committed.
///
/// Holds a read transaction: the state may go on, but its old pages stay in the file, so close a reader that nobody
/// asks any more. Chunks are numbered from 0; any that was read before can be read again and has the same bytes.
/// Safe from any thread, one at a time.
package final class SnapshotReader: Sendable {
    package let point: SnapshotPoint
    /// Of all chunks together, at most.
    package let byteCount: UInt64
    private let state: Mutex<State>

    /// Confined to the mutex.
    private struct State {
        let view: StateTransaction
        /// Where each chunk starts whose number is known.
        var starts: [[UInt8]] = [[]]
    }

    init(view: sending StateTransaction, point: SnapshotPoint) throws(StorageError) {
        self.point = point
        // Pages hold less than they have room for.
        byteCount = try view.usedBytes() + UInt64(view.byteCount)
        state = Mutex(State(view: view))
    }

    /// The chunk, with the hash that binds it. At most `maxBytes` of pairs, unless a single pair is larger.
    ///
    /// - Returns: nil past the last chunk, and for a number whose predecessor was not read yet.
    package func chunk(_ number: UInt64, maxBytes: Int) throws(StorageError) -> Message.SnapshotChunk? {
        try state.withLock { (state) throws(StorageError) in
            guard number < UInt64(state.starts.count) else { return nil }
            let start = state.starts[Int(number)]
            let (pairs, next) = try Self.run(of: state.view, from: start, maxBytes: maxBytes)
            if let next, number + 1 == UInt64(state.starts.count) { state.starts.append(next) }
            let bytes = pairs.encoded()
            return Message.SnapshotChunk(
                point: point,
                number: number,
                isLast: next == nil,
                bytes: bytes,
                digest: .of(bytes)
            )
        }
    }

    /// The pairs from a key on, and the key after them, nil at the end.
    private static func run(
        of view: StateTransaction,
        from start: [UInt8],
        maxBytes: Int
    ) throws(StorageError) -> (StatePairs, next: [UInt8]?) {
        var pairs = StatePairs()
        var bytes = 0
        var next: [UInt8]?
        view.scan(prefix: [], from: start) { key, value in
            let pair = StatePairs.Pair(key: key, value: value)
            bytes += pair.encodedByteCount
            guard bytes <= maxBytes || pairs.pairs.isEmpty else {
                next = key
                return false
            }
            pairs.pairs.append(pair)
            return true
        }
        if let failure = view.failure { throw failure }
        return (pairs, next)
    }
}

extension StateStore {
    /// Fixes the newest committed state for a peer.
    package func openSnapshot() throws(StorageError) -> SnapshotReader {
        let view = try openView()
        let point = try view.applied()
        return try SnapshotReader(view: StateTransaction(over: view), point: point)
    }

    /// Fixes the newest committed state as it would be after changes that are never committed.
    ///
    /// - Parameter changes: Says where the state stands after them; nil where it is not wanted.
    package func openSnapshot(
        after changes: (inout StateTransaction, SnapshotPoint) throws -> SnapshotPoint?
    ) throws -> SnapshotReader? {
        let view = try openView()
        var transaction = StateTransaction(over: view)
        let point = try changes(&transaction, try view.applied())
        if let failure = transaction.failure { throw failure }
        guard let point else { return nil }
        return try SnapshotReader(view: transaction, point: point)
    }
}
