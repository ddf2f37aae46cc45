internal import Kernel

/// Rows in memory, sorted by key.
package struct MemoryStore: KeyValueTransaction, Hashable {
    private var rows: [Row] = []

    private struct Row: Hashable {
        let key: [UInt8]
        var value: [UInt8]
    }

    package init() {}

    package func value(for key: [UInt8]) -> [UInt8]? {
        let place = place(of: key)
        return place < rows.count && rows[place].key == key ? rows[place].value : nil
    }

    package func first(atOrAfter key: [UInt8]) -> (key: [UInt8], value: [UInt8])? {
        let place = place(of: key)
        return place < rows.count ? (rows[place].key, rows[place].value) : nil
    }

    package mutating func set(_ value: [UInt8], for key: [UInt8]) {
        let place = place(of: key)
        if place < rows.count, rows[place].key == key {
            rows[place].value = value
        } else {
            rows.insert(Row(key: key, value: value), at: place)
        }
    }

    package mutating func remove(_ key: [UInt8]) {
        let place = place(of: key)
        if place < rows.count, rows[place].key == key { rows.remove(at: place) }
    }

    private func place(of key: [UInt8]) -> Int {
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].key.lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
