internal import Kernel

/// The rows that one command reads and writes, whatever store they are in.
///
/// One type for all stores, and a reference: what commands do is compiled once, for this type, and a view of the rows costs
/// no copy of the transaction.
struct CommandTransaction: KeyValueTransaction {
    private let rows: any CommandRows

    init(_ rows: any CommandRows) { self.rows = rows }

    func value(for key: [UInt8]) -> [UInt8]? { rows.value(for: key) }
    func first(atOrAfter key: [UInt8]) -> (key: [UInt8], value: [UInt8])? { rows.first(atOrAfter: key) }
    mutating func set(_ value: [UInt8], for key: [UInt8]) { rows.set(value, for: key) }
    mutating func remove(_ key: [UInt8]) { rows.remove(key) }
}

protocol CommandRows: AnyObject, KeyValueView {
    func set(_ value: [UInt8], for key: [UInt8])
    func remove(_ key: [UInt8])
}

/// Keeps a transaction while a command works on it.
final class TransactionBox<Base: KeyValueTransaction>: CommandRows {
    private(set) var transaction: TrackedTransaction<Base>

    init(_ transaction: consuming TrackedTransaction<Base>) { self.transaction = transaction }

    func value(for key: [UInt8]) -> [UInt8]? { transaction.value(for: key) }
    func first(atOrAfter key: [UInt8]) -> (key: [UInt8], value: [UInt8])? { transaction.first(atOrAfter: key) }
    func set(_ value: [UInt8], for key: [UInt8]) { transaction.set(value, for: key) }
    func remove(_ key: [UInt8]) { transaction.remove(key) }
}
