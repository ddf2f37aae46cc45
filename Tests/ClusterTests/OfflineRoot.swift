import ClusterSupport
import Foundation
import Identity
import Kernel
import Keys
import Testing

/// The cluster's own root, issuing certificates for keys that exist.
struct OfflineRoot {
    /// Of one that ended an hour ago.
    static let past = CertificateValidity(notBefore: ahead(-7200), notAfter: ahead(-3600))

    private let folder: URL
    private let issuer: CertificateIssuer

    init(of cluster: TestCluster) throws {
        folder = cluster.folder
        let root = try ParsedCertificate.load(folder.appending(path: "roots.crt").path())
        issuer = try CertificateIssuer(
            certificate: try #require(root.first),
            key: try Self.key(folder.appending(path: "offline/root.key")),
            trustDomain: TrustDomain(parsing: "test.internal")
        )
    }

    static func ahead(_ seconds: Double) -> WallTime {
        WallTime(milliseconds: UInt64((Date.now.timeIntervalSince1970 + seconds) * 1000))
    }

    /// - Returns: Path of the new certificate within the cluster's folder.
    func issueAgain(
        _ name: String,
        _ issue: (CertificateIssuer, SPIFFEID, PrivateKey) throws -> ParsedCertificate
    ) throws -> String {
        let key = try Self.key(folder.appending(path: name + ".key"))
        let current = try ParsedCertificate.load(folder.appending(path: name + ".crt").path())
        let certificate = try issue(issuer, try #require(current.first?.spiffeID), key)
        let path = name + ".again.crt"
        try certificate.pem.write(to: folder.appending(path: path), atomically: true, encoding: .utf8)
        return path
    }

    private static func key(_ file: URL) throws -> PrivateKey {
        try PrivateKeyFile.load(file.path(), allowPlain: true) { nil }.key
    }
}
