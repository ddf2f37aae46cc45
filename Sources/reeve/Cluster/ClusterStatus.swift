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

            Below the table stands why a node is not ready, and whether anybody leads. A node that was removed, and still runs, is \
            shown as that.

            Exit status: 0 when every node is ready, but for those that were removed, 1 otherwise.
            """
    )

    @Option(help: ArgumentHelp("Wait so long at most until every node is ready.", valueName: "duration"))
    var wait: DurationArgument?
    @Option(help: ArgumentHelp("Estimate round trips from this node; else from the first that can.", valueName: "node"))
    var from: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.connection.withClient { client in
            let isAlone = common.connection.node != nil
            var rows = await ClusterNodes.ask(client, edges: true, isAlone: isAlone)
            if let wait {
                let end = ContinuousClock.now + .milliseconds(Int64(clamping: wait.span.milliseconds))
                var announced = false
                while !rows.allSatisfy(\.isInOrder), ContinuousClock.now < end {
                    if !announced { Console.progress("waiting for \(counted(rows.count { !$0.isInOrder }, "node"))") }
                    announced = true
                    try await Task.sleep(for: .milliseconds(100))
                    rows = await ClusterNodes.ask(client, edges: true, isAlone: isAlone)
                }
            }
            let estimates = try RoundTripEstimates(rows, from: from)
            if common.output.json {
                Console.json(estimates.json)
            } else {
                Console.print(Self.table(rows, estimates).text)
                for note in Self.notes(rows, isAlone: isAlone) { Console.progress(note) }
            }
            guard rows.allSatisfy(\.isInOrder) else { throw ExitCode.failure }
        }
    }

    /// What a person wants to know first, where something is not as it should be.
    static func notes(_ rows: [ClusterNodes.Row], isAlone: Bool = false) -> [String] {
        let own = rows.flatMap { row in
            let name = row.node.name
            if row.isRemoved { return ["\(name) was removed; take it out of the nodes of your context file"] }
            let reason = row.isReady ? nil : row.status?["not_ready_because"]?.stringValue
            return (reason.map { ["\(name) is not ready: \($0)"] } ?? []) + row.warnings
        }
        let voters = rows.filter(\.isVoter)
        let isLed = rows.contains { !$0.isRemoved && !($0.status?["leader"] ?? .null).isNull }
        guard !isLed, !voters.isEmpty else { return own }
        let answering = voters.count { $0.status != nil }
        let count =
            isAlone
            ? "" : ", \(answering) of \(counted(voters.count, "voter")) \(answering == 1 ? "answers" : "answer")"
        return own + ["no leader: nothing can be written\(count)"]
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
            let halted = status["halted"]?.cell.isEmpty == false
            let state = row.isRemoved ? "removed" : halted ? "halted" : row.isReady ? "ready" : "not ready"
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
        guard !views.isEmpty, !row.isRemoved else { return "" }
        // One that has joined again has the name of another, of whom it may be told still.
        let told = views.lazy.flatMap { $0.arrayValue ?? [] }.first { told in
            if let member = row.status?["member"], let other = told["member"] { return member == other }
            return told["name"]?.stringValue == row.node.name
        }
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

extension ClusterNodes.Row {
    /// Nothing is to be done about it, nor waited for.
    fileprivate var isInOrder: Bool { isReady || isRemoved }
}
