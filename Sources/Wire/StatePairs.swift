internal import FoundationEssentials
internal import SwiftProtobuf

/// A run of key/value pairs of the replicated state, as a chunk of a snapshot holds it. `Proto/state.proto`.
package struct StatePairs: Hashable, Sendable {
    package struct Pair: Hashable, Sendable {
        package let key: [UInt8]
        package let value: [UInt8]

        package init(key: [UInt8], value: [UInt8]) {
            self.key = key
            self.value = value
        }

        /// An upper bound of what the pair takes in an encoded run.
        package var encodedByteCount: Int { key.count + value.count + 18 }
    }

    package var pairs: [Pair]

    package init(pairs: [Pair] = []) { self.pairs = pairs }

    package func encoded() -> [UInt8] {
        var proto = ProtoStatePairs()
        proto.pairs = pairs.map { pair in
            .with {
                $0.key = Data(pair.key)
                $0.value = Data(pair.value)
            }
        }
        return serialise(proto)
    }

    /// Keys ascend strictly and are not empty.
    package init(encoded bytes: [UInt8]) throws(WireError) {
        let proto = try parse(bytes, as: ProtoStatePairs.self)
        pairs = proto.pairs.map { Pair(key: [UInt8]($0.key), value: [UInt8]($0.value)) }
        guard pairs.first?.key.isEmpty != true else { throw .invalid("pairs.key", reason: "empty") }
        guard zip(pairs, pairs.dropFirst()).allSatisfy({ $0.key.lexicographicallyPrecedes($1.key) }) else {
            throw .invalid("pairs.key", reason: "not strictly ascending")
        }
    }
}
