package import Identity
package import Kernel
@_spi(FixedExpiryValidationTime) internal import X509

/// Decides whether a certificate chain, shown in a TLS handshake, is accepted for what the peer claims to be.
///
/// Path validation is RFC 5280's, by swift-certificates; the rest is the X509-SVID standard's and Reeve's own: P-256
/// only, one SPIFFE ID, the trust domain, and for members the name and key that the log pins. TLS itself proves that
/// the peer holds the key of the first certificate.
package struct PeerVerifier: Sendable {
    /// Whom the caller wants at the other end.
    package enum Expectation: Hashable, Sendable {
        case member(name: String, key: KeyFingerprint)
        /// Any of these, by name. While a member is being replaced there are two of one name.
        case anyMember([String: Set<KeyFingerprint>])
        case node(name: String)
        case anyNode
        /// Any identity of the trust domain.
        case anyone
    }

    package let trustDomain: TrustDomain
    private let roots: [ParsedCertificate]
    private let store: CertificateStore

    /// Leaf, and the authorities between it and a root; longer chains are refused unread.
    package static let maximumChainLength = 4

    package init(roots: [ParsedCertificate], trustDomain: TrustDomain) {
        self.trustDomain = trustDomain
        self.roots = roots
        self.store = CertificateStore(roots.map(\.certificate))
    }

    /// The peer's own certificate, once everything about it has been checked. `chain` is DER, that certificate first.
    package func verify(
        chain: [[UInt8]],
        as purpose: TLSPurpose,
        expecting expectation: Expectation,
        at now: WallTime
    ) async throws(PeerRefusal) -> ParsedCertificate {
        guard let first = chain.first else { throw .noCertificate }
        guard chain.count <= Self.maximumChainLength else { throw .chainTooLong(chain.count) }
        let leaf = try ParsedCertificate(der: first)
        try checkIdentity(leaf)
        try checkTime(leaf, at: now)
        var issuers: [ParsedCertificate] = []
        for der in chain.dropFirst() { issuers.append(try ParsedCertificate(der: der)) }
        try await checkPath(leaf, issuers: issuers, at: now)
        try check(leaf, as: purpose, expecting: expectation, at: now)
        return leaf
    }

    /// Everything but the path to a root, for a certificate whose path has been verified before: a resumed TLS
    /// session, or a connection whose expectations have changed.
    package func check(
        _ leaf: ParsedCertificate,
        as purpose: TLSPurpose,
        expecting expectation: Expectation,
        at now: WallTime
    ) throws(PeerRefusal) {
        let id = try checkIdentity(leaf)
        try checkTime(leaf, at: now)
        guard leaf.allows(purpose) else { throw .wrongPurpose(purpose) }
        if expectation == .anyone { return }
        guard let name = id.nodeName else { throw .notANode(id) }
        switch expectation {
        case .anyone, .anyNode: return
        case .node(let expected):
            guard name == expected else { throw .nameMismatch(expected: expected, got: name) }
        case .member(let expected, let key):
            guard name == expected else { throw .nameMismatch(expected: expected, got: name) }
            guard leaf.fingerprint == key else { throw .keyNotPinned(name: name, got: leaf.fingerprint) }
        case .anyMember(let keys):
            guard let pinned = keys[name] else { throw .unknownMember(name: name) }
            guard pinned.contains(leaf.fingerprint) else { throw .keyNotPinned(name: name, got: leaf.fingerprint) }
        }
    }

    /// Checks the authority of a node: in force, and certified by a root.
    package func verify(authority: ParsedCertificate, at now: WallTime) async throws(PeerRefusal) {
        guard authority.isAuthority else { throw .untrustedChain("the certificate is of no authority") }
        try checkTime(authority, at: now)
        try await checkPath(authority, issuers: [], at: now)
    }

    @discardableResult
    private func checkIdentity(_ leaf: ParsedCertificate) throws(PeerRefusal) -> SPIFFEID {
        guard let id = leaf.spiffeID else { throw .noSPIFFEID }
        guard id.trustDomain == trustDomain else { throw .wrongTrustDomain(expected: trustDomain, got: id.trustDomain) }
        // X509-SVID standard, section 4.1: a signing certificate is nobody's identity.
        guard !leaf.isAuthority else { throw .untrustedChain("the certificate of an authority is no identity") }
        return id
    }

    private func checkTime(_ leaf: ParsedCertificate, at now: WallTime) throws(PeerRefusal) {
        guard leaf.validity.notBefore <= now else { throw .notYetValid(notBefore: leaf.validity.notBefore) }
        guard !leaf.validity.hasEnded(by: now) else { throw .expired(notAfter: leaf.validity.notAfter) }
    }

    private func checkPath(
        _ leaf: ParsedCertificate,
        issuers: [ParsedCertificate],
        at now: WallTime
    ) async throws(PeerRefusal) {
        var verifier = Verifier(rootCertificates: store) {
            RFC5280Policy(fixedExpiryValidationTime: now.wholeSeconds.date)
        }
        let result = await verifier.validate(
            leaf: leaf.certificate,
            intermediates: CertificateStore(issuers.map(\.certificate))
        )
        switch result {
        case .validCertificate(let path):
            // The policy accepts any authority, whatever its key usage says.
            let signers = Set(path.dropFirst())
            guard (roots + issuers).filter({ signers.contains($0.certificate) }).allSatisfy(\.isAuthority) else {
                throw .untrustedChain("an issuer may not sign certificates")
            }
        case .couldNotValidate(let failures):
            let signers = Set(failures.flatMap { $0.chain.dropFirst() })
            for issuer in roots + issuers where signers.contains(issuer.certificate) && issuer.validity.notAfter < now {
                throw .issuerExpired(notAfter: issuer.validity.notAfter)
            }
            guard let failure = failures.first else { throw .unknownIssuer }
            // The library's text quotes whole certificates.
            throw .untrustedChain(String("\(failure.policyFailureReason)".prefix(120)))
        }
    }
}

extension WallTime {
    var wholeSeconds: WallTime { WallTime(milliseconds: milliseconds / 1000 * 1000) }
}
