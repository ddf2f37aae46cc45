package import Consensus
internal import Kernel
internal import Synchronization
internal import Wire

/// A consistent state as the bytes of a backup file, a piece at a time, while the state goes on.
///
///     magic "RVBK" · version (2) · length of header (4) · header
///     any number of:  length (4) · pairs, as a snapshot's chunk holds them · their SHA-256
///     0 (4) · number of chunks (8) · SHA-256 of everything before
///
/// Holds a read transaction, so old pages stay in the state's file until it is released. Safe from any thread, one at
/// a time.
package final class BackupStream: Sendable {
    package let header: BackupHeader
    private let state: Mutex<State>

    private enum Phase {
        case header
        case rows(from: [UInt8])
        case ended
    }

    /// Confined to the mutex.
    private struct State {
        let view: StateTransaction
        let tables: [UInt8]?
        var phase = Phase.header
        var chunkCount: UInt64 = 0
        var hasher = DigestHasher()
    }

    static let magic = Array("RVBK".utf8)
    static let version: UInt16 = 1
    static let chunkBytes = 256 * 1024

    /// - Parameter tables: First bytes of the keys that count; nil for all.
    init(view: sending StateTransaction, header: BackupHeader, tables: [UInt8]?) {
        self.header = header
        self.state = Mutex(State(view: view, tables: tables))
    }

    /// Nil after the last piece.
    package func next() throws(StorageError) -> [UInt8]? {
        try state.withLock { (state) throws(StorageError) in
            let piece: [UInt8]
            switch state.phase {
            case .ended: return nil
            case .header:
                piece = Self.start(header)
                state.phase = .rows(from: [])
            case .rows(let key):
                let run = try Self.run(of: state.view, from: key, in: state.tables)
                guard !run.pairs.pairs.isEmpty else { return Self.end(&state) }
                let bytes = run.pairs.encoded()
                piece = Self.length(bytes.count) + bytes + Digest.of(bytes).bytes
                state.chunkCount += 1
                state.phase = .rows(from: run.next)
            }
            state.hasher.update(piece)
            return piece
        }
    }

    private static func start(_ header: BackupHeader) -> [UInt8] {
        let bytes = header.bytes
        return magic + [UInt8(version >> 8), UInt8(truncatingIfNeeded: version)] + length(bytes.count) + bytes
    }

    private static func end(_ state: inout State) -> [UInt8] {
        state.phase = .ended
        state.view.close()
        var piece = length(0)
        piece.append(bigEndian: state.chunkCount)
        state.hasher.update(piece)
        return piece + state.hasher.finalize().bytes
    }

    static func length(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: UInt32(clamping: count))
        return bytes
    }

    /// Pairs from a key on that fit a chunk, at least one if there is any, and the key from which to go on.
    private static func run(
        of view: StateTransaction,
        from start: [UInt8],
        in tables: [UInt8]?
    ) throws(StorageError) -> (pairs: StatePairs, next: [UInt8]) {
        var pairs = StatePairs()
        var bytes = 0
        var next = start
        var isFull = false
        for prefix in tables.map({ $0.map { [$0] } }) ?? [[]] {
            view.scan(prefix: prefix, from: next) { key, value in
                let pair = StatePairs.Pair(key: key, value: value)
                isFull = bytes + pair.encodedByteCount > chunkBytes && !pairs.pairs.isEmpty
                if isFull { return false }
                bytes += pair.encodedByteCount
                pairs.pairs.append(pair)
                next = key + [0]
                return true
            }
            if isFull { break }
        }
        if let failure = view.failure { throw failure }
        return (pairs, next)
    }
}

extension StateStore {
    /// Fixes the newest committed state for a backup, or the state as it would be after changes that are never committed.
    ///
    /// - Parameters:
    ///   - tables: First bytes of the keys that count, ascending; nil for all.
    ///   - changes: Says where the state stands after them.
    ///   - describe: Makes the header from that very state.
    package func openBackup(
        tables: [UInt8]? = nil,
        after changes: (inout StateTransaction, SnapshotPoint) throws -> SnapshotPoint = { $1 },
        describe: (StateTransaction, SnapshotPoint) throws -> BackupHeader
    ) throws -> BackupStream {
        let view = try openView()
        var transaction = StateTransaction(over: view)
        let point = try changes(&transaction, try view.applied())
        let header = try describe(transaction, point)
        if let failure = transaction.failure { throw failure }
        return BackupStream(view: transaction, header: header, tables: tables)
    }
}
