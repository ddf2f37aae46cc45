package import Consensus
package import Directory
package import Sealing

/// Bytes of what gossip carries. Decoding gives nil for what is none, never traps, and is bounded by the size of its input.
package protocol RecordCodec: Sendable {
    func encode(_ entry: Entry) -> [UInt8]
    func decodeEntry(_ bytes: [UInt8]) -> Entry?
    func encode(_ record: GossipRecord) -> [UInt8]
    func decodeRecord(_ bytes: [UInt8]) -> GossipRecord?
    func encode(_ proof: SnapshotProof) -> [UInt8]
    func decodeProof(_ bytes: [UInt8]) -> SnapshotProof?
}

/// What comes with the first piece of a state.
package struct SnapshotProof: Hashable, Sendable {
    /// Of the state's index.
    package let seal: Seal
    /// In force there. Of it the seal says who votes, and the state who else is a member.
    package let configuration: Configuration

    package init(seal: Seal, configuration: Configuration) {
        self.seal = seal
        self.configuration = configuration
    }
}

/// A record that every node is to have at once.
package enum GossipRecord: Hashable, Sendable {
    case seal(Seal)
    case transition(TransitionSeal)
    case statement(SignedStatement)
}
