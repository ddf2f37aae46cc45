import ArgumentParser
import Foundation
import HTTPAPI
import Identity
import JSON
import Kernel
import Keys
import Logging
import NIOSSL

/// A server on the decision endpoint's pipeline and TLS settings that always gives the same answer.
///
/// A process of its own, as a node is, so that neither is nearer to those who ask. It ends with its standard input.
struct ConstantServer {
    /// As long as the answer of a decision.
    static let answer =
        #"{"decision":true,"context":{"reason":"allowed","revision":100000,"epoch":100,"age_ms":100}}"#

    let port: Int
    /// For its clients.
    let tls: NIOSSLContext
    private let process: Process
    private let input: Pipe

    /// In a trust domain that lives as long as the command.
    static func start() throws -> ConstantServer {
        let domain = try BenchTrustDomain()
        let (process, input, output) = (Process(), Pipe(), Pipe())
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["bench", ConstantServerCommand.name]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(try domain.serverMaterial().serialized() + [0x0A]))
        let line = output.fileHandleForReading.availableData
        guard let port = Int(String(decoding: line, as: UTF8.self).trimmingCharacters(in: .newlines)) else {
            process.terminate()
            throw CommandError("the constant server did not start")
        }
        return ConstantServer(port: port, tls: try domain.client(), process: process, input: input)
    }

    func stop() { try? input.fileHandleForWriting.close() }
}

/// The process behind `ConstantServer`.
struct ConstantServerCommand: AsyncParsableCommand {
    static let name = "constant-server"
    static let configuration = CommandConfiguration(commandName: name, shouldDisplay: false)

    func run() async throws {
        guard let line = readLine(), let material = try? JSONValue.parse(Array(line.utf8)),
            let chain = material["certificate"]?.stringValue, let key = material["key"]?.stringValue,
            let roots = material["roots"]?.stringValue
        else { throw CommandError("is for reeve bench http alone") }
        let credentials = try NodeCredentials(
            chain: ParsedCertificate.parse(pem: chain, place: "standard input"),
            key: PrivateKeyFile.parse(key, passphrase: nil, place: "standard input"),
            roots: ParsedCertificate.parse(pem: roots, place: "standard input")
        )
        let server = try await DataPlaneServer.bind(
            .init(host: "127.0.0.1", port: 0, tls: try ServerTLS(credentials), verifier: credentials.verifier),
            responder: ConstantResponder(body: ConstantServer.answer),
            logger: Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        try FileHandle.standardOutput.write(contentsOf: Data("\(server.port)\n".utf8))
        let serving = Task { try await server.run() }
        // Until whoever measures is done, or gone.
        while try FileHandle.standardInput.read(upToCount: 4096)?.isEmpty == false {}
        serving.cancel()
        try await serving.value
    }
}

/// Keys and certificates of a bench, by nobody trusted but its two sides.
private struct BenchTrustDomain {
    private let validity: CertificateValidity
    private let issuer: CertificateIssuer

    init() throws {
        let now = WallTime(milliseconds: UInt64(Date().timeIntervalSince1970 * 1000))
        validity = CertificateValidity(from: now.reduced(by: .seconds(60)), lasting: .seconds(86_400))
        issuer = try CertificateIssuer.selfSigned(
            trustDomain: TrustDomain(parsing: "bench.internal"),
            key: PrivateKey(),
            validity: validity
        )
    }

    func serverMaterial() throws -> JSONValue {
        let key = PrivateKey()
        let hosts = ["127.0.0.1"]
        let certificate = try issuer.issueNode("bench", publicKey: key.publicKey, hosts: hosts, validity: validity)
        return [
            "certificate": .string(certificate.pem), "roots": .string(issuer.certificate.pem),
            "key": .string(try PrivateKeyFile.pem(key, protection: .plainForDevelopment, place: "memory")),
        ]
    }

    func client() throws -> NIOSSLContext {
        let key = PrivateKey()
        let certificate = try issuer.issueClient(
            try SPIFFEID.administrator("bench", in: issuer.trustDomain),
            publicKey: key.publicKey,
            validity: validity
        )
        return try NIOSSLContext(
            client: NodeCredentials(chain: [certificate], key: key, roots: [issuer.certificate])
        )
    }
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
