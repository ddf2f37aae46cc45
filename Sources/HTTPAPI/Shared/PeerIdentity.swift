package import Kernel
package import Keys
package import NIOSSL

/// Who is at the other end of a TLS connection, by its certificate.
package enum PeerIdentity: Hashable, Sendable {
    /// No certificate was shown.
    case none
    case verified(ClientIdentity)
    case refused(PeerRefusal)

    /// Of a certificate whose chain the handshake has verified.
    package init(certificate: NIOSSLCertificate?, verifier: PeerVerifier, at now: WallTime) {
        guard let certificate else {
            self = .none
            return
        }
        do throws(PeerRefusal) {
            guard let der = try? certificate.toDERBytes() else { throw .malformed("not readable") }
            self = .verified(try ClientIdentity(leaf: der, verifier: verifier, at: now))
        } catch {
            self = .refused(error)
        }
    }
}
