import Foundation
import HTTPAPI
import Identity
import Kernel
import Keys
import Logging
import NIOSSL

/// A server on the decision endpoint's pipeline and TLS settings that always gives the same answer.
struct ConstantServer {
    /// As long as the answer of a decision.
    private static let answer =
        #"{"decision":true,"context":{"reason":"allowed","revision":100000,"epoch":100,"age_ms":100}}"#

    let server: DataPlaneServer<ConstantResponder>
    let task: Task<Void, any Error>
    /// For its clients.
    let tls: NIOSSLContext

    var port: Int { server.port }

    /// In a trust domain that lives as long as the command.
    static func start() async throws -> ConstantServer {
        let domain = try TrustDomain(parsing: "bench.internal")
        let now = WallTime(milliseconds: UInt64(Date().timeIntervalSince1970 * 1000))
        let validity = CertificateValidity(from: now.reduced(by: .seconds(60)), lasting: .seconds(86_400))
        let issuer = try CertificateIssuer.selfSigned(trustDomain: domain, key: PrivateKey(), validity: validity)
        let key = PrivateKey()
        let certificate = try issuer.issueNode(
            "bench",
            publicKey: key.publicKey,
            hosts: ["127.0.0.1"],
            validity: validity
        )
        let credentials = try NodeCredentials(chain: [certificate], key: key, roots: [issuer.certificate])
        let server = try await DataPlaneServer.bind(
            .init(host: "127.0.0.1", port: 0, tls: try ServerTLS(credentials), verifier: credentials.verifier),
            responder: ConstantResponder(body: answer),
            logger: Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        // Ends with `stop`, or with the process.
        let task = Task { try await server.run() }
        let clientKey = PrivateKey()
        let client = try issuer.issueClient(
            try SPIFFEID.administrator("bench", in: domain),
            publicKey: clientKey.publicKey,
            validity: validity
        )
        let clientCredentials = try NodeCredentials(chain: [client], key: clientKey, roots: [issuer.certificate])
        return ConstantServer(server: server, task: task, tls: try NIOSSLContext(client: clientCredentials))
    }

    func stop() { task.cancel() }
}

extension TLSConfiguration {
    /// Mutual TLS 1.3 with a node, as `credentials`.
    init(client credentials: NodeCredentials) throws {
        self = TLSConfiguration.makeClientConfiguration()
        minimumTLSVersion = .tlsv13
        trustRoots = .certificates(try credentials.roots.map { try NIOSSLCertificate(bytes: $0.der, format: .der) })
        certificateChain = try credentials.chain.map {
            .certificate(try NIOSSLCertificate(bytes: $0.der, format: .der))
        }
        let key = unsafe credentials.key.pkcs8.withBytes { unsafe Array($0) }
        privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key, format: .der))
    }
}

extension NIOSSLContext {
    convenience init(client credentials: NodeCredentials) throws {
        try self.init(configuration: TLSConfiguration(client: credentials))
    }
}
