import ArgumentParser
import HTTPAPI
import JSON
import Kernel
import Service

struct ClusterStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Ask every node of the context how it is.",
        discussion: "Exit status: 0 when every node is ready, 1 otherwise."
    )

    @Option(help: ArgumentHelp("Wait so long at most until every node is ready.", valueName: "duration"))
    var wait: DurationArgument?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.connection.withClient { client in
            var rows = await Self.ask(client)
            if let wait {
                let end = ContinuousClock.now + .milliseconds(Int64(clamping: wait.span.milliseconds))
                var announced = false
                while !rows.allSatisfy(\.isReady), ContinuousClock.now < end {
                    if !announced { Console.progress("waiting for \(rows.count { !$0.isReady }) node(s)") }
                    announced = true
                    try await Task.sleep(for: .milliseconds(100))
                    rows = await Self.ask(client)
                }
            }
            if common.output.json {
                Console.json(["nodes": .array(rows.map(\.json))])
            } else {
                Console.print(Self.table(rows).text)
                for warning in rows.flatMap(\.warnings) { Console.progress(warning) }
            }
            guard rows.allSatisfy(\.isReady) else { throw ExitCode.failure }
        }
    }

    struct Row {
        let node: String
        let status: JSONValue?
        let error: String?

        var isReady: Bool { status?["ready"]?.boolValue == true }

        var json: JSONValue {
            .object([
                JSONMember(name: "node", value: .string(node)),
                JSONMember(name: "status", value: status ?? .null),
                JSONMember(name: "error", value: error.json),
            ])
        }

        var warnings: [String] {
            (status?["warnings"]?.arrayValue ?? []).map { "\(node): \($0.cell)" } + (error.map { [$0] } ?? [])
        }
    }

    private static func ask(_ client: ClusterClient) async -> [Row] {
        await withTaskGroup(of: (Int, Row).self) { group in
            for (index, node) in client.context.nodes.enumerated() {
                group.addTask {
                    do {
                        let reply = try await client.send(
                            .init(path: "/v1/node/status"),
                            to: node,
                            timeout: .seconds(5)
                        )
                        return (index, Row(node: node.name, status: reply.body, error: nil))
                    } catch {
                        return (index, Row(node: node.name, status: nil, error: "\(error)"))
                    }
                }
            }
            var rows: [(Int, Row)] = []
            for await row in group { rows.append(row) }
            return rows.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private static func table(_ rows: [Row]) -> Table {
        var table = Table("node", "state", "role", "term", "revision", "epoch", "state root", "certificate until")
        for row in rows {
            let status = row.status ?? .null
            let state = status["halted"]?.cell.isEmpty == false ? "halted" : row.isReady ? "ready" : "not ready"
            table.add(
                row.node,
                row.status == nil ? "no answer" : state,
                status["role"]?.cell ?? "",
                status["term"]?.cell ?? "",
                status["revision"]?.cell ?? "",
                status["epoch"]?.cell ?? "",
                String((status["state_root"]?.cell ?? "").prefix(12)),
                String((status["certificate_expires_at"]?.cell ?? "").prefix(10))
            )
        }
        return table
    }
}
