package import Consensus
internal import Kernel
internal import Synchronization

/// The replicated state on disk: the directory's keys and values, and the log position that they stand for, always in
/// one transaction.
///
/// One LMDB environment without a sync of the newest meta page: a crash of the system may lose the last transactions,
/// which are applied again from the log. A crash of the process loses nothing. What must be durable, `sync()` makes so.
///
/// Safe from any thread. Reads see one committed state from first to last and wait for nobody; writes wait for each
/// other.
package final class StateStore: Sendable {
    package struct Limits: Hashable, Sendable {
        /// Past it writes are refused, so that the node stops applying. Counts pages in use.
        package var maxBytes: UInt64
        /// Address space to reserve. Far above `maxBytes`: readers keep old pages for a while, and a map that is full to
        /// the last page has no room even for removing.
        package var mapBytes: UInt64

        /// Writes that may leave less on the disk are refused. Below the log's, which is to stop first.
        package var minimumFreeBytes: UInt64

        package init(maxBytes: UInt64 = 16 << 30, mapBytes: UInt64? = nil, minimumFreeBytes: UInt64 = 16 << 20) {
            self.minimumFreeBytes = minimumFreeBytes
            self.maxBytes = maxBytes
            self.mapBytes = mapBytes ?? max(64 << 30, min(maxBytes, 1 << 44) * 4)
        }
    }

    package let limits: Limits
    private let contents: Mutex<StateContents>
    /// Why the store takes no more, once a sync has failed.
    private let halted = Mutex<StorageError?>(nil)

    /// Opens a member's state, or makes an empty one.
    package convenience init(path: String, owner: StoreOwner, limits: Limits = Limits()) throws(StorageError) {
        let options = LMDBEnvironment.Options(durability: .allButLast, mapBytes: limits.mapBytes)
        self.init(contents: try StateContents(path: path, owner: owner, options: options), limits: limits)
    }

    init(contents: StateContents, limits: Limits) {
        self.contents = Mutex(contents)
        self.limits = limits
    }

    package var path: String { current.environment.path }

    /// The newest committed state, until the view is released. Old pages stay in the file for as long.
    package func openView() throws(StorageError) -> StateView {
        let contents = current
        return StateView(transaction: try contents.environment.beginRead(), contents: contents)
    }

    /// Reads one committed state. An error while reading is thrown after `body`, whose result is then worth nothing.
    package func read<Value>(_ body: (StateView) -> Value) throws(StorageError) -> Value {
        let view = try openView()
        defer { view.close() }
        let value = body(view)
        if let failure = view.failure { throw failure }
        return value
    }

    /// Where the newest committed state stands. Position zero before the first write.
    package func applied() throws(StorageError) -> SnapshotPoint {
        let view = try openView()
        defer { view.close() }
        return try view.applied()
    }

    /// Commits what `body` sets and removes together with the position that it makes the state stand for.
    ///
    /// `full` and `diskFull` leave the store as it was, and usable.
    ///
    /// An error inside `body` is remembered and thrown instead of committing; reads after it find nothing, so `body` must
    /// do nothing but through its transaction.
    package func write<Value: Sendable>(
        applied: SnapshotPoint,
        _ body: (inout StateTransaction) -> Value
    ) throws(StorageError) -> Value {
        try update { transaction, _ in (body(&transaction), applied) }
    }

    /// Like `write`, for a body that finds out how far it gets, given where the state stands. Without a position nothing
    /// is committed.
    package func update<Value: Sendable>(
        _ body: (inout StateTransaction, SnapshotPoint) -> (Value, applied: SnapshotPoint?)
    ) throws(StorageError) -> Value {
        let state = try openWorkingState()
        let value = try state.apply(body)
        if let changes = state.freeze() { try commit(changes) }
        return value
    }

    /// For changes that are committed later. There is to be one at a time: of two that go on from the same state, only one
    /// can commit.
    package func openWorkingState() throws(StorageError) -> WorkingState {
        try checkHalt()
        return try WorkingState(store: self)
    }

    /// Writes changes in one transaction: readers see all of them from now on. What survives a crash of the system is the
    /// store's promise. `full` and `diskFull` change nothing, and the same can be tried again.
    package func commit(_ changes: StateChanges) throws(StorageError) {
        let contents = current
        let transaction = try contents.environment.beginWrite()
        // The writer that was waited for may have failed.
        try checkHalt()
        try checkDisk(usedBytes: try contents.usedBytes(in: transaction), newBytes: changes.byteCount)
        let found = try contents.applied(in: transaction)
        guard found == changes.after else {
            throw .misuse("changes to the state at \(changes.after.position) do not fit it at \(found.position)")
        }
        try changes.rows.forEach { row throws(StorageError) in
            if let value = row.value {
                try transaction.put(value, for: row.key, in: contents.pairs)
            } else {
                try transaction.remove(row.key, in: contents.pairs)
            }
        }
        try contents.meta.put(changes.applied, as: .applied, in: transaction)
        try commit(transaction)
    }

    private func commit(_ transaction: LMDBTransaction) throws(StorageError) {
        do throws(StorageError) {
            try transaction.commit()
        } catch {
            // A commit that failed on its way to the disk may have taken unsynced pages of earlier ones with it, which
            // a later sync would not report again: then not even a full disk leaves a store that can go on.
            var error = error
            if case .diskFull(let path) = error {
                error = .syncFailed(path: path, reason: "no space left; free some, then start the node again")
            }
            if error.isFatal { halt(error) }
            throw error
        }
    }

    /// - Throws: `full` or `diskFull` where there is no room for more.
    func checkRoom(usedBytes: UInt64, newBytes: Int) throws(StorageError) {
        guard usedBytes + UInt64(newBytes) <= limits.maxBytes else {
            throw .full(path: path, limitBytes: limits.maxBytes)
        }
        try checkDisk(usedBytes: usedBytes, newBytes: newBytes)
    }

    /// - Throws: `diskFull` where a commit might not find the room that it needs.
    private func checkDisk(usedBytes: UInt64, newBytes: Int) throws(StorageError) {
        try current.environment.checkDisk(
            for: 1 << 20 + UInt64(newBytes),
            usedBytes: usedBytes,
            reserve: limits.minimumFreeBytes
        )
    }

    private func checkHalt() throws(StorageError) { if let halted = halted.withLock({ $0 }) { throw halted } }
    private func halt(_ error: StorageError) { halted.withLock { $0 = $0 ?? error } }

    /// Forces to disk what was committed before.
    ///
    /// - Returns: the position that a crash can no longer take back.
    @discardableResult
    package func sync() throws(StorageError) -> SnapshotPoint {
        try checkHalt()
        do throws(StorageError) {
            // Read first: what is committed while the disk works may miss it.
            let point = try applied()
            try current.environment.sync()
            return point
        } catch {
            if error.isFatal { halt(error) }
            throw error
        }
    }

    package func usedBytes() throws(StorageError) -> UInt64 {
        let view = try openView()
        defer { view.close() }
        return try view.usedBytes()
    }

    /// From now on, the state is another environment's. Views and snapshots of the old one stay valid. A working state of the
    /// old one is worth nothing: it cannot be committed.
    func adopt(_ contents: StateContents) { self.contents.withLock { $0 = contents } }

    private var current: StateContents { contents.withLock { $0 } }
}

/// An environment that holds a state, with its tables.
struct StateContents: Sendable {
    let environment: LMDBEnvironment
    let pairs: LMDBTable
    let meta: MetaTable

    init(path: String, owner: StoreOwner, options: LMDBEnvironment.Options) throws(StorageError) {
        environment = try LMDBEnvironment(path: path, options: options)
        pairs = try environment.table("directory")
        meta = MetaTable(table: try environment.table("meta"), path: path)
        let transaction = try environment.beginWrite()
        try meta.claim(for: owner, in: transaction)
        try transaction.commit()
    }

    func applied(in transaction: LMDBTransaction) throws(StorageError) -> SnapshotPoint {
        try meta.point(.applied, in: transaction)
            ?? SnapshotPoint(position: .zero, hash: .zero, time: .distantPast, configuration: .init(voters: []))
    }

    func usedBytes(in transaction: LMDBTransaction) throws(StorageError) -> UInt64 {
        try transaction.usedBytes(of: [pairs, meta.table])
    }
}
