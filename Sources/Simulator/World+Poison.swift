internal import Consensus
internal import Directory
internal import Kernel
internal import Replica
internal import Wire

/// Commands that would stop every node that applied them.
extension World {
    mutating func poison(_ poison: Poison, at node: Int) throws(Violation) {
        switch poison.path {
        case .client: try submit(badCommand(poison.command, at: node), ofItsOwn: node, within: .seconds(2))
        case .peers: forwardPoison(poison.command, from: node)
        }
    }

    private func badCommand(_ kind: Poison.Command, at node: Int) -> Command {
        Command(
            featureLevel: kind == .tooNew ? Self.unknownLevel : .first,
            caller: .administrator(fingerprint: Self.administrator),
            authenticatedBy: members[node],
            idempotencyKey: "poison-\(now.microseconds)",
            notAfter: VirtualClock.trueWall(at: now).advanced(by: .seconds(3600)),
            body: .put(.resource(ResourceSpec(id: population.documents[0], attributes: attributes(for: kind))), .none)
        )
    }

    private static let unknownLevel = FeatureLevel(FeatureLevel.supported.number + 1)

    /// Deeper than any codec reads, for a client has no other way to what does not decode.
    private func attributes(for kind: Poison.Command) -> Attributes {
        guard kind == .undecodable else { return [:] }
        var value = AttributeValue.long(0)
        for _ in 0..<1000 { value = .set([value]) }
        return [Population.valueAttribute: value]
    }

    /// Links know the sender, and nothing of what it sends.
    private mutating func forwardPoison(_ kind: Poison.Command, from node: Int) {
        guard let leader, leader != node else {
            return record(.client("nobody to forward to"), node: node)
        }
        let bytes =
            switch kind {
            case .undecodable: Array("no command".utf8)
            case .tooNew: options.codec.encode(badCommand(kind, at: node))
            }
        let body = PeerMessage.Body.forward(RequestID(now.microseconds), command: bytes)
        let message = PeerMessage(stamp: machines[node].clock.wall(at: now), body: body)
        post(message, as: .bytes(PeerCodec.encode(message)), from: node, to: leader, isForged: true)
    }
}
