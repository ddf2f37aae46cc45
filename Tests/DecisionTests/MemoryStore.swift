import Kernel

/// Rows in memory, sorted by key.
struct MemoryStore: KeyValueTransaction, Hashable {
    private var keys: [[UInt8]] = []
    private var values: [[UInt8]: [UInt8]] = [:]

    var count: Int { keys.count }
    func value(for key: [UInt8]) -> [UInt8]? { values[key] }

    func first(atOrAfter key: [UInt8]) -> (key: [UInt8], value: [UInt8])? {
        let place = place(of: key)
        guard place < keys.count, let value = values[keys[place]] else { return nil }
        return (keys[place], value)
    }

    mutating func set(_ value: [UInt8], for key: [UInt8]) {
        precondition(key.count <= 400, "a key of \(key.count) bytes")
        if values.updateValue(value, forKey: key) == nil { keys.insert(key, at: place(of: key)) }
    }

    mutating func remove(_ key: [UInt8]) {
        if values.removeValue(forKey: key) != nil { keys.remove(at: place(of: key)) }
    }

    private func place(of key: [UInt8]) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle].lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
