/// Rows in the order of their keys, as unsigned bytes, whose copies are cheap: copies share every leaf that neither has changed.
///
/// A row's value may be nil, for a key of which something is to be said but that has no value.
///
/// Two levels: a sorted array of leaves, each a sorted array of rows. That is enough for some hundred thousand rows.
package struct SortedRows: Sendable {
    package typealias Row = (key: [UInt8], value: [UInt8]?)

    /// No leaf is empty; keys ascend strictly, across leaves too.
    private var leaves: [[Row]] = []
    /// The last key of each leaf, so that a search touches one leaf alone.
    private var lastKeys: [[UInt8]] = []
    private static let leafLimit = 64

    package private(set) var count = 0

    package init() {}

    package func row(for key: [UInt8]) -> Row? {
        guard let row = first(atOrAfter: key), row.key == key else { return nil }
        return row
    }

    package func first(atOrAfter key: [UInt8]) -> Row? {
        guard let place = place(atOrAfter: key) else { return nil }
        return leaves[place.leaf][place.row]
    }

    /// - Returns: What was there before.
    @discardableResult
    package mutating func set(_ value: [UInt8]?, for key: [UInt8]) -> Row? {
        guard let last = lastKeys.last else {
            leaves = [[(key, value)]]
            lastKeys = [key]
            count = 1
            return nil
        }
        let leaf = last.precedes(key) ? leaves.count - 1 : leafIndex(for: key)
        let row = Self.lowerBound(of: key, in: leaves[leaf])
        if row < leaves[leaf].count, leaves[leaf][row].key == key {
            let old = leaves[leaf][row]
            leaves[leaf][row].value = value
            return old
        }
        leaves[leaf].insert((key, value), at: row)
        if row == leaves[leaf].count - 1 { lastKeys[leaf] = key }
        count += 1
        if leaves[leaf].count > Self.leafLimit { splitLeaf(leaf) }
        return nil
    }

    /// - Returns: What was there.
    @discardableResult
    package mutating func remove(_ key: [UInt8]) -> Row? {
        guard let (leaf, row) = place(atOrAfter: key), leaves[leaf][row].key == key else { return nil }
        let removed = leaves[leaf].remove(at: row)
        count -= 1
        if let last = leaves[leaf].last {
            lastKeys[leaf] = last.key
        } else {
            leaves.remove(at: leaf)
            lastKeys.remove(at: leaf)
        }
        return removed
    }

    package func forEach<Failure: Error>(_ body: (Row) throws(Failure) -> Void) throws(Failure) {
        for leaf in leaves {
            for row in leaf { try body(row) }
        }
    }

    private mutating func splitLeaf(_ leaf: Int) {
        let half = leaves[leaf].count / 2
        let upper = Array(leaves[leaf][half...])
        leaves[leaf].removeSubrange(half...)
        leaves.insert(upper, at: leaf + 1)
        lastKeys.insert(leaves[leaf][half - 1].key, at: leaf)
    }

    private func place(atOrAfter key: [UInt8]) -> (leaf: Int, row: Int)? {
        let leaf = leafIndex(for: key)
        guard leaf < leaves.count else { return nil }
        // The leaf's last key is at or after the wanted one, so the row is within it.
        return (leaf, Self.lowerBound(of: key, in: leaves[leaf]))
    }

    /// The first leaf whose last key is at or after `key`.
    private func leafIndex(for key: [UInt8]) -> Int {
        var low = 0
        var high = lastKeys.count
        while low < high {
            let middle = (low + high) / 2
            if lastKeys[middle].precedes(key) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func lowerBound(of key: [UInt8], in leaf: [Row]) -> Int {
        var low = 0
        var high = leaf.count
        while low < high {
            let middle = (low + high) / 2
            if leaf[middle].key.precedes(key) { low = middle + 1 } else { high = middle }
        }
        return low
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
