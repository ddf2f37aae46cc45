internal import Identity
internal import Kernel
internal import Keys
internal import Synchronization

/// Who this node is and who its peers are, shared by all connections. May be replaced at any moment.
final class Roster: Sendable {
    let local: LinkMember
    let lineage: Lineage
    private let peers: Mutex<[MemberID: LinkMember]>

    init(local: LinkMember, lineage: Lineage, members: [LinkMember]) {
        self.local = local
        self.lineage = lineage
        self.peers = Mutex(Self.table(members, without: local.id))
    }

    /// The own entry is ignored; of two with one id the last counts.
    func replace(with members: [LinkMember]) { peers.withLock { $0 = Self.table(members, without: local.id) } }

    func peer(_ id: MemberID) -> LinkMember? { peers.withLock { $0[id] } }
    var all: [LinkMember] { peers.withLock { Array($0.values) } }

    /// What a certificate must show to be one of the peers.
    var expectation: PeerVerifier.Expectation {
        .anyMember(Dictionary(grouping: all, by: \.name).mapValues { Set($0.map(\.keyFingerprint)) })
    }

    /// What this node says first.
    func hello(to receiver: MemberID) -> Hello {
        Hello(lineage: lineage, sender: local.id, senderName: local.name, receiver: receiver)
    }

    /// The member that sent a hello, if the certificate of its connection is that member's.
    func accept(_ hello: Hello, certificate: ParsedCertificate) throws(HelloRefusal) -> LinkMember {
        guard hello.lineage == lineage else { throw .wrongLineage }
        guard hello.receiver == local.id else { throw .wrongReceiver }
        guard let member = peer(hello.sender) else { throw .unknownSender }
        guard hello.senderName == member.name, certificate.spiffeID?.nodeName == member.name else { throw .wrongName }
        guard certificate.fingerprint == member.keyFingerprint else { throw .wrongKey }
        return member
    }

    private static func table(_ members: [LinkMember], without own: MemberID) -> [MemberID: LinkMember] {
        Dictionary(members.filter { $0.id != own }.map { ($0.id, $0) }) { _, last in last }
    }
}
