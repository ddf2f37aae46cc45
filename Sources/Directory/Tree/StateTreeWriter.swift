internal import Kernel

/// Changes to rows on their way into the tree: bucket by bucket, then level by level, each node once.
struct StateTreeWriter {
    private struct Change {
        let bucket: UInt16
        let key: Digest
        /// Nil where the row is gone.
        let value: Digest?
    }

    /// A child whose digest changed.
    private struct Child {
        let index: UInt16
        let digest: Digest
    }

    private var changes: [Change] = []

    /// - Parameters:
    ///   - value: Nil where the row is gone.
    ///   - displaced: Of a row that is placed by its value, the value before, if there was one.
    mutating func note(_ key: [UInt8], value: [UInt8]?, displaced: [UInt8]?) {
        let isPlacedByValue = StateTree.isPlacedByValue(key)
        let digest = Digest.of(key)
        let bucket = isPlacedByValue && value == nil ? nil : StateTree.bucket(of: key, digest, value ?? [])
        if let bucket { changes.append(Change(bucket: bucket, key: digest, value: value.map { Digest.of($0) })) }
        guard let old = displaced.map({ StateTree.bucket(of: key, digest, $0) }), old != bucket else { return }
        changes.append(Change(bucket: old, key: digest, value: nil))
    }

    /// The order of the notes does not matter: they are sorted first.
    mutating func write(to base: inout some KeyValueTransaction) {
        changes.sort { ($0.bucket, $0.key) < ($1.bucket, $1.key) }
        var children = writeBuckets(to: &base)
        for level in stride(from: StateTree.levelCount - 1, through: 0, by: -1) {
            children = writeNodes(level: level, above: children, to: &base)
        }
        changes = []
    }

    private func writeBuckets(to base: inout some KeyValueTransaction) -> [Child] {
        var children: [Child] = []
        var start = changes.startIndex
        while start < changes.endIndex {
            let bucket = changes[start].bucket
            let end = changes[start...].firstIndex { $0.bucket != bucket } ?? changes.endIndex
            let key = StateTree.bucketKey(bucket)
            let merged = Self.merge(base.value(for: key), with: changes[start..<end])
            let digest = Self.store(merged, isEmpty: merged.count == 1, for: key, in: &base)
            children.append(Child(index: bucket, digest: digest))
            start = end
        }
        return children
    }

    /// Merges sorted changes into a bucket's sorted entries.
    private static func merge(_ row: [UInt8]?, with changes: ArraySlice<Change>) -> [UInt8] {
        let old = (row ?? [StateTree.bucketTag]).dropFirst()
        var merged: [UInt8] = [StateTree.bucketTag]
        merged.reserveCapacity(1 + old.count + changes.count * StateTree.entryByteCount)
        var position = old.startIndex
        for change in changes {
            let key = change.key.bytes
            while position + StateTree.entryByteCount <= old.endIndex {
                let entry = old[position..<position + StateTree.entryByteCount]
                let entryKey = entry.prefix(Digest.byteCount)
                if key.lexicographicallyPrecedes(entryKey) { break }
                position += StateTree.entryByteCount
                if entryKey.elementsEqual(key) { break }
                merged += entry
            }
            if let value = change.value {
                merged += key
                merged += value.bytes
            }
        }
        merged += old[position...]
        return merged
    }

    private func writeNodes(level: Int, above children: [Child], to base: inout some KeyValueTransaction) -> [Child] {
        var parents: [Child] = []
        var start = children.startIndex
        while start < children.endIndex {
            let index = children[start].index >> 4
            let end = children[start...].firstIndex { $0.index >> 4 != index } ?? children.endIndex
            let key = StateTree.nodeKey(level: level, index: index)
            var row = base.value(for: key) ?? Self.emptyNode
            // A row damaged on disk must not stop the process here: the wrong root that follows shows it.
            if row.count != Self.emptyNode.count { row = Self.emptyNode }
            for child in children[start..<end] { Self.replace(child, in: &row) }
            let isEmpty = row.dropFirst().allSatisfy { $0 == 0 }
            parents.append(Child(index: index, digest: Self.store(row, isEmpty: isEmpty, for: key, in: &base)))
            start = end
        }
        return parents
    }

    private static let emptyNode =
        [StateTree.nodeTag] + [UInt8](repeating: 0, count: StateTree.childCount * Digest.byteCount)

    private static func replace(_ child: Child, in row: inout [UInt8]) {
        let offset = 1 + Int(child.index & 15) * Digest.byteCount
        row.replaceSubrange(offset..<offset + Digest.byteCount, with: child.digest.bytes)
    }

    /// Writes or removes the row and gives its digest.
    private static func store(
        _ row: [UInt8],
        isEmpty: Bool,
        for key: [UInt8],
        in base: inout some KeyValueTransaction
    ) -> Digest {
        if isEmpty {
            base.remove(key)
            return .zero
        }
        base.set(row, for: key)
        return Digest.of(row)
    }
}
