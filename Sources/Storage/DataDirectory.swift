package import Consensus
internal import Kernel
internal import Synchronization

/// Everything that a member keeps on disk.
///
///     log/          the Raft log, which also names the generation of the state that belongs to it
///     state/N/      the replicated state, generation N
///     state/N+1/    a snapshot on its way in
///
/// A snapshot becomes the state by one transaction in the log, which resets the log to the snapshot's point and names
/// the new generation. Before it a crash leaves the old log and state, after it the new ones; directories of any other
/// generation are removed at start.
///
/// The log's lock guards the whole directory. Safe from any thread.
package final class DataDirectory: Sendable {
    package struct Limits: Hashable, Sendable {
        package var log: LogStore.Limits
        package var state: StateStore.Limits
        /// A start with less free space is refused.
        package var minimumFreeBytes: UInt64

        package init(
            log: LogStore.Limits = .init(),
            state: StateStore.Limits = .init(),
            minimumFreeBytes: UInt64 = 64 << 20
        ) {
            self.log = log
            self.state = state
            self.minimumFreeBytes = minimumFreeBytes
        }
    }

    package let path: String
    package let log: LogStore
    package let state: StateStore
    private let owner: StoreOwner
    private let limits: Limits
    private let staged = Mutex<StagedSnapshot?>(nil)

    /// Opens a member's data, or lays out an empty directory, whose log is then to be initialised.
    package init(path: String, owner: StoreOwner, limits: Limits = Limits()) throws(StorageError) {
        try FileSystem.create(path)
        let available = try FileSystem.availableBytes(path)
        guard available >= limits.minimumFreeBytes else {
            throw .lowDisk(path: path, availableBytes: available, minimumBytes: limits.minimumFreeBytes)
        }
        self.path = path
        self.owner = owner
        self.limits = limits
        log = try LogStore(path: path + "/log", owner: owner, limits: limits.log)
        let generation = log.summary?.stateGeneration ?? 1
        let states = path + "/state"
        try FileSystem.create(states)
        for name in try FileSystem.names(in: states) where name != String(generation) {
            try FileSystem.remove(states + "/" + name)
        }
        state = try StateStore(path: states + "/" + String(generation), owner: owner, limits: limits.state)
    }

    /// Holds a received chunk; number 0 discards what was staged before.
    ///
    /// - Returns: the number of the chunk to follow.
    /// - Throws: `badSnapshot` when the peer sent nonsense, which harms nothing that is here.
    package func stage(_ chunk: Message.SnapshotChunk) throws(StorageError) -> UInt64 {
        try staged.withLock { (staged) throws(StorageError) in
            if chunk.number == 0 {
                try discard(&staged)
                staged = try StagedSnapshot(
                    path: statePath(nextGeneration),
                    point: chunk.point,
                    owner: owner,
                    limits: limits.state
                )
            }
            guard let staged else { throw .badSnapshot(reason: "chunk \(chunk.number) without those before it") }
            return try staged.stage(chunk)
        }
    }

    /// Reads what is staged, all of it.
    ///
    /// - Returns: nil where no whole snapshot of that point is.
    package func readStaged<Value>(
        at point: SnapshotPoint,
        _ body: (StateView) -> Value
    ) throws(StorageError) -> Value? {
        let snapshot = staged.withLock { $0 }
        guard let snapshot, snapshot.point == point, let view = try snapshot.openView() else { return nil }
        defer { view.close() }
        let value = body(view)
        if let failure = view.failure { throw failure }
        return value
    }

    /// Replaces state and log by the staged snapshot. After the return both durably stand at the point.
    package func installSnapshot(_ point: SnapshotPoint) throws(StorageError) {
        try staged.withLock { (staged) throws(StorageError) in
            guard let snapshot = staged, snapshot.point == point else {
                throw .misuse("no snapshot is staged at \(point.position)")
            }
            let contents = try snapshot.finish()
            let generation = nextGeneration
            let old = state.path
            try log.reset(to: point, stateGeneration: generation)
            state.adopt(contents)
            staged = nil
            // Whoever still reads the old state keeps its file. What cannot be removed now is removed at the next start.
            try? FileSystem.remove(old)
        }
    }

    private func discard(_ staged: inout StagedSnapshot?) throws(StorageError) {
        staged = nil
        try FileSystem.remove(statePath(nextGeneration))
    }

    private var nextGeneration: UInt64 { (log.summary?.stateGeneration ?? 1) + 1 }

    private func statePath(_ generation: UInt64) -> String { path + "/state/" + String(generation) }
}
