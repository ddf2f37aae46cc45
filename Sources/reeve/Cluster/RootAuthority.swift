import Foundation
import Identity
import Keys

/// The root key of a cluster, in the folder that `reeve cluster init` made.
struct RootAuthority {
    let issuer: CertificateIssuer
    /// Whether the key lies in clear, as in a cluster for development.
    let isPlain: Bool

    init(_ files: ClusterFiles, passphrase: PassphraseOptions) throws {
        let path = files.rootKey.filePath
        var isPlain = true
        let loaded = try PrivateKeyFile.load(path, allowPlain: true) { () throws(KeysError) -> Passphrase? in
            isPlain = false
            do { return try passphrase.read(prompt: "Passphrase of \(path): ") } catch {
                throw error as? KeysError ?? KeysError(.unreadable("\(error)"), at: path)
            }
        }
        guard let certificate = try ParsedCertificate.load(files.rootCertificate.filePath).first,
            let domain = certificate.spiffeID?.trustDomain
        else { throw CommandError("names no trust domain", at: files.rootCertificate.filePath) }
        self.issuer = try CertificateIssuer(certificate: certificate, key: loaded.key, trustDomain: domain)
        self.isPlain = isPlain
    }

    /// For how many days the certificate of a node's authority counts.
    static let issuerDays = 1825
}
