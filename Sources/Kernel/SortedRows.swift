/// Rows in the order of their keys, as unsigned bytes, whose copies are cheap: copies share every leaf that neither has changed.
///
/// A row's value may be nil, for a key of which something is to be said but that has no value.
///
/// Two levels: a sorted array of leaves, each a sorted array of rows. That is enough for some hundred thousand rows.
package struct SortedRows: Sendable {
    package typealias Row = (key: [UInt8], value: [UInt8]?)

    /// No leaf is empty; keys ascend strictly, across leaves too.
    private var leaves: [Leaf] = []
    /// The last key of each leaf, so that a search touches one leaf alone.
    private var lastKeys = SortedKeys()
    private static let leafLimit = 64

    package private(set) var count = 0

    package init() {}

    package func row(for key: [UInt8]) -> Row? {
        guard let row = first(atOrAfter: key), row.key == key else { return nil }
        return row
    }

    package func first(atOrAfter key: [UInt8]) -> Row? {
        let leaf = lastKeys.lowerBound(of: key)
        guard leaf < leaves.count else { return nil }
        // The leaf's last key is at or after the wanted one, so the row is within it.
        return leaves[leaf].row(at: leaves[leaf].keys.lowerBound(of: key))
    }

    /// - Returns: What was there before.
    @discardableResult
    package mutating func set(_ value: [UInt8]?, for key: [UInt8]) -> Row? {
        guard !leaves.isEmpty else {
            leaves.append(Leaf())
            leaves[0].insert(key, value, at: 0)
            lastKeys.insert(key, at: 0)
            count = 1
            return nil
        }
        let leaf = min(lastKeys.lowerBound(of: key), leaves.count - 1)
        let row = leaves[leaf].keys.lowerBound(of: key)
        if row < leaves[leaf].count, leaves[leaf].keys[row] == key {
            return (key, leaves[leaf].replaceValue(at: row, with: value))
        }
        leaves[leaf].insert(key, value, at: row)
        if row == leaves[leaf].count - 1 { lastKeys.replace(at: leaf, with: key) }
        count += 1
        if leaves[leaf].count > Self.leafLimit { splitLeaf(leaf) }
        return nil
    }

    /// - Returns: What was there.
    @discardableResult
    package mutating func remove(_ key: [UInt8]) -> Row? {
        let leaf = lastKeys.lowerBound(of: key)
        guard leaf < leaves.count else { return nil }
        let row = leaves[leaf].keys.lowerBound(of: key)
        guard leaves[leaf].keys[row] == key else { return nil }
        let removed = leaves[leaf].remove(at: row)
        count -= 1
        if let last = leaves[leaf].keys.last {
            lastKeys.replace(at: leaf, with: last)
        } else {
            leaves.remove(at: leaf)
            lastKeys.remove(at: leaf)
        }
        return removed
    }

    package func forEach<Failure: Error>(_ body: (Row) throws(Failure) -> Void) throws(Failure) {
        for leaf in leaves {
            for row in 0..<leaf.count { try body(leaf.row(at: row)) }
        }
    }

    private mutating func splitLeaf(_ leaf: Int) {
        let upper = leaves[leaf].split(at: leaves[leaf].count / 2)
        leaves.insert(upper, at: leaf + 1)
        if let last = leaves[leaf].keys.last { lastKeys.insert(last, at: leaf) }
    }
}

/// Some neighbouring rows.
private struct Leaf: Sendable {
    private(set) var keys = SortedKeys()
    private var values: [[UInt8]?] = []

    var count: Int { values.count }

    func row(at place: Int) -> SortedRows.Row { (keys[place], values[place]) }

    mutating func insert(_ key: [UInt8], _ value: [UInt8]?, at place: Int) {
        keys.insert(key, at: place)
        values.insert(value, at: place)
    }

    /// - Returns: The value before.
    mutating func replaceValue(at place: Int, with value: [UInt8]?) -> [UInt8]? {
        let old = values[place]
        values[place] = value
        return old
    }

    mutating func remove(at place: Int) -> SortedRows.Row { (keys.remove(at: place), values.remove(at: place)) }

    /// - Returns: The rows from there on, which are in this leaf no more.
    mutating func split(at place: Int) -> Leaf {
        var upper = Leaf()
        upper.keys = keys.split(at: place)
        upper.values = Array(values[place...])
        values.removeSubrange(place...)
        return upper
    }
}

/// Keys in their order, as unsigned bytes, with the first eight bytes of each beside: a search looks at these, which lie side by
/// side, and at a key itself only where they do not tell.
private struct SortedKeys: Sendable {
    private var keys: [[UInt8]] = []
    private var beginnings: [UInt64] = []

    var last: [UInt8]? { keys.last }

    subscript(place: Int) -> [UInt8] { keys[place] }

    /// Where the first key is that is not before this one.
    func lowerBound(of key: [UInt8]) -> Int {
        let beginning = Self.beginning(of: key)
        var low = 0
        var high = beginnings.count
        while low < high {
            let middle = (low + high) / 2
            let other = beginnings[middle]
            let isBefore = other == beginning ? keys[middle].precedes(key) : other < beginning
            if isBefore { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func insert(_ key: [UInt8], at place: Int) {
        keys.insert(key, at: place)
        beginnings.insert(Self.beginning(of: key), at: place)
    }

    mutating func replace(at place: Int, with key: [UInt8]) {
        keys[place] = key
        beginnings[place] = Self.beginning(of: key)
    }

    @discardableResult
    mutating func remove(at place: Int) -> [UInt8] {
        beginnings.remove(at: place)
        return keys.remove(at: place)
    }

    /// - Returns: The keys from there on, which are among these no more.
    mutating func split(at place: Int) -> SortedKeys {
        var upper = SortedKeys()
        upper.keys = Array(keys[place...])
        upper.beginnings = Array(beginnings[place...])
        keys.removeSubrange(place...)
        beginnings.removeSubrange(place...)
        return upper
    }

    /// As a number of the same order: a key that is shorter goes on with zeros, and is compared itself with what equals that.
    private static func beginning(of key: [UInt8]) -> UInt64 {
        guard key.count < 8 else {
            let bytes = unsafe key.span.bytes
            return UInt64(bigEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self))
        }
        var number: UInt64 = 0
        for byte in key { number = number << 8 | UInt64(byte) }
        return key.isEmpty ? 0 : number << UInt64(8 * (8 - key.count))
    }
}

extension [UInt8] {
    /// Eight bytes at a time, since keys have long beginnings in common.
    fileprivate func precedes(_ other: [UInt8]) -> Bool {
        let own = unsafe span.bytes
        let others = unsafe other.span.bytes
        let shared = Swift.min(count, other.count)
        var offset = 0
        while offset + 8 <= shared {
            let word = unsafe own.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let otherWord = unsafe others.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            if word != otherWord { return word.bigEndian < otherWord.bigEndian }
            offset += 8
        }
        while offset < shared {
            if self[offset] != other[offset] { return self[offset] < other[offset] }
            offset += 1
        }
        return count < other.count
    }
}
