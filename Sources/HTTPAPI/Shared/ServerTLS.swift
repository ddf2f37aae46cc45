package import Keys
package import NIOSSL
internal import Synchronization

/// TLS of the ports that clients call: version 1.3 alone, HTTP/1.1, and client certificates where a client has one.
///
/// Holds what new connections begin with; those that are open keep theirs when the node's certificate is renewed.
package final class ServerTLS: Sendable {
    private let context: Mutex<NIOSSLContext>

    package init(_ credentials: NodeCredentials) throws(KeysError) {
        self.context = Mutex(try Self.context(credentials))
    }

    package var current: NIOSSLContext { context.withLock { $0 } }

    /// Shows another certificate on connections from now on.
    package func present(_ credentials: NodeCredentials) throws(KeysError) {
        let context = try Self.context(credentials)
        self.context.withLock { $0 = context }
    }

    /// A certificate that is shown must be one of the trust domain's roots', or the handshake fails. None need be shown.
    private static func context(_ credentials: NodeCredentials) throws(KeysError) -> NIOSSLContext {
        do {
            let chain = try credentials.chain.map {
                NIOSSLCertificateSource.certificate(try NIOSSLCertificate(bytes: $0.der, format: .der))
            }
            let roots = try credentials.roots.map { try NIOSSLCertificate(bytes: $0.der, format: .der) }
            let key = try unsafe credentials.key.pkcs8.withBytes { bytes in
                try unsafe NIOSSLPrivateKey(bytes: Array(bytes), format: .der)
            }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain,
                privateKey: .privateKey(key)
            )
            configuration.minimumTLSVersion = .tlsv13
            configuration.certificateVerification = .optionalVerification
            configuration.trustRoots = .certificates(roots)
            configuration.applicationProtocols = ["http/1.1"]
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw KeysError(.failed("setting up TLS: \(error)"), at: "\(credentials.spiffeID)")
        }
    }
}
