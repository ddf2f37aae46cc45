internal import Identity
internal import Kernel
internal import Keys
internal import Synchronization

/// Who this node is and who its peers are, shared by all connections. May be replaced at any moment.
final class Roster: Sendable {
    private struct Peers {
        let members: [MemberID: LinkMember]
        let dialled: Set<MemberID>?
        let admission: PeerAdmission
        /// Built once, and not for each of a thousand members' connections.
        let expectation: PeerVerifier.Expectation

        /// The own entry is ignored; of two with one id the last counts.
        init(_ roster: LinkRoster, without own: MemberID) {
            members = Dictionary(roster.members.filter { $0.id != own }.map { ($0.id, $0) }) { _, last in last }
            dialled = roster.dialled
            admission = PeerAdmission(
                members: roster.members.map(\.id).filter { $0 != own },
                instances: roster.instances,
                former: roster.former.map(\.id)
            )
            let keys =
                members.values.map { ($0.name, $0.keyFingerprint) }
                + roster.former.map { ($0.name, $0.keyFingerprint) }
            expectation = .anyMember(Dictionary(grouping: keys, by: \.0).mapValues { Set($0.map(\.1)) })
        }
    }

    let local: LinkMember
    let lineage: Lineage
    /// Names this node's data directory.
    private let instance: Digest
    private let peers: Mutex<Peers>

    init(local: LinkMember, lineage: Lineage, instance: Digest, roster: LinkRoster) {
        self.local = local
        self.lineage = lineage
        self.instance = instance
        self.peers = Mutex(Peers(roster, without: local.id))
    }

    func replace(with roster: LinkRoster) { peers.withLock { $0 = Peers(roster, without: local.id) } }

    func peer(_ id: MemberID) -> LinkMember? { peers.withLock { $0.members[id] } }
    var all: [LinkMember] { peers.withLock { Array($0.members.values) } }

    /// To whom this node sends frames.
    var dialled: [LinkMember] {
        peers.withLock { peers in peers.members.values.filter { peers.dialled?.contains($0.id) ?? true } }
    }

    /// Whether a member may come from this data directory.
    func admits(_ instance: Digest, of member: MemberID) -> Bool {
        peers.withLock { $0.admission.admits(instance, of: member) }
    }

    /// What a certificate must show to be one of the peers, or somebody who is to be told that it is none.
    var expectation: PeerVerifier.Expectation { peers.withLock { $0.expectation } }

    /// What this node says first.
    func hello(to receiver: MemberID) -> Hello {
        Hello(lineage: lineage, sender: local.id, senderName: local.name, instance: instance, receiver: receiver)
    }

    /// The member that sent a hello, if the certificate of its connection is that member's.
    func accept(_ hello: Hello, certificate: ParsedCertificate) throws(HelloRefusal) -> LinkMember {
        guard hello.lineage == lineage else { throw .wrongLineage }
        guard hello.receiver == local.id else { throw .wrongReceiver }
        guard let member = peer(hello.sender) else { throw refusal(of: hello.sender) }
        guard hello.senderName == member.name, certificate.spiffeID?.nodeName == member.name else { throw .wrongName }
        guard certificate.fingerprint == member.keyFingerprint else { throw .wrongKey }
        guard admits(hello.instance, of: member.id) else { throw .otherInstance }
        return member
    }

    private func refusal(of stranger: MemberID) -> HelloRefusal {
        switch peers.withLock({ $0.admission.refusal(of: stranger) }) {
        case .removed: .removed
        case .unknown, .otherInstance, nil: .unknownSender
        }
    }
}
