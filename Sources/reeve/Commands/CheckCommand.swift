import ArgumentParser
import HTTPAPI
import Identity
import JSON

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Ask a decision and explain it.",
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
        let request = ClusterClient.Request(method: .post, path: "/v1/check", body: .object(body))
        let reply = try await common.connection.withClient { try await $0.send(request) }
        let isAllowed = reply.body["decision"]?.stringValue == "allow"
        if common.output.json { Console.json(reply.body) } else if !quiet { Console.print(explanation(reply)) }
        guard isAllowed else { throw Self.denied }
    }

    private static func object(_ text: String) throws -> JSONValue {
        do {
            let value = try JSONValue.parse(text)
            guard value.objectValue != nil else { throw CommandError("must be a JSON object", at: "--request-context") }
            return value
        } catch let error as JSONError {
            throw CommandError("is no JSON: \(error)", at: "--request-context")
        }
    }

    private func explanation(_ reply: ClusterClient.Reply) -> String {
        let body = reply.body
        let verdict = body["decision"]?.stringValue == "allow" ? "ALLOW" : "DENY"
        var lines = ["\(verdict)  \(principal.id) \(action) \(resource.reference.text)  (\(body["code"]?.cell ?? ""))"]
        for policy in body["policies"]?.arrayValue ?? [] { lines.append("  decided by  \(Self.policy(policy))") }
        for policy in body["failures"]?.arrayValue ?? [] {
            lines.append("  failed      \(Self.policy(policy)): \(policy["error"]?.cell ?? "")")
        }
        for policy in body["policies"]?.arrayValue ?? [] where policy["effect"]?.stringValue == "forbid" {
            for condition in policy["conditions"]?.arrayValue ?? [] { lines += Self.values(condition) }
        }
        for miss in body["near_misses"]?.arrayValue ?? [] { lines += Self.nearMiss(miss) }
        if let roles = body["roles"]?.arrayValue, !roles.isEmpty {
            lines.append("  roles       \(roles.map(\.cell).joined(separator: ", "))")
        }
        let age = body["age_ms"]?.integerValue.map { ", knowledge \($0) ms old" } ?? ", age of its knowledge unknown"
        lines.append("  at          node \(reply.node), revision \(body["revision"]?.cell ?? "?")\(age)")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func nearMiss(_ miss: JSONValue) -> [String] {
        var lines = ["  closest     \(policy(miss))"]
        switch miss["obstacle"]?.stringValue {
        case "condition":
            guard let condition = miss["condition"] else { break }
            let outcome = condition["kind"]?.stringValue == "unless" ? "holds" : "does not hold"
            lines[0] += ": \(condition["kind"]?.cell ?? "") \(outcome)"
            lines += values(condition)
        case "error": lines[0] += ": \(miss["error"]?.cell ?? "")"
        case let part: lines[0] += ": its scope asks for another \(part ?? "request")"
        }
        if let changes = miss["changes"]?.arrayValue {
            for (place, change) in changes.enumerated() {
                lines.append(
                    (place == 0 ? "                would apply with  " : "                             and  ")
                        + change.cell
                )
            }
        }
        return lines
    }

    /// The part of a condition that decided, and what stood in it.
    private static func values(_ condition: JSONValue) -> [String] {
        ["                \(oneLine(condition["text"]))"]
            + (condition["values"]?.arrayValue ?? []).map { value in
                let result = value["value"].map { "is \($0.cell)" } ?? "fails: \(value["error"]?.cell ?? "")"
                return "                  \(oneLine(value["text"])) \(result)"
            }
    }

    private static func oneLine(_ text: JSONValue?) -> String {
        (text?.stringValue ?? "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private static func policy(_ policy: JSONValue) -> String {
        let place = "\(policy["set"]?.cell ?? "")/\(policy["id"]?.cell ?? "")"
        let version = policy["version"].map { " version \($0.cell)" } ?? ""
        let line = policy["line"].map { ", line \($0.cell)" } ?? ""
        return "\(place)\(version)\(line)"
    }
}
