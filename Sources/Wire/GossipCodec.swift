package import Gossip
internal import Kernel
internal import SwiftProtobuf

/// Bytes of what neighbours in the overlay say to each other: Protocol Buffers, `Proto/gossip.proto`.
///
/// Bounds are those of `GossipOptions`, as every node has them.
package enum GossipCodec {
    static let options = GossipOptions()

    package static func encode(_ message: Gossip.Message) -> [UInt8] { serialise(ProtoGossipMessage(message)) }

    package static func decode(_ bytes: [UInt8]) throws(WireError) -> Gossip.Message {
        let message = try parse(bytes, as: ProtoGossipMessage.self).value()
        // Budgets go by what a message says of its size, so that nothing must hide in fields which nobody reads.
        guard bytes.count <= 2 * message.byteCount + 64 else {
            throw .invalid("gossip", reason: "\(bytes.count) bytes say no more than \(message.byteCount) could")
        }
        return message
    }
}
