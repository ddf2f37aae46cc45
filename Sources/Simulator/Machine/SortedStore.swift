internal import Kernel

/// The pairs of a simulated directory, in memory. Copies are cheap.
package struct SortedStore: KeyValueTransaction, Sendable {
    private var rows = SortedRows()

    package init() {}

    package func value(for key: [UInt8]) -> [UInt8]? { rows.row(for: key)?.value }

    package func first(atOrAfter key: [UInt8]) -> (key: [UInt8], value: [UInt8])? {
        rows.first(atOrAfter: key).flatMap { row in row.value.map { (row.key, $0) } }
    }

    package mutating func set(_ value: [UInt8], for key: [UInt8]) { rows.set(value, for: key) }
    package mutating func remove(_ key: [UInt8]) { rows.remove(key) }

    /// - Returns: What was there before.
    mutating func replace(_ value: [UInt8], for key: [UInt8]) -> [UInt8]? { rows.set(value, for: key)?.value }

    /// - Returns: What was there.
    mutating func take(_ key: [UInt8]) -> [UInt8]? { rows.remove(key)?.value }

    /// Takes writes back, of which these are the rows before each.
    mutating func restore(_ displaced: [DisplacedRow]) {
        for row in displaced.reversed() {
            if let value = row.value { set(value, for: row.key) } else { remove(row.key) }
        }
    }

    package func forEach(_ body: (_ key: [UInt8], _ value: [UInt8]) -> Void) {
        rows.forEach { row in
            if let value = row.value { body(row.key, value) }
        }
    }
}

/// A row before it was written.
struct DisplacedRow: Sendable {
    let key: [UInt8]
    /// Nil where there was none.
    let value: [UInt8]?
}
