internal import Kernel

/// An ordered map of bytes in memory whose copies are cheap: copies share every leaf that neither has changed.
///
/// Two levels: a sorted array of leaves, each a sorted array of pairs. That is enough for the tens of thousands of
/// pairs that a simulated directory has.
package struct SortedStore: KeyValueTransaction, Sendable {
    private struct Pair: Sendable {
        let key: [UInt8]
        var value: [UInt8]
    }

    /// No leaf is empty; keys ascend strictly, across leaves too.
    private var leaves: [[Pair]] = []
    private static let leafLimit = 64

    package private(set) var count = 0

    package init() {}

    package func value(for key: [UInt8]) -> [UInt8]? {
        guard let place = place(atOrAfter: key), leaves[place.leaf][place.pair].key == key else { return nil }
        return leaves[place.leaf][place.pair].value
    }

    package func first(atOrAfter key: [UInt8]) -> (key: [UInt8], value: [UInt8])? {
        guard let place = place(atOrAfter: key) else { return nil }
        let pair = leaves[place.leaf][place.pair]
        return (pair.key, pair.value)
    }

    package mutating func set(_ value: [UInt8], for key: [UInt8]) {
        guard !leaves.isEmpty else {
            leaves = [[Pair(key: key, value: value)]]
            count = 1
            return
        }
        let leaf = min(leafIndex(for: key), leaves.count - 1)
        let pair = Self.lowerBound(of: key, in: leaves[leaf])
        if pair < leaves[leaf].count, leaves[leaf][pair].key == key {
            leaves[leaf][pair].value = value
            return
        }
        leaves[leaf].insert(Pair(key: key, value: value), at: pair)
        count += 1
        if leaves[leaf].count > Self.leafLimit { splitLeaf(leaf) }
    }

    package mutating func remove(_ key: [UInt8]) {
        guard let place = place(atOrAfter: key), leaves[place.leaf][place.pair].key == key else { return }
        leaves[place.leaf].remove(at: place.pair)
        count -= 1
        if leaves[place.leaf].isEmpty { leaves.remove(at: place.leaf) }
    }

    package func forEach(_ body: (_ key: [UInt8], _ value: [UInt8]) -> Void) {
        for leaf in leaves {
            for pair in leaf { body(pair.key, pair.value) }
        }
    }

    private mutating func splitLeaf(_ leaf: Int) {
        let half = leaves[leaf].count / 2
        let upper = Array(leaves[leaf][half...])
        leaves[leaf].removeSubrange(half...)
        leaves.insert(upper, at: leaf + 1)
    }

    private func place(atOrAfter key: [UInt8]) -> (leaf: Int, pair: Int)? {
        let leaf = leafIndex(for: key)
        guard leaf < leaves.count else { return nil }
        // The leaf's last key is at or after the wanted one, so the pair is within it.
        return (leaf, Self.lowerBound(of: key, in: leaves[leaf]))
    }

    /// The first leaf whose last key is at or after `key`.
    private func leafIndex(for key: [UInt8]) -> Int {
        var low = 0
        var high = leaves.count
        while low < high {
            let middle = (low + high) / 2
            if let last = leaves[middle].last, last.key.precedes(key) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func lowerBound(of key: [UInt8], in leaf: [Pair]) -> Int {
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
    fileprivate func precedes(_ other: [UInt8]) -> Bool {
        let shared = Swift.min(count, other.count)
        var offset = 0
        while offset < shared {
            if self[offset] != other[offset] { return self[offset] < other[offset] }
            offset += 1
        }
        return count < other.count
    }
}
