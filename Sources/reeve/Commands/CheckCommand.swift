import ArgumentParser
import HTTPAPI
import Identity
import JSON

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Ask for a decision and explain it.",
        discussion: """
            The node that is asked decides from what it knows, and says how old that is. Exit status: 0 for allow, 3 for \
            deny, 1 for an error.

            Example: reeve check agent/invoice-bot read 'Database::"ledger"' --request-context '{"purpose": "audit"}'
            """
    )

    static let denied = ExitCode(3)

    @Argument(help: ArgumentHelp("Who acts.", valueName: "kind/name"))
    var principal: PrincipalArgument
    @Argument(help: "What it does.")
    var action: String
    @Argument(help: ArgumentHelp(#"What it acts on: Type::"id", or Type::id."#, valueName: "resource"))
    var resource: EntityArgument
    @Option(help: ArgumentHelp("Context of the request, a JSON object.", valueName: "json"))
    var requestContext: String?
    @Flag(help: "Print nothing; the exit status alone tells.")
    var quiet = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        var body: [JSONMember] = [
            JSONMember(name: "principal", value: .string(principal.id.description)),
            JSONMember(name: "action", value: .string(action)),
            JSONMember(name: "resource", value: resource.reference.json),
        ]
        if let requestContext { body.append(JSONMember(name: "context", value: try Self.object(requestContext))) }
        let request = ClusterClient.Request(method: .post, path: ClusterClient.Request.check, body: .object(body))
        let (reply, hints) = try await common.connection.withClient { client in
            let reply = try await client.send(request)
            let hints = quiet ? DenialHints() : await denialHints(of: reply, client)
            return (reply, hints)
        }
        let isAllowed = reply.body["decision"]?.stringValue == "allow"
        if !quiet {
            if common.output.json {
                Console.json(.object((reply.body.objectValue ?? []) + hints.members))
            } else {
                Console.print(explanation(reply, hints))
            }
        }
        guard isAllowed else { throw Self.denied }
    }

    /// What the decision itself does not say, of those that may know.
    func denialHints(of reply: ClusterClient.Reply, _ client: ClusterClient) async -> DenialHints {
        var hints = DenialHints()
        switch reply.body["code"]?.stringValue {
        // Only who is told why is told what there is.
        case "no_permit" where reply.body["near_misses"] != nil:
            hints.unknown = [
                await UnknownName.find(principal.id, client), await UnknownName.find(resource.reference, client),
            ].compactMap { $0 }
        case "principal_restricted", "principal_quarantined", "principal_revoked":
            guard let node = client.nodes.first(where: { $0.name == reply.node }) else { break }
            hints.statements = await StandingStatements.of(principal.id, client, at: node)
        default: break
        }
        return hints
    }

    private static func object(_ text: String) throws -> JSONValue {
        do {
            let value = try JSONValue.parse(text)
            guard value.objectValue != nil else { throw CommandError("must be a JSON object", at: "--request-context") }
            return value
        } catch let error as JSONError {
            throw CommandError("is not valid JSON: \(error)", at: "--request-context")
        }
    }

    private func explanation(_ reply: ClusterClient.Reply, _ hints: DenialHints) -> String {
        let body = reply.body
        let verdict = body["decision"]?.stringValue == "allow" ? "ALLOW" : "DENY"
        var lines = ["\(verdict)  \(principal.id) \(action) \(resource.reference.text)  (\(body["code"]?.cell ?? ""))"]
        lines += ExplanationText.duties(body)
        lines += hints.lines
        lines += ExplanationText(body).lines
        let age = body["age_ms"]?.integerValue.map { ", knowledge \($0) ms old" } ?? ", age of its knowledge unknown"
        lines.append("  at          node \(reply.node), revision \(body["revision"]?.cell ?? "?")\(age)")
        return lines.joined(separator: "\n") + "\n"
    }
}

/// What helps whoever is denied, beside the decision.
struct DenialHints {
    var unknown: [UnknownName] = []
    var statements: StandingStatements?

    var lines: [String] { unknown.map { "  unknown     \($0.text)" } + (statements?.lines ?? []) }

    /// Only what there is.
    var members: [JSONMember] {
        (unknown.isEmpty ? [] : [JSONMember(name: "unknown", value: .array(unknown.map(\.json)))])
            + (statements.map { [JSONMember(name: "statements", value: $0.json)] } ?? [])
    }
}
