import HTTPAPI
import Identity
import JSON

/// What is in force against a principal at one node, be it in the log yet or not.
struct StandingStatements: Sendable {
    let recorded: [JSONValue]
    /// Enforced by the node itself, until the log has heard of them.
    let enforced: [JSONValue]

    /// Nothing where the caller is not told.
    static func of(_ id: PrincipalID, _ client: ClusterClient, at node: ClusterContext.Node) async -> StandingStatements
    {
        func items(_ path: String, _ query: [(String, String)]) async -> [JSONValue] {
            let request = ClusterClient.Request(path: path + ClusterClient.query(query))
            let reply = try? await client.send(request, to: node, timeout: .seconds(5))
            return reply?.body["items"]?.arrayValue ?? []
        }
        return StandingStatements(
            recorded: await items("/v1/revocations", [("subject", id.description)]),
            enforced: await items("/v1/statements", [("state", "enforced")]),
            against: id.description
        )
    }

    init(recorded: [JSONValue], enforced: [JSONValue], against subject: String) {
        self.recorded = recorded.filter { ($0["lift"] ?? .null).isNull }
        self.enforced = enforced.filter { $0["subject"]?.stringValue == subject }
    }

    var lines: [String] {
        let all = recorded.map { ($0, "") } + enforced.map { ($0, ", not in the log yet") }
        return all.map { statement, place in
            let warrant = statement["warrant"] ?? .null
            let under =
                warrant.isNull ? "" : ", under \(warrant["name"]?.cell ?? "") \(warrant["sequence"]?.cell ?? "")"
            let id = (statement["id"]?.cell ?? "").prefix(12)
            let reason =
                (statement["reason"]?.stringValue ?? "").isEmpty ? "" : ", \"\(statement["reason"]?.cell ?? "")\""
            return "  by          \(statement["kind"]?.cell ?? "") \(id)\(reason)\(under)\(place)"
        }
    }

    var json: JSONValue {
        func stated(_ statement: JSONValue, _ isRecorded: Bool) -> JSONValue {
            let names = ["id", "kind", "reason", "warrant"]
            let members = (statement.objectValue ?? []).filter { names.contains($0.name) }
            return .object(members + [JSONMember(name: "recorded", value: .bool(isRecorded))])
        }
        return .array(recorded.map { stated($0, true) } + enforced.map { stated($0, false) })
    }
}
