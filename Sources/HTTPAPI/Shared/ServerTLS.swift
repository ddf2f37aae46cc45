package import Keys
package import NIOSSL

/// TLS of the ports that clients call: version 1.3 alone, HTTP/1.1, and client certificates where a client has one.
package enum ServerTLS {
    /// A certificate that is shown must be one of the trust domain's roots', or the handshake fails. None need be shown.
    package static func configuration(_ credentials: NodeCredentials) throws(KeysError) -> TLSConfiguration {
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
            return configuration
        } catch {
            throw KeysError(.failed("setting up TLS: \(error)"), at: "\(credentials.spiffeID)")
        }
    }

    package static func context(_ credentials: NodeCredentials) throws(KeysError) -> NIOSSLContext {
        let configuration = try configuration(credentials)
        do { return try NIOSSLContext(configuration: configuration) } catch {
            throw KeysError(.failed("setting up TLS: \(error)"), at: "\(credentials.spiffeID)")
        }
    }
}
