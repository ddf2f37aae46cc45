package import Consensus
internal import Directory
package import Replica
internal import Sealing
internal import SwiftProtobuf

/// Bytes of what gossip carries, as this program writes them.
///
/// One value has one encoding, and nothing else decodes: what floods goes by the hash of its bytes, so that a relay which found
/// other bytes for the same seal or statement could have each of them flood anew.
package struct WireRecordCodec: RecordCodec {
    package init() {}

    package func encode(_ entry: Entry) -> [UInt8] { RaftCodec.encode(entry) }
    package func encode(_ record: GossipRecord) -> [UInt8] { serialise(ProtoGossipRecord(record)) }

    package func decodeEntry(_ bytes: [UInt8]) -> Entry? { decode(bytes, as: ProtoEntry.self) }
    package func decodeRecord(_ bytes: [UInt8]) -> GossipRecord? { decode(bytes, as: ProtoGossipRecord.self) }

    package func encode(_ proof: SnapshotProof) -> [UInt8] { serialise(ProtoSnapshotProof(proof)) }
    package func decodeProof(_ bytes: [UInt8]) -> SnapshotProof? { decode(bytes, as: ProtoSnapshotProof.self) }

    private func decode<Proto: SwiftProtobuf.Message & ProtoConvertible>(
        _ bytes: [UInt8],
        as type: Proto.Type
    ) -> Proto.Value? {
        guard let value = try? parse(bytes, as: type).value(), serialise(Proto(value)) == bytes else { return nil }
        return value
    }
}

extension ProtoSnapshotProof: ProtoConvertible {
    init(_ proof: SnapshotProof) {
        seal = ProtoSeal(proof.seal)
        configuration = ProtoConfiguration(proof.configuration)
    }

    func value() throws(WireError) -> SnapshotProof {
        guard hasSeal, hasConfiguration else { throw .missing("snapshot.proof") }
        return SnapshotProof(seal: try seal.value(), configuration: try configuration.value())
    }
}

extension ProtoGossipRecord: ProtoConvertible {
    init(_ record: GossipRecord) {
        switch record {
        case .seal(let seal): self.record = .seal(ProtoSeal(seal))
        case .transition(let transition): self.record = .transition(ProtoTransitionSeal(transition))
        case .statement(let signed): self.record = .statement(ProtoSignedStatement(signed))
        }
    }

    func value() throws(WireError) -> GossipRecord {
        switch record {
        case .seal(let seal): return .seal(try seal.value())
        case .transition(let transition): return .transition(try transition.value())
        case .statement(let signed): return .statement(try signed.value())
        case nil: throw .missing("gossip.record")
        }
    }
}
