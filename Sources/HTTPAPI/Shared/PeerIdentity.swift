package import Identity
package import Kernel
package import Keys
package import NIOSSL

/// Who is at the other end of a TLS connection, by its certificate.
package enum PeerIdentity: Hashable, Sendable {
    /// No certificate was shown.
    case none
    /// `credential` is whom the identity stands for; nil where that is neither a principal nor an administrator.
    case verified(ClientIdentity, credential: Credential?)
    case refused(PeerRefusal)

    package init(_ identity: ClientIdentity) { self = .verified(identity, credential: Credential(identity)) }

    /// Of a certificate whose chain the handshake has verified.
    package init(certificate: NIOSSLCertificate?, verifier: PeerVerifier, at now: WallTime) {
        guard let certificate else {
            self = .none
            return
        }
        do throws(PeerRefusal) {
            guard let der = try? certificate.toDERBytes() else { throw .malformed("not readable") }
            self.init(try ClientIdentity(leaf: der, verifier: verifier, at: now))
        } catch {
            self = .refused(error)
        }
    }
}

extension Credential {
    /// Of a certificate's identity, worked out once for each connection.
    fileprivate init?(_ identity: ClientIdentity) {
        if identity.spiffeID.administratorName != nil {
            self = .administrator(fingerprint: identity.fingerprint)
        } else if let principal = PrincipalID(identity.spiffeID) {
            self = .principal(principal)
        } else {
            return nil
        }
    }
}
