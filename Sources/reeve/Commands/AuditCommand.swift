import ArgumentParser
import HTTPAPI
import JSON
import Kernel
import Service

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Search the history of administrative commands, and the decision logs of the nodes.",
        subcommands: [Commands.self, Decisions.self],
        defaultSubcommand: Commands.self
    )

    struct Commands: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Administrative commands as they stand in the log, refused ones included.",
            discussion: """
                Reports that nodes make of roll-outs are left out, unless --action reportRollout asks for them or --target for what \
                they are about.
                """
        )

        @Option(help: ArgumentHelp("Only from this revision on.", valueName: "revision"))
        var from: UInt64?
        @Option(help: ArgumentHelp("Only this action, such as putRole.", valueName: "name"))
        var action: String?
        @Option(help: ArgumentHelp("Only what concerns this, such as agent/invoice-bot.", valueName: "target"))
        var target: String?
        @Option(
            help: ArgumentHelp(
                "Only by this caller: a principal as KIND/NAME, or an administrator or node by its name, or as the table shows it.",
                valueName: "caller"
            )
        )
        var caller: String?
        @Option(help: "Show at most this many: the newest, or with --from the oldest.")
        var limit = 100
        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard (1...1_000_000).contains(limit) else { throw ValidationError("--limit must be from 1 to 1000000.") }
        }

        func run() async throws {
            try await common.connection.withClient { client in
                let callers = await CallerNames.ask(client)
                var query = query
                if let caller { query.append(("caller", try callers.whole(caller))) }
                let columns = [
                    Column("revision", "revision"), Column("time", "time"), callers.column("caller", "caller"),
                    Column("action", "action"), Column("target", "target"), Column("result", "result"),
                ]
                let items = try await Progress.run("searching") { try await search(client, query) }
                common.output.list(items, columns)
            }
        }

        /// Without the caller, who has to be looked up.
        var query: [(String, String)] {
            (action.map { [("action", $0)] } ?? []) + (target.map { [("target", $0)] } ?? [])
        }

        /// No log has as many indexes.
        private static let maximumWidth = Int64(1) << 40

        func search(_ client: ClusterClient, _ query: [(String, String)]) async throws -> [JSONValue] {
            if let from { return try await forward(from: from, client, query) }
            guard query.isEmpty else {
                return wanted(try await client.list("/v1/audit", query: query)).suffix(limit)
            }
            // No index holds more than one command, so the newest are within as many indexes at the end, or just before.
            let status = try await client.send(.init(path: "/v1/cluster/status"))
            var start = status.body["revision"]?.integerValue ?? 0
            var items: [JSONValue] = []
            var width = Int64(limit)
            repeat {
                start = max(0, start - width)
                items = wanted(try await client.list("/v1/audit", query: [("from", String(start))]))
                width = min(width * 4, Self.maximumWidth)
            } while items.count < limit && start > 0
            return items.suffix(limit)
        }

        /// Goes on for as long as what is left out makes it too few.
        private func forward(
            from start: UInt64,
            _ client: ClusterClient,
            _ query: [(String, String)]
        ) async throws -> [JSONValue] {
            var items: [JSONValue] = []
            var next = start
            while items.count < limit {
                let found = try await client.list("/v1/audit", query: query + [("from", String(next))], limit: limit)
                items += wanted(found)
                guard found.count >= limit, let last = found.last?["revision"]?.integerValue else { break }
                next = UInt64(last) + 1
            }
            return Array(items.prefix(limit))
        }

        private static let report = "reportRollout"

        private func wanted(_ items: [JSONValue]) -> [JSONValue] {
            guard action == nil, target == nil else { return items }
            return items.filter { $0["action"]?.stringValue != Self.report }
        }
    }

    struct Decisions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decisions from the logs of all nodes that answer, newest last.",
            discussion:
                "Each node keeps its own log and forgets the oldest files; see decision_log in its configuration."
        )

        @Option(help: ArgumentHelp("Only about this subject: TYPE/ID, or an id.", valueName: "subject"))
        var subject: String?
        @Option(help: "Only this action.")
        var action: String?
        @Option(help: ArgumentHelp("Only on this resource: TYPE/ID, or an id.", valueName: "resource"))
        var resource: String?
        @Flag(help: "Only what was denied.")
        var denied = false
        @Flag(help: "Only what was allowed.")
        var allowed = false
        @Option(help: ArgumentHelp("Only with this X-Request-ID.", valueName: "id"))
        var requestID: String?
        @Option(help: ArgumentHelp("Only since this time, or for so long (15m).", valueName: "time"))
        var since: TimeArgument?
        @Option(help: "Show at most this many of each node.")
        var limit = 100
        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard !denied || !allowed else { throw ValidationError("Give --denied or --allowed, not both.") }
            // What a node gives at once.
            guard (1...1000).contains(limit) else { throw ValidationError("--limit must be from 1 to 1000.") }
        }

        private var query: [(String, String)] {
            var query = [("limit", String(limit))]
            if let subject { query.append(("subject", subject)) }
            if let action { query.append(("action", action)) }
            if let resource { query.append(("resource", resource)) }
            if denied || allowed { query.append(("result", denied ? "deny" : "allow")) }
            if let requestID { query.append(("request_id", requestID)) }
            if let since { query.append(("since", since.past(at: .now).rfc3339)) }
            return query
        }

        func run() async throws {
            try await common.connection.withClient { client in
                let items = try await search(client) { Console.progress($0) }
                common.output.list(items, Self.columns)
            }
        }

        /// Of all nodes that can give theirs, oldest first.
        ///
        /// - Parameter tell: Of those that cannot: one that is away, or whose log is damaged, hides no other's.
        func search(_ client: ClusterClient, tell: (String) -> Void) async throws -> [JSONValue] {
            let request = ClusterClient.Request(path: "/v1/audit/decisions" + ClusterClient.query(query))
            var items: [JSONValue] = []
            for node in client.nodes {
                do {
                    let found = try await client.send(request, to: node, timeout: .seconds(60)).body["items"]
                    items += (found?.arrayValue ?? []).map { item in
                        .object([JSONMember(name: "node", value: .string(node.name))] + (item.objectValue ?? []))
                    }
                } catch let error as UnreachableNode {
                    tell("left out: \(error)")
                } catch let error as APIError where error.status >= 500 {
                    tell("left out: \(error)")
                }
            }
            return items.sorted { ($0["time"]?.cell ?? "") < ($1["time"]?.cell ?? "") }
        }

        static let columns = [
            Column("time", "time"), Column("node", "node"),
            Column("kind") { $0["search"]?.boolValue == true ? "search" : "evaluation" }, .caller("caller", "caller"),
            Column("subject") { named($0["subject"]) }, Column("action", "action"),
            Column("resource") { named($0["resource"]) }, Column("result", "result"), Column("code", "code"),
            Column("revision", "revision"), Column("age ms", "age_ms"), Column("obligations", "obligations"),
            Column("policies", "policies"),
        ]

        private static func named(_ entity: JSONValue?) -> String {
            "\(entity?["type"]?.cell ?? "")/\(entity?["id"]?.cell ?? "")"
        }
    }
}
