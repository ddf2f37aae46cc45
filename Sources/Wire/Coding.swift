internal import FoundationEssentials
internal import Kernel
internal import SwiftProtobuf

/// How deep messages may nest: twice what the deepest permitted attribute needs, and little for a thread's stack.
private let maxDepth = 256

/// Parses without a trap on any input. Unknown fields are dropped: whoever may send new ones asks the feature level first.
func parse<Proto: SwiftProtobuf.Message>(_ bytes: [UInt8], as type: Proto.Type) throws(WireError) -> Proto {
    var options = BinaryDecodingOptions()
    options.discardUnknownFields = true
    options.messageDepthLimit = maxDepth
    do {
        return try Proto(serializedBytes: bytes, options: options)
    } catch {
        throw .malformed(Proto.protoMessageName)
    }
}

/// Deterministic: fields in the order of their numbers, no maps in any schema.
func serialise(_ proto: some SwiftProtobuf.Message) -> [UInt8] {
    do {
        return try proto.serializedBytes()
    } catch {
        invariant(false, "a proto3 message of less than 2 GiB always encodes: \(error)")
        return []
    }
}

/// The largest number accepted where the next one will be computed, so that no sum on it overflows.
private let largestCounter = UInt64(Int64.max)

func counter(_ number: UInt64, _ field: String) throws(WireError) -> UInt64 {
    guard number <= largestCounter else { throw .invalid(field, reason: "\(number) is past \(largestCounter)") }
    return number
}

func digest(_ data: Data, _ field: String) throws(WireError) -> Digest {
    guard let digest = Digest(bytes: data) else {
        throw .invalid(field, reason: "\(data.count) bytes instead of \(Digest.byteCount)")
    }
    return digest
}

func bounded(_ data: Data, to limit: Int, _ field: String) throws(WireError) -> [UInt8] {
    guard data.count <= limit else {
        throw .invalid(field, reason: "\(data.count) bytes, more than \(limit)")
    }
    return [UInt8](data)
}

func digests(_ list: [Data], _ field: String) throws(WireError) -> [Digest] {
    var digests: [Digest] = []
    for data in list { digests.append(try digest(data, field)) }
    return digests
}
