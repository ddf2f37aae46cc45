package import Consensus
internal import Kernel
internal import Synchronization
internal import Wire

/// The state at one point, cut into chunks for a peer.
///
/// Holds a read transaction: the state may go on, but its old pages stay in the file, so close a reader that nobody
/// asks any more. Chunks are numbered from 0; any that was read before can be read again and has the same bytes.
/// Safe from any thread, one at a time.
package final class SnapshotReader: Sendable {
    package let point: SnapshotPoint
    private let state: Mutex<State>

    /// Confined to the mutex.
    private struct State {
        let view: StateView
        /// Where each chunk starts whose number is known.
        var starts: [[UInt8]] = [[]]
        var isLastKnown = false
    }

    init(view: sending StateView) throws(StorageError) {
        point = try view.applied()
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
        of view: StateView,
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
    package func openSnapshot() throws(StorageError) -> SnapshotReader { try SnapshotReader(view: try openView()) }
}
