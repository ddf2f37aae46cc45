import ArgumentParser
import Foundation
import JSON
import Keys
import Links
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
        try await withContext { client, _ in try await body(client) }
    }

    /// Likewise, where the command also goes by how the cluster was made.
    func withContext<Result>(_ body: (ClusterClient, ClusterContext) async throws -> Result) async throws -> Result {
        let (context, credentials) = try load()
        return try await ClusterClient.with(context.nodes, TLSConfiguration(client: credentials)) { client in
            try await body(client, context)
        }
    }

    /// Likewise, with a client that shows no certificate: for what carries its credential in itself.
    func withAnonymousClient<Result>(_ body: (ClusterClient) async throws -> Result) async throws -> Result {
        let context = try loadContext()
        let roots = try ParsedCertificate.load(context.files.roots)
        return try await ClusterClient.with(context.nodes, TLSContexts.client(roots: roots, credentials: nil), body)
    }

    /// The cluster and the identity that the options name.
    func load() throws -> (context: ClusterContext, credentials: NodeCredentials) {
        let context = try loadContext()
        let credentials = try credentials(context)
        let notice = try ExpiryNotice(credentials.validity, of: context.files.certificate, at: .now)
        if let notice { Console.progress(notice.text) }
        return (context, credentials)
    }

    private func loadContext() throws -> ClusterContext {
        var context = try ClusterContext.load(option: context, environment: ProcessInfo.processInfo.environment)
        if let node { context.nodes = [try context.node(node)] }
        return context
    }

    private func credentials(_ context: ClusterContext) throws -> NodeCredentials {
        try NodeCredentials.load(context.files, allowPlainKey: context.allowPlainKey) {
            () throws(KeysError) -> Passphrase? in
            do { return try passphrase.read(prompt: "Passphrase of \(context.files.key): ") } catch {
                throw error as? KeysError ?? KeysError(.unreadable("\(error)"), at: context.files.key)
            }
        }.credentials
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
