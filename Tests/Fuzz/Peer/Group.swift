import Consensus
import Directory
import Kernel
import Replica
import TestSupport
import Wire

/// Three members, two nodes that wait to be added, one of them as an edge, and the messages between them.
struct Group {
    static let members = (1...5).map { MemberID(high: 0, low: $0) }
    /// Where the edge stands among them.
    static let edge = 4
    static let lineage = Lineage(high: 7, low: 7)
    /// Of messages under way; more are lost.
    private static let capacity = 64

    var stations: [Station]
    private(set) var underWay: [Letter] = []
    /// A station that nothing reaches and that reaches nothing.
    var isolated: Int?
    private var submissions: UInt64 = 0

    /// A message and the member that the link has authenticated.
    struct Letter {
        let sender: MemberID
        let receiver: Int
        let message: PeerMessage
    }

    init() {
        let voters = Array(Self.members.prefix(3))
        let genesis = Genesis(
            lineage: Self.lineage,
            trustDomain: "reeve.test",
            voters: voters.map { Self.spec(of: $0) },
            administrator: AdministratorSpec(fingerprint: MemoryNode.administrator, name: "root")
        )
        let entry = genesis.firstEntry(codec: ProtobufCodec())
        stations = Self.members.map { member in
            let isVoter = voters.contains(member)
            return Station(
                member,
                lineage: Self.lineage,
                configuration: isVoter ? Configuration(voters: voters) : .empty,
                entries: isVoter ? [entry] : []
            )
        }
    }

    private static func spec(of member: MemberID) -> MemberSpec {
        MemberSpec(
            id: member,
            name: "n\(member.low)",
            raftAddress: "127.0.0.1:\(member.low)",
            apiAddresses: [],
            keyFingerprint: .of([UInt8(member.low)])
        )
    }

    /// The log names it, and it has got its state from another.
    mutating func beginEdge(from number: Int) {
        stations[Self.edge] = Station(edge: Self.members[Self.edge], lineage: Self.lineage, from: stations[number])
        step(Self.edge, .wake)
    }

    var leader: Int? { stations.firstIndex { $0.node.role == .leader } }
    var follower: Int? { stations.firstIndex { $0.node.role == .follower && $0.node.leader != nil } }

    mutating func step(_ number: Int, _ input: ReplicaNode.Input) { post(stations[number].step(input), from: number) }
    mutating func pass(_ number: Int, _ span: Span) { post(stations[number].pass(span), from: number) }
    mutating func work(_ number: Int, _ count: Int) { post(stations[number].work(count), from: number) }
    mutating func rot(_ number: Int, _ index: LogIndex) { post(stations[number].rot(index), from: number) }

    mutating func submit(
        _ body: CommandBody,
        by caller: Caller = .administrator(fingerprint: MemoryNode.administrator),
        at number: Int
    ) {
        submissions += 1
        let command = Command(
            caller: caller,
            authenticatedBy: Self.members[number],
            idempotencyKey: "fuzz-\(submissions)",
            notAfter: stations[number].now.wall.advanced(by: .seconds(60)),
            body: body
        )
        let submission = ReplicaNode.Submission(
            id: RequestID(submissions),
            command: ProtobufCodec().encode(command),
            level: command.clusterLevel,
            change: body.memberChange,
            deadline: stations[number].now.monotonic.advanced(by: .seconds(30))
        )
        step(number, .submit([submission]))
    }

    /// Takes a message off its way.
    mutating func take(_ place: Int) -> Letter? {
        underWay.isEmpty ? nil : underWay.remove(at: place % underWay.count)
    }

    /// - Parameter encoded: Through the codec of links: what a node sends can be read.
    mutating func deliver(_ letter: Letter, encoded: Bool = true) {
        if encoded {
            let message = try? PeerCodec.decode(PeerCodec.encode(letter.message))
            invariant(message == letter.message, "a message changes on its way: \(letter.message)")
        }
        step(letter.receiver, .receive(letter.message, from: letter.sender))
    }

    private mutating func post(_ sent: [Sent], from number: Int) {
        for sent in sent where underWay.count < Self.capacity {
            guard let receiver = Self.members.firstIndex(of: sent.to), isolated != receiver, isolated != number else {
                continue
            }
            underWay.append(Letter(sender: Self.members[number], receiver: receiver, message: sent.message))
        }
    }
}
