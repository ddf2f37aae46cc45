import ArgumentParser
import AsyncHTTPClient
import Foundation
import JSON
import Keys
import NIOCore
import NIOSSL

/// How a command reaches the cluster.
struct ConnectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "File with nodes, certificate and key.",
            discussion: "Default: $REEVE_CONTEXT, else reeve/context.yaml in your configuration folder.",
            valueName: "file"
        )
    )
    var context: String?

    @Option(help: ArgumentHelp("Ask this node only, by its name in the context.", valueName: "name"))
    var node: String?

    @OptionGroup var passphrase: PassphraseOptions

    /// Runs `body` with a client that is closed afterwards.
    func withClient<Result>(_ body: (ClusterClient) async throws -> Result) async throws -> Result {
        var context = try ClusterContext.load(option: context, environment: ProcessInfo.processInfo.environment)
        if let node { context.nodes = [try context.node(node)] }
        let configuration = try tls(context)
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let outcome: Swift.Result<Result, any Error>
        do { outcome = .success(try await body(ClusterClient(context: context, http: http))) } catch {
            outcome = .failure(error)
        }
        try? await http.shutdown()
        return try outcome.get()
    }

    private func tls(_ context: ClusterContext) throws -> HTTPClient.Configuration {
        let credentials = try NodeCredentials.load(context.files, allowPlainKey: context.allowPlainKey) {
            () throws(KeysError) -> Passphrase? in
            do { return try passphrase.read(prompt: "Passphrase of \(context.files.key): ") } catch {
                throw error as? KeysError ?? KeysError(.unreadable("\(error)"), at: context.files.key)
            }
        }.credentials
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv13
        tls.trustRoots = .certificates(try credentials.roots.map { try NIOSSLCertificate(bytes: $0.der, format: .der) })
        tls.certificateChain = try credentials.chain.map {
            .certificate(try NIOSSLCertificate(bytes: $0.der, format: .der))
        }
        let key = unsafe credentials.key.pkcs8.withBytes { unsafe Array($0) }
        tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key, format: .der))
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.timeout.connect = .seconds(3)
        configuration.redirectConfiguration = .disallow
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        configuration.httpVersion = .http1Only
        return configuration
    }
}

/// Options of every command that prints what it got.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON for programs instead of a table for people.")
    var json = false

    func list(_ items: [JSONValue], _ columns: [Column]) {
        if json { Console.json(["items": .array(items)]) } else { Console.print(Table(items, columns).text) }
    }

    func object(_ value: JSONValue) {
        if json { Console.json(value) } else { Console.object(value) }
    }

    /// What a write did.
    func written(_ reply: ClusterClient.Reply, _ sentence: String) {
        if json { return Console.json(reply.body) }
        let revision = reply.body["revision"]?.integerValue.map { " (revision \($0))" } ?? ""
        Console.line(sentence + revision)
    }
}
