/// A consistent, key-ordered view of bytes: an LMDB transaction on a server, a sorted tree in the simulator.
///
/// Keys compare as unsigned bytes, shorter first. Reads are synchronous and see the writes made through the same view.
package protocol KeyValueView {
    func value(for key: [UInt8]) -> [UInt8]?

    /// The first entry whose key is at or after `key`, nil at the end.
    func first(atOrAfter key: [UInt8]) -> (key: [UInt8], value: [UInt8])?
}

/// A view that can be written. Nothing is visible to others, or durable, before the owner of the view commits it.
package protocol KeyValueTransaction: KeyValueView {
    mutating func set(_ value: [UInt8], for key: [UInt8])
    mutating func remove(_ key: [UInt8])
}

extension KeyValueView {
    /// Calls `body` with each entry whose key starts with `prefix` and is at or after `start`, in key order, until it
    /// returns false. `start` is ignored when it sorts before the prefix.
    package func scan(
        prefix: [UInt8],
        from start: [UInt8] = [],
        _ body: (_ key: [UInt8], _ value: [UInt8]) -> Bool
    ) {
        var cursor = start.lexicographicallyPrecedes(prefix) ? prefix : start
        while let entry = first(atOrAfter: cursor), entry.key.starts(with: prefix) {
            guard body(entry.key, entry.value) else { return }
            // The smallest key after this one.
            cursor = entry.key + [0]
        }
    }
}
