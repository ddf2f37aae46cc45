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

    /// The root of a state that came from somebody: nil unless the tree's rows are those that follow from the others, and nothing else is
    /// there. Takes as long as reading the whole state, and little memory.
    package static func checkedRoot(of view: some KeyValueView) -> Digest? {
        var isWhole = true
        var rowCount = 0
        view.scan(prefix: []) { key, value in
            guard isTracked(key) else { return false }
            rowCount += 1
            let digest = Digest.of(key)
            let row = view.value(for: bucketKey(bucket(of: key, digest, value))) ?? []
            isWhole = contains(row, digest, Digest.of(value))
            return isWhole
        }
        guard isWhole, let (digests, entryCount) = checkedBuckets(of: view), entryCount == rowCount else { return nil }
        return checkedNodes(of: view, above: digests)
    }

    /// The digest of each bucket, and how many rows they list; nil where something else is in their table.
    private static func checkedBuckets(of view: some KeyValueView) -> (digests: [Digest], entryCount: Int)? {
        var digests = [Digest](repeating: .zero, count: 1 << 16)
        var (isWhole, entryCount) = (true, 0)
        view.scan(prefix: [Table.treeBucket.rawValue]) { key, value in
            isWhole = key.count == 3 && isBucket(value)
            guard isWhole else { return false }
            digests[Int(key[1]) << 8 | Int(key[2])] = Digest.of(value)
            entryCount += value.count / entryByteCount
            return true
        }
        return isWhole ? (digests, entryCount) : nil
    }

    private static func checkedNodes(of view: some KeyValueView, above buckets: [Digest]) -> Digest? {
        var digests = buckets
        var nodeCount = 0
        for level in stride(from: levelCount - 1, through: 0, by: -1) {
            var parents: [Digest] = []
            for (index, start) in stride(from: 0, to: digests.count, by: childCount).enumerated() {
                let children = digests[start..<start + childCount]
                let isEmpty = children.allSatisfy { $0 == .zero }
                let row = isEmpty ? nil : nodeBytes(children)
                guard view.value(for: nodeKey(level: level, index: UInt16(index))) == row else { return nil }
                nodeCount += isEmpty ? 0 : 1
                parents.append(row.map { Digest.of($0) } ?? .zero)
            }
            digests = parents
        }
        // Nothing beside them, and nothing after them.
        view.scan(prefix: [], from: [Table.treeNode.rawValue]) { _, _ in
            nodeCount -= 1
            return nodeCount >= 0
        }
        return nodeCount == 0 ? digests.first : nil
    }

    /// Some entries in strict order.
    private static func isBucket(_ row: [UInt8]) -> Bool {
        guard row.first == bucketTag, row.count > 1, (row.count - 1) % entryByteCount == 0 else { return false }
        return stride(from: 1 + entryByteCount, to: row.count, by: entryByteCount).allSatisfy { start in
            row[start - entryByteCount..<start - Digest.byteCount]
                .lexicographicallyPrecedes(row[start..<start + Digest.byteCount])
        }
    }

    private static func contains(_ row: [UInt8], _ key: Digest, _ value: Digest) -> Bool {
        let entry = key.bytes + value.bytes
        var (low, high) = (0, row.count / entryByteCount)
        while low < high {
            let middle = (low + high) / 2
            let start = 1 + middle * entryByteCount
            guard start + entryByteCount <= row.count else { return false }
            let found = row[start..<start + entryByteCount]
            if found.elementsEqual(entry) { return true }
            if found.lexicographicallyPrecedes(entry) { low = middle + 1 } else { high = middle }
        }
        return false
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
