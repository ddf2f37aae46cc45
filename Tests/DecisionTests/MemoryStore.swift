import Directory
import Kernel
import Synchronization

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

/// Gives each value a number when it first comes by. Equal values have equal bytes as long as one codec serves all.
final class NumberingCodec: DirectoryCodec {
    private struct Numbers<Element: Hashable & Sendable> {
        var numbers: [Element: UInt64] = [:]
        var elements: [Element] = []

        mutating func bytes(_ element: Element) -> [UInt8] {
            let number = numbers[element] ?? UInt64(elements.count)
            if number == elements.count {
                numbers[element] = number
                elements.append(element)
            }
            var bytes: [UInt8] = []
            bytes.append(bigEndian: number)
            return bytes
        }

        func element(_ bytes: [UInt8]) throws(DirectoryDecodeError) -> Element {
            let number = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard bytes.count == 8, number < elements.count else { throw DirectoryDecodeError("no such number") }
            return elements[Int(number)]
        }
    }

    private let commands = Mutex(Numbers<Command>())
    private let records = Mutex(Numbers<StoredRecord>())

    func encode(_ command: Command) -> [UInt8] { commands.withLock { $0.bytes(command) } }
    func encode(_ record: StoredRecord) -> [UInt8] { records.withLock { $0.bytes(record) } }

    func decodeCommand(_ bytes: [UInt8]) throws(DirectoryDecodeError) -> Command {
        try commands.withLock { numbers throws(DirectoryDecodeError) in try numbers.element(bytes) }
    }

    func decodeRecord(_ bytes: [UInt8]) throws(DirectoryDecodeError) -> StoredRecord {
        try records.withLock { numbers throws(DirectoryDecodeError) in try numbers.element(bytes) }
    }
}
