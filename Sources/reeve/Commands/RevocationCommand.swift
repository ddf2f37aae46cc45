import ArgumentParser
import HTTPAPI
import JSON
import Kernel

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
                Ask the node that it was brought to, which the command that made it has printed: other nodes know less. \
                "since" is when that node heard from the other one at the latest. A node that is not heard from denies at \
                the moment shown in any case: what it knows is too old then.
                """
        )

        @Argument(help: ArgumentHelp("Id of the statement, as revoke or quarantine has printed it.", valueName: "id"))
        var id: String
        @Flag(help: "Wait until every node goes by it, and show what is new each second.")
        var watch = false
        @Option(help: ArgumentHelp("Give up watching after this long.", valueName: "duration"))
        var timeout = DurationArgument(span: .seconds(600))
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.connection.withClient { client in
                let deadline = ContinuousClock.now + .milliseconds(timeout.span.milliseconds)
                var shown: ContainmentReport?
                while true {
                    let report = ContainmentReport(try await client.send(.init(path: path)).body)
                    if report != shown { show(report) }
                    shown = report
                    guard watch, !report.isComplete, !report.isRefused else { return }
                    guard ContinuousClock.now < deadline else {
                        throw CommandError("not every node goes by \(id) yet", advice: "see `reeve cluster status`")
                    }
                    try await Task.sleep(for: .seconds(1))
                }
            }
        }

        private var path: String { "/v1/statements/\(ClusterClient.segment(id))" }

        private func show(_ report: ContainmentReport) {
            if common.output.json { Console.json(report.body) } else { Console.print(report.text) }
        }
    }
}

/// What a node says of a statement.
struct ContainmentReport: Equatable {
    let body: JSONValue

    init(_ body: JSONValue) { self.body = body }

    private var nodes: [JSONValue]? { body["containment"]?["nodes"]?.arrayValue }
    var isComplete: Bool { body["containment"]?["complete"]?.boolValue == true }
    var isRefused: Bool { body["state"]?.stringValue == "refused" }

    var text: String {
        let below = body["cascade"]?.boolValue == true ? " and everybody below" : ""
        let head = "\(body["kind"]?.cell ?? "") \(body["subject"]?.cell ?? "")\(below): \(state)\n"
        if isRefused { return head + "No node that knows the log's word goes by it any more.\n" }
        guard let nodes else {
            return head + "This node does not know which others go by it; ask the one that it was brought to.\n"
        }
        var table = Table("node", "goes by it since")
        for node in nodes { table.add(node["name"]?.cell ?? "", node["since"]?.stringValue ?? "not heard from") }
        return head + table.text + (isComplete ? "" : rest)
    }

    private var state: String {
        let state = body["state"]?.cell ?? ""
        if let revision = body["revision"]?.integerValue { return "\(state) (revision \(revision))" }
        return body["refusal"]?.stringValue.map { "\(state): \($0)" } ?? state
    }

    private var rest: String {
        guard let moment = body["containment"]?["others_stop_by"]?.stringValue else {
            return "Those not heard from can say yes until the log has it, and what they know is too old then.\n"
        }
        return "Those not heard from can say yes until \(moment) at the latest.\n"
    }
}
