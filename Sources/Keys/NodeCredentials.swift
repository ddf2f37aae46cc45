package import Identity
package import Kernel

/// What a process shows and trusts in TLS: its certificate chain and key, and the roots of its trust domain.
package struct NodeCredentials: Sendable {
    /// The own certificate first.
    package let chain: [ParsedCertificate]
    package let leaf: ParsedCertificate
    package let key: PrivateKey
    package let roots: [ParsedCertificate]
    package let spiffeID: SPIFFEID

    package var trustDomain: TrustDomain { spiffeID.trustDomain }
    package var fingerprint: KeyFingerprint { key.fingerprint }
    package var validity: CertificateValidity { leaf.validity }
    package var verifier: PeerVerifier { PeerVerifier(roots: roots, trustDomain: trustDomain) }

    package init(chain: [ParsedCertificate], key: PrivateKey, roots: [ParsedCertificate]) throws(KeysError) {
        try self.init(chain: chain, key: key, roots: roots, place: "certificate")
    }

    private init(
        chain: [ParsedCertificate],
        key: PrivateKey,
        roots: [ParsedCertificate],
        place: String
    ) throws(KeysError) {
        guard let leaf = chain.first else { throw KeysError(.refused(.noCertificate), at: place) }
        guard let id = leaf.spiffeID else { throw KeysError(.refused(.noSPIFFEID), at: place) }
        guard leaf.fingerprint == key.fingerprint else { throw KeysError(.keyDoesNotMatchCertificate, at: place) }
        guard roots.allSatisfy(\.isAuthority) else { throw KeysError(.notAnAuthority, at: "trusted roots") }
        self.chain = chain
        self.leaf = leaf
        self.key = key
        self.roots = roots
        self.spiffeID = id
    }

    package struct Files: Hashable, Sendable {
        package let certificate: String
        package let key: String
        package let roots: String

        package init(certificate: String, key: String, roots: String) {
            self.certificate = certificate
            self.key = key
            self.roots = roots
        }
    }

    /// Reads the three files and checks that they belong together; `check` says whether peers would accept them.
    package static func load(
        _ files: Files,
        allowPlainKey: Bool,
        passphrase: () throws(KeysError) -> Passphrase?
    ) throws(KeysError) -> (credentials: NodeCredentials, warnings: [PrivateKeyFile.Warning]) {
        let chain = try ParsedCertificate.load(files.certificate)
        let roots = try ParsedCertificate.load(files.roots)
        let loaded = try PrivateKeyFile.load(files.key, allowPlain: allowPlainKey, passphrase: passphrase)
        let credentials = try NodeCredentials(chain: chain, key: loaded.key, roots: roots, place: files.certificate)
        return (credentials, loaded.warnings)
    }

    /// Whether a peer with the same roots would accept these credentials now.
    package func check(
        as purposes: [TLSPurpose],
        expecting expectation: PeerVerifier.Expectation,
        at now: WallTime
    ) async throws(KeysError) {
        for purpose in purposes {
            do {
                _ = try await verifier.verify(chain: chain.map(\.der), as: purpose, expecting: expectation, at: now)
            } catch {
                throw KeysError(.refused(error), at: "certificate of \(spiffeID)")
            }
        }
    }
}
