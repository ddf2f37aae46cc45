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
    package func applied() throws(StorageError) -> SnapshotPoint { try contents.applied(in: transaction) }

    package func usedBytes() throws(StorageError) -> UInt64 { try contents.usedBytes(in: transaction) }

    /// Gives the pages back. Later reads find nothing and set `failure`.
    package func close() { transaction.abort() }

    /// Whether the store can hold a row of this key. If not, that is the failure.
    func canStore(_ key: [UInt8]) -> Bool {
        let limit = contents.environment.maxKeyBytes
        attempt { () throws(StorageError) in
            guard !key.isEmpty else { throw .misuse("a key must not be empty") }
            guard key.count <= limit else { throw .keyTooLong(byteCount: key.count, limit: limit) }
        }
        return failure == nil
    }

    @discardableResult
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
