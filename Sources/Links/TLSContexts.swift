package import Kernel
package import Keys
package import NIOCore
package import NIOSSL

/// TLS 1.3 for every port of a node: what it shows, and whom it believes.
///
/// BoringSSL's own verification is replaced by `PeerVerifier` where a callback is given, and restricted to the trust
/// domain's roots where none is.
package enum TLSContexts {
    /// What a port for clients asks of them.
    package enum ClientCertificates: Hashable, Sendable { case required, optional }

    /// Decides asynchronously on a peer's chain; what `NIOSSLHandler` and the HTTP server take.
    package typealias Verification = @Sendable ([NIOSSLCertificate], EventLoopPromise<NIOSSLVerificationResult>) -> Void

    /// Between nodes: the side that listens.
    package static func peerServer(_ credentials: NodeCredentials) throws(LinksError) -> NIOSSLContext {
        try context(try clientFacing(credentials, clients: .required))
    }

    /// Between nodes: the side that dials.
    package static func peerClient(_ credentials: NodeCredentials) throws(LinksError) -> NIOSSLContext {
        var configuration = try client(roots: credentials.roots, credentials: credentials)
        // Members are known by SPIFFE ID and pinned key, not by the name of a host.
        configuration.certificateVerification = .noHostnameVerification
        return try context(configuration)
    }

    /// For the ports that clients call. To be used with `verifyClients`.
    package static func clientFacing(
        _ credentials: NodeCredentials,
        clients: ClientCertificates
    ) throws(LinksError) -> TLSConfiguration {
        let identity = try identity(credentials)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: identity.chain,
            privateKey: identity.key
        )
        configuration.certificateVerification = clients == .required ? .noHostnameVerification : .optionalVerification
        try restrict(&configuration, to: credentials.roots)
        return configuration
    }

    /// For whoever calls a node. The host's name is checked against the certificate's DNS names and addresses.
    package static func client(
        roots: [ParsedCertificate],
        credentials: NodeCredentials?
    ) throws(LinksError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let credentials {
            let identity = try identity(credentials)
            configuration.certificateChain = identity.chain
            configuration.privateKey = identity.key
        }
        try restrict(&configuration, to: roots)
        return configuration
    }

    /// Accepts clients of the trust domain, whoever they are: what each may do is decided for each request.
    package static func verifyClients(
        _ verifier: PeerVerifier,
        clock: @escaping @Sendable () -> WallTime
    ) -> Verification {
        verification(verifier, of: .client, expecting: { .anyone }, clock: clock, refused: { _ in })
    }

    /// `refused` is called before the handshake fails.
    static func verification(
        _ verifier: PeerVerifier,
        of purpose: TLSPurpose,
        expecting expectation: @escaping @Sendable () -> PeerVerifier.Expectation,
        clock: @escaping @Sendable () -> WallTime,
        refused: @escaping @Sendable (PeerRefusal) -> Void
    ) -> Verification {
        { certificates, promise in
            let chain = certificates.compactMap { try? $0.toDERBytes() }
            // Nobody cancels this task: it only computes, and the bound on unidentified connections bounds their number.
            promise.completeWithTask {
                do {
                    _ = try await verifier.verify(chain: chain, as: purpose, expecting: expectation(), at: clock())
                    return .certificateVerified
                } catch {
                    if let refusal = error as? PeerRefusal { refused(refusal) }
                    return .failed
                }
            }
        }
    }

    private static func restrict(
        _ configuration: inout TLSConfiguration,
        to roots: [ParsedCertificate]
    ) throws(LinksError) {
        configuration.minimumTLSVersion = .tlsv13
        configuration.shutdownTimeout = .seconds(1)
        configuration.trustRoots = .certificates(try roots.map { root throws(LinksError) in try certificate(root) })
    }

    private static func identity(
        _ credentials: NodeCredentials
    ) throws(LinksError) -> (chain: [NIOSSLCertificateSource], key: NIOSSLPrivateKeySource) {
        let chain = try credentials.chain.map { link throws(LinksError) in
            NIOSSLCertificateSource.certificate(try certificate(link))
        }
        let key = unsafe credentials.key.pkcs8.withBytes { bytes in
            unsafe try? NIOSSLPrivateKey(bytes: Array(bytes), format: .der)
        }
        guard let key else { throw .credentials("private key") }
        return (chain, .privateKey(key))
    }

    private static func certificate(_ certificate: ParsedCertificate) throws(LinksError) -> NIOSSLCertificate {
        do { return try NIOSSLCertificate(bytes: certificate.der, format: .der) } catch {
            throw .credentials("certificate: \(error)")
        }
    }

    private static func context(_ configuration: TLSConfiguration) throws(LinksError) -> NIOSSLContext {
        do { return try NIOSSLContext(configuration: configuration) } catch { throw .credentials("\(error)") }
    }
}
