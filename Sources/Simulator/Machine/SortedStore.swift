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

    package func forEach(_ body: (_ key: [UInt8], _ value: [UInt8]) -> Void) {
        rows.forEach { row in
            if let value = row.value { body(row.key, value) }
        }
    }
}
