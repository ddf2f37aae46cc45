package import Consensus
internal import Kernel

/// One committed state, from its opening until it is closed or released.
///
/// Reads cannot throw, so the first error is remembered: from then on nothing is found, and the owner must look at
/// `failure` before it believes what it read. Not `Sendable`: one thread at a time.
package final class StateView: KeyValueView {
    private let transaction: LMDBTransaction
    private let contents: StateContents
    package private(set) var failure: StorageError?

    init(transaction: LMDBTransaction, contents: StateContents) {
        self.transaction = transaction
        self.contents = contents
    }

    package func value(for key: [UInt8]) -> [UInt8]? {
        attempt { () throws(StorageError) in try transaction.value(for: key, in: contents.pairs) } ?? nil
    }

    package func first(atOrAfter key: [UInt8]) -> (key: [UInt8], value: [UInt8])? {
        attempt { () throws(StorageError) in try transaction.first(atOrAfter: key, in: contents.pairs) } ?? nil
    }

    /// The log position that the state stands for.
    package func applied() throws(StorageError) -> SnapshotPoint {
        try contents.meta.point(.applied, in: transaction)
            ?? SnapshotPoint(position: .zero, hash: .zero, time: .distantPast, configuration: .init(voters: []))
    }

    package func usedBytes() throws(StorageError) -> UInt64 {
        try transaction.usedBytes(of: [contents.pairs, contents.meta.table])
    }

    /// Gives the pages back. Later reads find nothing and set `failure`.
    package func close() { transaction.abort() }

    fileprivate func set(_ value: [UInt8], for key: [UInt8]) {
        _ = attempt { () throws(StorageError) in try transaction.put(value, for: key, in: contents.pairs) }
    }

    fileprivate func remove(_ key: [UInt8]) {
        _ = attempt { () throws(StorageError) in try transaction.remove(key, in: contents.pairs) }
    }

    /// Commits, unless anything failed.
    func finish(applied: SnapshotPoint) throws(StorageError) {
        if let failure { throw failure }
        try contents.meta.put(applied, as: .applied, in: transaction)
        try transaction.commit()
    }

    private func attempt<Value>(_ body: () throws(StorageError) -> Value) -> Value? {
        guard failure == nil else { return nil }
        do throws(StorageError) {
            return try body()
        } catch {
            failure = error
            return nil
        }
    }
}

/// Changes to the state, seen by reads through the same value. Committed by the store, or not at all.
package struct StateTransaction: KeyValueTransaction {
    let view: StateView

    package func value(for key: [UInt8]) -> [UInt8]? { view.value(for: key) }
    package func first(atOrAfter key: [UInt8]) -> (key: [UInt8], value: [UInt8])? { view.first(atOrAfter: key) }
    package mutating func set(_ value: [UInt8], for key: [UInt8]) { view.set(value, for: key) }
    package mutating func remove(_ key: [UInt8]) { view.remove(key) }
}
