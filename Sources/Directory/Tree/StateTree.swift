package import Kernel

/// The Merkle tree whose root stands for the whole state.
///
/// Rows fall into 65,536 buckets by the digest of their key. A bucket lists the digests of its keys and values, sorted;
/// above the buckets stand four levels of nodes with sixteen children each. Buckets and nodes are rows of the same
/// store, in tables of their own, so that a change touches one bucket and the four nodes above it. The digest of a row is
/// SHA-256 over its bytes; a bucket's begin with 0 and a node's with 1, so that one cannot pass for the other. What
/// is empty has no row and the digest zero.
///
/// Command records are put into buckets sixteen at a time, by index, and with them the rows that find them by idempotency
/// key and that keep these keys in order: a batch of commands then touches few buckets.
package enum StateTree {
    static let levelCount = 4
    static let childCount = 16
    static let entryByteCount = 2 * Digest.byteCount
    static let bucketTag: UInt8 = 0
    static let nodeTag: UInt8 = 1

    /// The root over all rows under `view`, as the tree's own rows give it. Zero for an empty state.
    package static func root(in view: some KeyValueView) -> Digest {
        view.value(for: nodeKey(level: 0, index: 0)).map { Digest.of($0) } ?? .zero
    }

    /// Computes the root from the rows alone, ignoring the tree's rows. Takes as long as reading the whole state.
    package static func recomputedRoot(of view: some KeyValueView) -> Digest {
        var buckets: [[Entry]] = Array(repeating: [], count: 1 << 16)
        view.scan(prefix: []) { key, value in
            guard isTracked(key) else { return false }
            let digest = Digest.of(key)
            buckets[Int(bucket(of: key, digest, value))].append(Entry(key: digest, value: Digest.of(value)))
            return true
        }
        var digests = buckets.map { entries -> Digest in
            guard !entries.isEmpty else { return .zero }
            return Digest.of(bucketBytes(entries.sorted { $0.key < $1.key }))
        }
        for _ in 0..<levelCount {
            digests = stride(from: 0, to: digests.count, by: childCount).map { start in
                let children = digests[start..<start + childCount]
                return children.allSatisfy { $0 == .zero } ? .zero : Digest.of(nodeBytes(children))
            }
        }
        return digests.first ?? .zero
    }

    static func isTracked(_ key: [UInt8]) -> Bool {
        guard let first = key.first else { return false }
        return first < Table.treeBucket.rawValue
    }

    /// - Parameter digest: Of the key.
    static func bucket(of key: [UInt8], _ digest: Digest, _ value: [UInt8]) -> UInt16 {
        let placing = group(of: key, value).map { Digest.of($0) } ?? digest
        return UInt16(placing.words.0 >> 48)
    }

    /// Whether a row's bucket depends on its value, so that a new value may move it.
    static func isPlacedByValue(_ key: [UInt8]) -> Bool { key.first == Table.retry.rawValue }

    /// What the rows of one command have in common with those of fifteen others: the command's index, in which the keys of
    /// some end, and which is the value of others. Nil for a row that its own key places.
    private static func group(of key: [UInt8], _ value: [UInt8]) -> [UInt8]? {
        let index: ArraySlice<UInt8>
        switch key.first {
        case Table.command.rawValue, Table.retryOrder.rawValue: index = key.suffix(8)
        case Table.retry.rawValue: index = value.suffix(8)
        default: return nil
        }
        guard let last = index.last else { return nil }
        return [Table.command.rawValue] + Array(index.dropLast()) + [last & 0xf0]
    }

    struct Entry {
        let key: Digest
        let value: Digest
    }

    static func bucketBytes(_ entries: [Entry]) -> [UInt8] {
        var bytes: [UInt8] = [bucketTag]
        bytes.reserveCapacity(1 + entries.count * entryByteCount)
        for entry in entries {
            bytes += entry.key.bytes
            bytes += entry.value.bytes
        }
        return bytes
    }

    private static func nodeBytes(_ children: some Sequence<Digest>) -> [UInt8] {
        children.reduce(into: [nodeTag]) { $0 += $1.bytes }
    }

    static func bucketKey(_ bucket: UInt16) -> [UInt8] {
        [Table.treeBucket.rawValue, UInt8(bucket >> 8), UInt8(truncatingIfNeeded: bucket)]
    }

    /// Level 0 is the root; a node at level 3 stands above sixteen buckets.
    static func nodeKey(level: Int, index: UInt16) -> [UInt8] {
        [Table.treeNode.rawValue, UInt8(level), UInt8(index >> 8), UInt8(truncatingIfNeeded: index)]
    }
}
