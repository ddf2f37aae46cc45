package import Consensus
internal import Kernel

/// The state after everything that was applied, of which the newest part is in memory alone.
///
/// It is committed a piece at a time, by another thread if need be, while more is applied: `freeze` gives the piece,
/// `StateStore.commit` writes it, `settle` lets go of it. What has not been committed is lost with the process: the log,
/// where it is durable, brings it back. Not `Sendable`: one thread at a time.
package final class WorkingState {
    private let store: StateStore
    private var transaction: StateTransaction
    /// What is being committed.
    private var frozen: StateChanges?
    /// What `transaction.changes` follow.
    private var begin: SnapshotPoint
    package private(set) var applied: SnapshotPoint

    init(store: StateStore) throws(StorageError) {
        self.store = store
        let view = try store.openView()
        transaction = StateTransaction(over: view)
        begin = try view.applied()
        applied = begin
    }

    /// Carries out changes on top of those before, given where the state stands. The body says where it stands then; with
    /// nil, or after an error, it stands where it stood.
    ///
    /// An error inside the body is remembered and thrown after it; reads after the error find nothing, so the body must do
    /// nothing but through its transaction.
    package func apply<Value>(
        _ body: (inout StateTransaction, SnapshotPoint) -> (Value, applied: SnapshotPoint?)
    ) throws(StorageError) -> Value {
        if let failure = transaction.failure { throw failure }
        try checkRoom()
        let before = transaction
        let (value, reached) = body(&transaction, applied)
        do throws(StorageError) {
            if let failure = transaction.failure { throw failure }
            guard let reached else {
                transaction.roll(back: before)
                return value
            }
            guard reached.position.index > applied.position.index else {
                throw .misuse(
                    "the state is at \(applied.position.index.number), and cannot go to \(reached.position.index.number)"
                )
            }
            applied = reached
            return value
        } catch {
            transaction.roll(back: before)
            throw error
        }
    }

    /// Reads the state as it is, for which there is always room. An error while reading is thrown after the body.
    package func read<Value>(_ body: (StateTransaction, SnapshotPoint) -> Value) throws(StorageError) -> Value {
        if let failure = transaction.failure { throw failure }
        let value = body(transaction, applied)
        if let failure = transaction.failure { throw failure }
        return value
    }

    /// - Throws: `full` or `diskFull` where there is no room for more, which changes nothing.
    private func checkRoom() throws(StorageError) {
        try store.checkRoom(usedBytes: try transaction.usedBytes(), newBytes: unsettledBytes)
    }

    /// Whether anything was applied that no commit has begun on.
    package var hasOpenChanges: Bool { applied != begin }

    /// How much memory that takes, about.
    package var openBytes: Int { transaction.byteCount }

    private var unsettledBytes: Int { openBytes + (frozen?.byteCount ?? 0) }

    /// What is to be committed next, nil if nothing is. The same until it is settled, whatever is applied meanwhile.
    package func freeze() -> StateChanges? {
        if let frozen { return frozen }
        guard hasOpenChanges else { return nil }
        let changes = StateChanges(
            rows: transaction.changes,
            byteCount: transaction.byteCount,
            after: begin,
            applied: applied
        )
        transaction = transaction.freezing()
        begin = applied
        frozen = changes
        return changes
    }

    /// Whether nothing is frozen.
    package var isSettled: Bool { frozen == nil }

    /// Forgets what was frozen, which is committed.
    package func settle() throws(StorageError) {
        let view = try store.openView()
        transaction.close()
        transaction = transaction.settled(over: view)
        frozen = nil
    }
}

/// Rows to be committed together with the point at which they make the state stand.
package struct StateChanges: Sendable {
    let rows: SortedRows
    let byteCount: Int
    /// Where the state must stand before.
    let after: SnapshotPoint
    package let applied: SnapshotPoint

    init(rows: SortedRows, byteCount: Int, after: SnapshotPoint, applied: SnapshotPoint) {
        self.rows = rows
        self.byteCount = byteCount
        self.after = after
        self.applied = applied
    }
}
