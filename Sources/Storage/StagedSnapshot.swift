internal import Consensus
internal import Kernel
internal import Synchronization
internal import Wire

/// A snapshot on its way in: chunks go into an environment of their own, which becomes the state when all are there.
///
/// Nothing is durable before `finish`, and a crash leaves a directory that the next start removes. Memory stays bounded
/// by one chunk. Safe from any thread, one at a time.
final class StagedSnapshot: Sendable {
    let point: SnapshotPoint
    private let contents: StateContents
    private let limitBytes: UInt64
    private let progress = Mutex(Progress())

    private struct Progress {
        var nextChunk: UInt64 = 0
        var isComplete = false
    }

    /// Into an empty directory.
    init(
        path: String,
        point: SnapshotPoint,
        owner: StoreOwner,
        limits: StateStore.Limits
    ) throws(StorageError) {
        self.point = point
        limitBytes = limits.maxBytes
        contents = try StateContents(
            path: path,
            owner: owner,
            options: .init(durability: .onlySynced, mapBytes: limits.mapBytes)
        )
    }

    /// Takes the next chunk. One that is here already changes nothing.
    ///
    /// - Returns: the number of the chunk to follow.
    func stage(_ chunk: Message.SnapshotChunk) throws(StorageError) -> UInt64 {
        try progress.withLock { (progress) throws(StorageError) in
            guard chunk.point == point else { throw .badSnapshot(reason: "a chunk of another snapshot") }
            guard chunk.number >= progress.nextChunk else { return progress.nextChunk }
            guard chunk.number == progress.nextChunk, !progress.isComplete else {
                throw .badSnapshot(reason: "chunk \(chunk.number) instead of \(progress.nextChunk)")
            }
            guard Digest.of(chunk.bytes) == chunk.digest else {
                throw .badSnapshot(reason: "chunk \(chunk.number) does not match its digest")
            }
            try put(chunk)
            progress.nextChunk += 1
            progress.isComplete = chunk.isLast
            return progress.nextChunk
        }
    }

    private func put(_ chunk: Message.SnapshotChunk) throws(StorageError) {
        let pairs: StatePairs
        do throws(WireError) {
            pairs = try StatePairs(encoded: chunk.bytes)
        } catch {
            throw .badSnapshot(reason: "chunk \(chunk.number): \(error)")
        }
        let transaction = try contents.environment.beginWrite()
        let used = try contents.usedBytes(in: transaction)
        guard used + UInt64(chunk.bytes.count) <= limitBytes else {
            throw .full(path: contents.environment.path, limitBytes: limitBytes)
        }
        for pair in pairs.pairs {
            do throws(StorageError) {
                try transaction.put(pair.value, for: pair.key, in: contents.pairs, appending: true)
            } catch {
                // The order of keys across chunks is the peer's doing.
                guard case .misuse = error else { throw error }
                throw .badSnapshot(reason: "chunk \(chunk.number) has keys out of order")
            }
        }
        try transaction.commit()
    }

    /// Nil while chunks are missing.
    func openView() throws(StorageError) -> StateView? {
        guard progress.withLock({ $0.isComplete }) else { return nil }
        return StateView(transaction: try contents.environment.beginRead(), contents: contents)
    }

    /// Makes the whole of it durable, as the state at `point`.
    func finish() throws(StorageError) -> StateContents {
        guard progress.withLock({ $0.isComplete }) else {
            throw .misuse("the snapshot at \(point.position) is not complete")
        }
        let transaction = try contents.environment.beginWrite()
        try contents.meta.put(point, as: .applied, in: transaction)
        try transaction.commit()
        try contents.environment.endBulkLoad()
        return contents
    }
}
