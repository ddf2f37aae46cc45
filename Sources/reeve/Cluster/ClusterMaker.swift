import Directory
import Foundation
import HTTPAPI
import Identity
import Kernel
import Keys
import Service

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

    /// Has everything made beside its place and moves it there at the end, so that a failure leaves nothing.
    func makeWhole<Made>(_ make: (ClusterFiles) throws -> Made) throws -> Made {
        let name = "\(root.lastPathComponent).part-\(UInt64.random(in: .min ... .max))"
        let part = ClusterFiles(root: root.deletingLastPathComponent().appending(path: name))
        do {
            let made = try make(part)
            try FileManager.default.moveItem(at: part.root, to: root)
            return made
        } catch {
            try? FileManager.default.removeItem(at: part.root)
            throw error
        }
    }
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

    private struct Member {
        let argument: NodeArgument
        let key: PrivateKey
        let spec: MemberSpec
    }

    func make() throws { try files.makeWhole(make) }

    private func make(in files: ClusterFiles) throws {
        try NodeFolder.create(files.offline)
        try NodeFolder.create(files.root.appending(path: "admin"))
        let rootKey = PrivateKey()
        let issuer = try CertificateIssuer.selfSigned(
            trustDomain: trustDomain,
            key: rootKey,
            validity: validity(days: Self.rootDays),
            pathLength: 1
        )
        try PrivateKeyFile.create(files.rootKey.filePath, key: rootKey, protection: protection)
        try write(issuer.certificate.pem + "\n", to: files.rootCertificate)
        let administratorKey = try AdministratorMaker(
            name: administrator,
            issuer: issuer,
            days: days,
            protection: protection
        ).make(in: files)
        let members = nodes.map { node in
            let key = PrivateKey()
            return Member(argument: node, key: key, spec: spec(node, key))
        }
        let genesis = GenesisFile(genesis: genesis(members, administratorKey))
        let maker = NodeMaker(issuer: issuer, days: days, isPlain: isPlain)
        for member in members {
            let node = NodeMaker.Node(
                argument: member.argument,
                member: member.spec,
                key: member.key,
                issuerKey: PrivateKey()
            )
            try maker.make(node, genesis: genesis, introducedBy: nil, in: files.node(member.argument.name))
        }
        try write(context.text, to: files.context)
    }

    private func spec(_ node: NodeArgument, _ key: PrivateKey) -> MemberSpec {
        MemberSpec(
            id: .random(),
            name: node.name,
            raftAddress: node.raft.description,
            apiAddresses: [node.admin.description, node.decisions.description],
            keyFingerprint: key.fingerprint
        )
    }

    private func genesis(_ members: [Member], _ administratorKey: PrivateKey) -> Genesis {
        let lineage = MemberID.random()
        return Genesis(
            lineage: Lineage(high: lineage.high, low: lineage.low),
            trustDomain: trustDomain.name,
            voters: members.map(\.spec),
            administrator: AdministratorSpec(fingerprint: administratorKey.fingerprint, name: administrator)
        )
    }

    private var isPlain: Bool {
        switch protection {
        case .plainForDevelopment: true
        case .encrypted: false
        }
    }

    private var context: ClusterContext { .made(trustDomain: trustDomain.name, nodes: nodes, isPlain: isPlain) }

    private func validity(days: Int) -> CertificateValidity { .made(days: days) }

    private func write(_ text: String, to url: URL) throws {
        try KeyFiles.create(url.filePath, mode: 0o644, bytes: Array(text.utf8))
    }
}

/// Makes the key and certificate of an administrator, in a folder that is there.
struct AdministratorMaker {
    let name: String
    let issuer: CertificateIssuer
    let days: Int
    let protection: PrivateKeyFile.Protection

    func make(in files: ClusterFiles) throws -> PrivateKey {
        let key = PrivateKey()
        let certificate = try issuer.issueClient(
            try SPIFFEID.administrator(name, in: issuer.trustDomain),
            publicKey: key.publicKey,
            validity: .made(days: days).within(issuer.certificate.validity)
        )
        try PrivateKeyFile.create(files.administratorKey.filePath, key: key, protection: protection)
        let text = Array((certificate.pem + "\n").utf8)
        try KeyFiles.create(files.administratorCertificate.filePath, mode: 0o644, bytes: text)
        return key
    }
}

extension CertificateValidity {
    /// Certificates count from a little in the past, for clocks that lag.
    private static let backdating = Span.seconds(300)

    /// From now on.
    static func made(days: Int) -> CertificateValidity {
        let now = WallTime.now
        return CertificateValidity(
            notBefore: now.reduced(by: backdating),
            notAfter: now.advanced(by: .seconds(UInt64(days) * 86_400))
        )
    }
}

extension ClusterContext {
    /// Where `ClusterFiles` has those of an administrator.
    static let standardFiles = NodeCredentials.Files(
        certificate: "admin/admin.crt",
        key: "admin/admin.key",
        roots: "roots.crt"
    )

    /// For the administrator of a cluster that has just been made.
    static func made(trustDomain: String, nodes: [NodeArgument], isPlain: Bool) -> ClusterContext {
        ClusterContext(
            trustDomain: trustDomain,
            files: standardFiles,
            allowPlainKey: isPlain,
            nodes: nodes.map {
                ClusterContext.Node(name: $0.name, admin: "https://\($0.admin)", decisions: "https://\($0.decisions)")
            }
        )
    }
}
