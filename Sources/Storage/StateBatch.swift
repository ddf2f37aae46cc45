package import Consensus
internal import Kernel

/// A transaction of the state that stays open while entries come, so that many of them share one commit.
///
/// What it holds is read by itself alone until it is committed, and is lost with the process: the log, where it is
/// durable, brings it back. Not `Sendable`: it belongs to the thread that began it, and that thread must end it before it
/// begins another. Ends without a commit when it is released.
package final class StateBatch {
    private let store: StateStore
    private let contents: StateContents
    private var transaction: StateTransaction
    /// Where the committed state stands, and where this batch does.
    private let begin: SnapshotPoint
    package private(set) var applied: SnapshotPoint

    init(store: StateStore, contents: StateContents) throws(StorageError) {
        self.store = store
        self.contents = contents
        transaction = StateTransaction(
            view: StateView(transaction: try contents.environment.beginWrite(), contents: contents)
        )
        begin = try transaction.view.applied()
        applied = begin
    }

    deinit { transaction.view.close() }

    /// Carries out changes on top of those before, given where the state stands. The body says where it stands then; with
    /// nil, or after an error, the batch is worth nothing and is to be released.
    ///
    /// An error inside the body is remembered and thrown after it; reads after the error find nothing, so the body must do
    /// nothing but through its transaction.
    package func apply<Value>(
        _ body: (inout StateTransaction, SnapshotPoint) -> (Value, applied: SnapshotPoint?)
    ) throws(StorageError) -> Value {
        try checkRoom()
        let (value, reached) = body(&transaction, applied)
        if let failure = transaction.view.failure { throw failure }
        guard let reached else { return value }
        guard reached.position.index > applied.position.index else {
            throw .misuse(
                "the state is at \(applied.position.index.number), and cannot go to \(reached.position.index.number)"
            )
        }
        applied = reached
        return value
    }

    /// Ends the batch. Readers see it from now on; what of it survives a crash of the system is the store's promise.
    package func commit() throws(StorageError) {
        guard applied != begin else { return transaction.view.close() }
        do throws(StorageError) {
            try transaction.view.finish(applied: applied)
        } catch {
            // A commit that failed on its way to the disk may have taken unsynced pages of earlier ones with it, which
            // a later sync would not report again: then not even a full disk leaves a store that can go on.
            var error = error
            if case .diskFull(let path) = error {
                error = .syncFailed(path: path, reason: "no space left; free some, then start the node again")
            }
            if error.isFatal { store.halt(error) }
            throw error
        }
    }

    /// Whether it can be gone on with after an error.
    package var isIntact: Bool { transaction.view.failure == nil }

    /// Ends the batch without a trace.
    package func abandon() { transaction.view.close() }

    /// - Throws: `full` or `diskFull` where there is no room for more, which changes nothing.
    private func checkRoom() throws(StorageError) {
        let path = contents.environment.path
        let used = try transaction.view.usedBytes()
        guard used <= store.limits.maxBytes else { throw .full(path: path, limitBytes: store.limits.maxBytes) }
        try checkDisk(usedBytes: used)
    }

    /// - Throws: `diskFull` where a commit might not find the room that it needs, which changes nothing.
    package func checkDisk() throws(StorageError) { try checkDisk(usedBytes: try transaction.view.usedBytes()) }

    private func checkDisk(usedBytes: UInt64) throws(StorageError) {
        try contents.environment.checkDisk(
            for: 1 << 20,
            usedBytes: usedBytes,
            reserve: store.limits.minimumFreeBytes
        )
    }
}
