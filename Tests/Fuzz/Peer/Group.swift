import Consensus
import Directory
import Kernel
import Replica
import TestSupport
import Wire

/// Three nodes that have elected a leader and agreed on a command, and every frame that they sent on the way.
struct Group {
    static let members = (1...3).map { MemberID(high: 0, low: $0) }

    private(set) var stations: [Station]
    /// From whom, and its bytes.
    private(set) var frames: [(sender: Int, bytes: [UInt8])] = []

    init() {
        let specs = Self.members.enumerated().map { number, member in
            MemberSpec(
                id: member,
                name: "n\(number + 1)",
                raftAddress: "127.0.0.1:\(number + 1)",
                apiAddresses: [],
                keyFingerprint: .of([UInt8(number)])
            )
        }
        let genesis = Genesis(
            lineage: Lineage(high: 7, low: 7),
            trustDomain: "reeve.test",
            voters: specs,
            administrator: AdministratorSpec(fingerprint: MemoryNode.administrator, name: "root")
        )
        let configuration = Configuration(voters: Self.members)
        stations = Self.members.map { Station($0, genesis: genesis, configuration: configuration) }
        for round in 0..<400 {
            for number in stations.indices {
                deliver(stations[number].pass(.milliseconds(10)), from: number)
            }
            if round == 300, let leader { deliver(stations[leader].step(.submit([submission])), from: leader) }
        }
        invariant(leader != nil, "three nodes elect a leader within four seconds")
    }

    var leader: Int? { stations.firstIndex { $0.node.role == .leader } }
    var follower: Int? { stations.firstIndex { $0.node.role == .follower } }

    private var submission: ReplicaNode.Submission {
        let command = Command(
            caller: .administrator(fingerprint: MemoryNode.administrator),
            authenticatedBy: Self.members[leader ?? 0],
            idempotencyKey: "fuzz",
            notAfter: MemoryNode.start.advanced(by: .seconds(60)),
            body: .put(.role(RoleSpec(name: "reader")), .none)
        )
        return ReplicaNode.Submission(
            id: RequestID(1),
            command: ProtobufCodec().encode(command),
            deadline: Instant(microseconds: .max)
        )
    }

    private mutating func deliver(_ sent: [Station.Sent], from sender: Int) {
        var queue = sent.map { (sender: sender, sent: $0) }
        while !queue.isEmpty {
            let (sender, sent) = queue.removeFirst()
            frames.append((sender, PeerCodec.encode(sent.message)))
            guard let receiver = Self.members.firstIndex(of: sent.to) else { continue }
            let answers = stations[receiver].step(.receive(sent.message, from: Self.members[sender]))
            queue += answers.map { (receiver, $0) }
        }
    }
}
