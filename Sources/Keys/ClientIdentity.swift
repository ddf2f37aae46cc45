package import Identity
package import Kernel

/// Who is at the other end of a connection whose chain TLS has verified.
package struct ClientIdentity: Hashable, Sendable {
    package let spiffeID: SPIFFEID
    package let fingerprint: KeyFingerprint
    package let validity: CertificateValidity

    /// From the peer's own certificate in DER, as the TLS handler keeps it.
    ///
    /// Checks trust domain and validity again: a resumed session skips the handshake's checks, and a connection may
    /// outlive the certificate that it began with.
    package init(leaf der: [UInt8], verifier: PeerVerifier, at now: WallTime) throws(PeerRefusal) {
        let leaf = try ParsedCertificate(der: der)
        try verifier.check(leaf, as: .client, expecting: .anyone, at: now)
        guard let id = leaf.spiffeID else { throw .noSPIFFEID }
        self.spiffeID = id
        self.fingerprint = leaf.fingerprint
        self.validity = leaf.validity
    }
}
