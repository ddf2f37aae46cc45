import Directory
import Foundation
import Identity
import Kernel
import Keys

/// Where `cluster init` puts things.
struct ClusterFiles: Sendable {
    let root: URL

    /// The root key: needed to sign certificates, and never on a node.
    var offline: URL { root.appending(path: "offline") }
    var rootKey: URL { offline.appending(path: "root.key") }
    var rootCertificate: URL { root.appending(path: "roots.crt") }
    var administratorKey: URL { root.appending(path: "admin/admin.key") }
    var administratorCertificate: URL { root.appending(path: "admin/admin.crt") }
    var context: URL { root.appending(path: "context.yaml") }
    func node(_ name: String) -> URL { root.appending(path: "nodes/\(name)") }
}

/// Makes everything that a new cluster needs in a folder that does not exist yet.
struct ClusterMaker {
    let files: ClusterFiles
    let trustDomain: TrustDomain
    let nodes: [NodeArgument]
    let administrator: String
    let days: Int
    /// Of the root's and the administrator's key.
    let protection: PrivateKeyFile.Protection

    private static let rootDays = 3650
    /// Certificates count from a little in the past, for clocks that lag.
    private static let backdating = Span.seconds(300)

    private struct Member {
        let argument: NodeArgument
        let key: PrivateKey
        let spec: MemberSpec
    }

    func make() throws {
        try folder(files.offline)
        try folder(files.root.appending(path: "admin"))
        let rootKey = PrivateKey()
        let issuer = try CertificateIssuer.selfSigned(
            trustDomain: trustDomain,
            key: rootKey,
            validity: validity(days: Self.rootDays)
        )
        try PrivateKeyFile.create(files.rootKey.path(), key: rootKey, protection: protection)
        try write(issuer.certificate.pem + "\n", to: files.rootCertificate)
        let administratorKey = try makeAdministrator(issuer)
        let members = nodes.map { node in
            let key = PrivateKey()
            return Member(argument: node, key: key, spec: spec(node, key))
        }
        let genesis = GenesisFile(genesis: genesis(members, administratorKey))
        for member in members { try make(member, genesis, issuer) }
        try write(context.text, to: files.context)
    }

    private func makeAdministrator(_ issuer: CertificateIssuer) throws -> PrivateKey {
        let key = PrivateKey()
        let certificate = try issuer.issueClient(
            try SPIFFEID.administrator(administrator, in: trustDomain),
            publicKey: key.publicKey,
            validity: validity(days: days)
        )
        try PrivateKeyFile.create(files.administratorKey.path(), key: key, protection: protection)
        try write(certificate.pem + "\n", to: files.administratorCertificate)
        return key
    }

    private func spec(_ node: NodeArgument, _ key: PrivateKey) -> MemberSpec {
        let (high, low) = Self.randomUUID()
        return MemberSpec(
            id: MemberID(high: high, low: low),
            name: node.name,
            raftAddress: node.raft.description,
            apiAddresses: [node.admin.description, node.decisions.description],
            keyFingerprint: key.fingerprint
        )
    }

    private func genesis(_ members: [Member], _ administratorKey: PrivateKey) -> Genesis {
        let (high, low) = Self.randomUUID()
        return Genesis(
            lineage: Lineage(high: high, low: low),
            trustDomain: trustDomain.name,
            voters: members.map(\.spec),
            administrator: AdministratorSpec(fingerprint: administratorKey.fingerprint, name: administrator)
        )
    }

    private func make(_ member: Member, _ genesis: GenesisFile, _ issuer: CertificateIssuer) throws {
        let folder = files.node(member.argument.name)
        try self.folder(folder)
        let certificate = try issuer.issueNode(
            member.argument.name,
            publicKey: member.key.publicKey,
            hosts: member.argument.certificateHosts,
            validity: validity(days: days)
        )
        try PrivateKeyFile.create(
            folder.appending(path: "node.key").path(),
            key: member.key,
            protection: try nodeProtection(folder)
        )
        try write(certificate.pem + "\n", to: folder.appending(path: "node.crt"))
        try write(issuer.certificate.pem + "\n", to: folder.appending(path: "roots.crt"))
        try write(genesis.text, to: folder.appending(path: "genesis.json"))
        let template = NodeFile(node: member.argument, member: member.spec.id, isPlain: isPlain)
        try write(template.text, to: folder.appending(path: "node.yaml"))
    }

    /// A node must start without a person, so its passphrase is drawn here and lies in a file of its own, from where it
    /// can be moved to wherever the machine keeps secrets.
    private func nodeProtection(_ folder: URL) throws -> PrivateKeyFile.Protection {
        if isPlain { return .plainForDevelopment }
        let passphrase = (0..<4).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined(separator: "-")
        try write(passphrase + "\n", to: folder.appending(path: "passphrase"), mode: 0o600)
        return .encrypted(Passphrase(passphrase))
    }

    private var isPlain: Bool {
        switch protection {
        case .plainForDevelopment: true
        case .encrypted: false
        }
    }

    private var context: ClusterContext {
        ClusterContext(
            trustDomain: trustDomain.name,
            files: NodeCredentials.Files(certificate: "admin/admin.crt", key: "admin/admin.key", roots: "roots.crt"),
            allowPlainKey: isPlain,
            nodes: nodes.map {
                ClusterContext.Node(name: $0.name, admin: "https://\($0.admin)", decisions: "https://\($0.decisions)")
            }
        )
    }

    private func validity(days: Int) -> CertificateValidity {
        let start = WallTime.now.reduced(by: Self.backdating)
        return CertificateValidity(
            notBefore: start,
            notAfter: WallTime.now.advanced(by: .seconds(UInt64(days) * 86_400))
        )
    }

    private func folder(_ url: URL) throws {
        do {
            let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true, attributes: attributes)
        } catch {
            throw CommandError("cannot be made: \(error.localizedDescription)", at: url.path())
        }
    }

    private func write(_ text: String, to url: URL, mode: UInt32 = 0o644) throws {
        try KeyFiles.create(url.path(), mode: mode, bytes: Array(text.utf8))
    }

    /// RFC 9562 version 4.
    private static func randomUUID() -> (high: UInt64, low: UInt64) {
        let high = UInt64.random(in: .min ... .max) & ~0xf000 | 0x4000
        let low = UInt64.random(in: .min ... .max) & ~(3 << 62) | 2 << 62
        return (high, low)
    }
}
