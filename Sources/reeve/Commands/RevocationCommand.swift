import ArgumentParser
import Directory
import HTTPAPI
import JSON
import Kernel
import Service

struct RevocationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revocation",
        abstract: "See how far a statement under a warrant has come.",
        subcommands: [Show.self]
    )

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show which nodes go by a statement, since when, and until when the others can still say yes.",
            discussion: """
                Asks every node of the context and puts together what they have heard of the others. "since" is by the clock \
                of the node that goes by it. A node that is not heard from denies at the moment shown in any case: what it \
                knows is too old then.

                What nodes have heard is in their memory. One that has been started since knows less, and says of itself that \
                it goes by the statement since it was asked.
                """
        )

        @Argument(
            help: ArgumentHelp(
                "Id of the statement, or how it begins, as revoke or quarantine has printed it.",
                valueName: "id"
            )
        )
        var id: String
        @Flag(help: "Wait until every node goes by it, and show what is new each second.")
        var watch = false
        @Option(help: ArgumentHelp("Give up watching after this long.", valueName: "duration"))
        var timeout = DurationArgument(span: .seconds(600))
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.connection.withClient { client in
                let deadline = ContinuousClock.now + .milliseconds(timeout.span.milliseconds)
                let id = try await StatementSearch(id).id(client)
                var shown: ContainmentReport?
                while true {
                    let report = try await ask(id, client, after: shown)
                    if report != shown { show(report) }
                    shown = report
                    guard watch, !report.isComplete, !report.isRefused else { return }
                    try refuseToWatch(report)
                    guard ContinuousClock.now < deadline else {
                        throw CommandError("not every node goes by \(id) yet", advice: "see `reeve cluster status`")
                    }
                    try await Task.sleep(for: .seconds(1))
                }
            }
        }

        /// Where nothing can come of it.
        private func refuseToWatch(_ report: ContainmentReport) throws {
            if report.isFromTheLog {
                throw CommandError(
                    "\(id) was made through the log, and there is no report to wait for",
                    advice: "wait until every node has its revision: `reeve cluster status`, or `reeve revoke --wait`"
                )
            }
            if !report.hasReport {
                throw CommandError(
                    "no node that was asked knows any more which others go by \(id)",
                    advice: "ask each node: `reeve check` with --node NAME"
                )
            }
        }

        private static let nodeTimeout = Duration.seconds(5)

        /// - Throws: When no node knows it.
        private func ask(
            _ id: String,
            _ client: ClusterClient,
            after shown: ContainmentReport?
        ) async throws -> ContainmentReport {
            let request = ClusterClient.Request(path: "/v1/statements/\(ClusterClient.segment(id))")
            let outcomes = await withTaskGroup(of: (Int, Result<ContainmentReport.Answer, any Error>).self) { group in
                for (place, node) in client.nodes.enumerated() {
                    group.addTask {
                        do {
                            let reply = try await client.send(request, to: node, timeout: Self.nodeTimeout)
                            return (place, .success(.init(node: node.name, body: reply.body)))
                        } catch { return (place, .failure(error)) }
                    }
                }
                var outcomes: [(Int, Result<ContainmentReport.Answer, any Error>)] = []
                for await outcome in group { outcomes.append(outcome) }
                return outcomes.sorted { $0.0 < $1.0 }.map(\.1)
            }
            let answers = outcomes.compactMap { try? $0.get() }
            if answers.isEmpty { throw Self.failure(id, outcomes) }
            return ContainmentReport(answers, askedAt: WallTime.now.rfc3339, after: shown)
        }

        private static func failure(_ id: String, _ outcomes: [Result<ContainmentReport.Answer, any Error>])
            -> CommandError
        {
            var reasons: [String] = []
            for case .failure(let error) in outcomes { reasons.append("\(error)") }
            return CommandError(
                "no node that answers knows the statement \(id):\n  " + reasons.joined(separator: "\n  "),
                advice: "`reeve quarantine list` has those in the log, `reeve warrant statements` the others"
            )
        }

        private func show(_ report: ContainmentReport) {
            if common.output.json { Console.json(report.json) } else { Console.print(report.text) }
        }
    }
}

/// Finds the one statement whose id begins as given.
struct StatementSearch {
    private let beginning: String

    /// Of a whole id.
    private static let length = 64
    /// Statements of the log that are looked through.
    private static let limit = 100_000

    init(_ text: String) throws {
        beginning = text.lowercased()
        guard !beginning.isEmpty, beginning.utf8.count <= Self.length,
            beginning.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) })
        else {
            throw CommandError("'\(text)' is not the id of a statement: up to \(Self.length) hexadecimal digits")
        }
    }

    /// A whole id is not looked for.
    func id(_ client: ClusterClient) async throws -> String {
        if beginning.utf8.count == Self.length { return beginning }
        var ids = try await client.list("/v1/revocations", limit: Self.limit).compactMap { $0["id"]?.stringValue }
        for node in client.nodes {
            for state in WarrantCommand.Statements.State.allCases { ids += await self.ids(state, client, at: node) }
        }
        return try only(of: ids)
    }

    /// A node that does not answer knows of none.
    private func ids(
        _ state: WarrantCommand.Statements.State,
        _ client: ClusterClient,
        at node: ClusterContext.Node
    ) async -> [String] {
        let path = "/v1/statements" + ClusterClient.query([("state", state.rawValue), ("limit", "1000")])
        let reply = try? await client.send(.init(path: path), to: node, timeout: .seconds(5))
        return (reply?.body["items"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue }
    }

    /// - Throws: Where none begins so, or several do.
    func only(of ids: [String]) throws -> String {
        let found = Set(ids.filter { $0.hasPrefix(beginning) }).sorted()
        if found.count == 1 { return found[0] }
        guard !found.isEmpty else {
            throw CommandError(
                "no node that answers knows a statement whose id begins with \(beginning)",
                advice: "`reeve quarantine list` has those in the log, `reeve warrant statements` the others"
            )
        }
        let some = found.prefix(5).map { "\n  \($0)" }.joined()
        throw CommandError("\(found.count) statements have an id that begins with \(beginning):\(some)")
    }
}
