package import Consensus
internal import FoundationEssentials
internal import Kernel
internal import SwiftProtobuf

/// Bytes of the values of `Consensus`, as peers send them and stores keep them. Protocol Buffers, `Proto/raft.proto`.
///
/// Encoding is deterministic. Decoding checks every field and never traps: what it returns encodes again to an equal
/// value, its digests have their length, its counters have successors, and its entries are contiguous. What needs
/// knowledge of the log (hashes of the chain, terms, membership) is checked by `RaftNode` and by the stores.
package enum RaftCodec {
    /// The largest command that is decoded. Above the limit of proposals, so that that limit can be raised by a setting.
    package static let maxCommandBytes = 1 << 20
    /// The largest chunk of a snapshot that is decoded.
    package static let maxChunkBytes = 8 << 20

    package static func encode(_ message: Consensus.Message) -> [UInt8] { serialise(ProtoMessage(message)) }
    package static func encode(_ entry: Entry) -> [UInt8] { serialise(ProtoEntry(entry)) }
    package static func encode(_ state: HardState) -> [UInt8] { serialise(ProtoHardState(state)) }
    package static func encode(_ point: SnapshotPoint) -> [UInt8] { serialise(ProtoSnapshotPoint(point)) }
    package static func encode(_ configuration: Configuration) -> [UInt8] {
        serialise(ProtoConfiguration(configuration))
    }

    package static func encode(_ change: ConfigurationChange) -> [UInt8] {
        serialise(ProtoConfigurationChange(change))
    }

    package static func decodeConfigurationChange(_ bytes: [UInt8]) throws(WireError) -> ConfigurationChange {
        try parse(bytes, as: ProtoConfigurationChange.self).value()
    }

    package static func decodeMessage(_ bytes: [UInt8]) throws(WireError) -> Consensus.Message {
        try parse(bytes, as: ProtoMessage.self).value()
    }

    package static func decodeEntry(_ bytes: [UInt8]) throws(WireError) -> Entry {
        try parse(bytes, as: ProtoEntry.self).value()
    }

    package static func decodeHardState(_ bytes: [UInt8]) throws(WireError) -> HardState {
        try parse(bytes, as: ProtoHardState.self).value()
    }

    package static func decodeSnapshotPoint(_ bytes: [UInt8]) throws(WireError) -> SnapshotPoint {
        try parse(bytes, as: ProtoSnapshotPoint.self).value()
    }

    package static func decodeConfiguration(_ bytes: [UInt8]) throws(WireError) -> Configuration {
        try parse(bytes, as: ProtoConfiguration.self).value()
    }
}
