import ArgumentParser
import HTTPAPI
import JSON
import Kernel
import Service

struct ClusterStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Ask every node how it is, edges too.",
        discussion: """
            RTT is how long a message takes to the node and back, in a cluster with edges: an estimate from coordinates that \
            nodes find by probing each other, without asking them to measure. "-" until both have one, about a second after \
            they start; it becomes reliable after about two minutes.

            REACHED is what nodes find by probing their neighbours, in a cluster with edges: "suspected" is one that a neighbour \
            does not hear, "no" one that did not say otherwise in time, and for how long, by the first node that knows. It says \
            nothing of what a node may do.

            Exit status: 0 when every node is ready, 1 otherwise.
            """
    )

    @Option(help: ArgumentHelp("Wait so long at most until every node is ready.", valueName: "duration"))
    var wait: DurationArgument?
    @Option(help: ArgumentHelp("Estimate round trips from this node; else from the first that can.", valueName: "node"))
    var from: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.connection.withClient { client in
            var rows = await ClusterNodes.ask(client, edges: true)
            if let wait {
                let end = ContinuousClock.now + .milliseconds(Int64(clamping: wait.span.milliseconds))
                var announced = false
                while !rows.allSatisfy(\.isReady), ContinuousClock.now < end {
                    if !announced { Console.progress("waiting for \(rows.count { !$0.isReady }) node(s)") }
                    announced = true
                    try await Task.sleep(for: .milliseconds(100))
                    rows = await ClusterNodes.ask(client, edges: true)
                }
            }
            let estimates = try RoundTripEstimates(rows, from: from)
            if common.output.json {
                Console.json(estimates.json)
            } else {
                Console.print(Self.table(rows, estimates).text)
                for warning in rows.flatMap(\.warnings) { Console.progress(warning) }
            }
            guard rows.allSatisfy(\.isReady) else { throw ExitCode.failure }
        }
    }

    static func table(_ rows: [ClusterNodes.Row], _ estimates: RoundTripEstimates) -> Table {
        let titles = [
            "node", "state", "role", "term", "revision", "lag", "sealed", "rtt", "epoch", "state root", "incarnation",
            "certificate until",
        ]
        let areLabelled = rows.contains { !labels(of: $0).isEmpty }
        let areProbed = rows.contains { $0.status?["reachability"]?["nodes"] != nil }
        var table = Table(titles: titles + (areProbed ? ["reached"] : []) + (areLabelled ? ["labels"] : []))
        let leader = rows.first(where: \.leads)?.status
        for row in rows {
            let status = row.status ?? .null
            let state = status["halted"]?.cell.isEmpty == false ? "halted" : row.isReady ? "ready" : "not ready"
            var cells = [
                row.node.name,
                row.status == nil ? "no answer" : state,
                status["role"]?.cell ?? "",
                status["term"]?.cell ?? "",
                status["revision"]?.cell ?? "",
                lag(of: row, by: leader),
                status["seal"]?["index"]?.cell ?? "",
                estimates.cell(of: row),
                status["epoch"]?.cell ?? "",
                String((status["state_root"]?.cell ?? "").prefix(12)),
                status["incarnation"]?.cell ?? "",
                String((status["certificate_expires_at"]?.cell ?? "").prefix(10)),
            ]
            if areProbed { cells.append(reachability(of: row, among: rows)) }
            if areLabelled { cells.append(labels(of: row)) }
            table.add(cells: cells)
        }
        return table
    }

    /// By the first of the others that says anything of it; empty in a cluster in which nobody looks.
    private static func reachability(of row: ClusterNodes.Row, among rows: [ClusterNodes.Row]) -> String {
        let views = rows.filter { $0.node.name != row.node.name }.compactMap { $0.status?["reachability"]?["nodes"] }
        guard !views.isEmpty else { return "" }
        let told = views.lazy.flatMap { $0.arrayValue ?? [] }.first { $0["name"]?.stringValue == row.node.name }
        guard let told, let milliseconds = told["for_ms"]?.integerValue else { return "yes" }
        let word = told["state"]?.stringValue == "unreachable" ? "no" : "suspected"
        return "\(word), \(milliseconds / 1000) s"
    }

    private static func labels(of row: ClusterNodes.Row) -> String {
        (row.labels?.objectValue ?? []).map { "\($0.name)=\($0.value.cell)" }.joined(separator: ",")
    }

    /// How many entries of the leader's log it lacks: a member as far as the leader knows, an edge by its own word.
    private static func lag(of row: ClusterNodes.Row, by leader: JSONValue?) -> String {
        let peer = leader?["peers"]?.arrayValue?.first { $0["name"]?.stringValue == row.node.name }
        let held = row.isEdge ? row.status?["last_index"] : peer?["match_index"]
        guard let last = leader?["last_index"]?.integerValue, let held = held?.integerValue else { return "" }
        return String(max(0, last - held))
    }
}
