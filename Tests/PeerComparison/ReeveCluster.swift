import Foundation
import NIOCore
import NIOHTTP1

/// A development cluster as `reeve cluster init` makes it, with some settings more. Its TLS and its durability are those of any
/// other; only the keys are in clear.
struct ReeveCluster: PeerCluster {
    static let name = "Reeve"

    let nodes: [ServerProcess]
    let endpoints: [Endpoint]
    private let reeve: String
    private let directory: String

    /// - Parameter settings: What each `node.yaml` has at its end.
    init(directory: String, reeve: String, portBase: Int, settings: String) throws {
        self.reeve = reeve
        self.directory = directory
        func port(_ number: Int, _ offset: Int) -> Int { portBase + 3 * number + offset }
        let places = (0..<3).flatMap { number in
            ["--node", "n\(number)=\(Endpoint.host):\(port(number, 0)),\(port(number, 1)),\(port(number, 2))"]
        }
        let arguments =
            [
                "cluster", "init", "--dev", "--keep-default-context", "--dir", directory, "--domain",
                "peers.reeve.internal",
            ] + places
        _ = try output(of: reeve, arguments)
        nodes = try (0..<3).map { number in
            let home = "\(directory)/nodes/n\(number)"
            try Self.raiseLimit(in: "\(home)/genesis.json")
            let file = try FileHandle(forWritingTo: URL(filePath: "\(home)/node.yaml"))
            try file.seekToEnd()
            try file.write(contentsOf: Data(("\n" + settings + "\n").utf8))
            try file.close()
            return ServerProcess(reeve, ["node", "run", "--config", "\(home)/node.yaml"], logFile: "\(home)/log")
        }
        let tls = try Endpoint.context(
            roots: "\(directory)/roots.crt",
            certificate: "\(directory)/admin/admin.crt",
            key: "\(directory)/admin/admin.key",
            kind: .http
        )
        endpoints = (0..<3).map { Endpoint(kind: .http, port: port($0, 1), tls: tls) }
    }

    /// Of idempotency keys that a caller may have in force: all load comes from one administrator here.
    private static func raiseLimit(in genesis: String) throws {
        let text = try String(contentsOfFile: genesis, encoding: .utf8)
        let raised = text.replacing(/"idempotency_limit": [0-9]+/, with: #""idempotency_limit": 1000000"#)
        guard raised != text else { throw PeerError("\(genesis) does not have the limit that is to be raised") }
        try raised.write(toFile: genesis, atomically: true, encoding: .utf8)
    }

    func leader() -> Int? {
        let leaders = Set(statuses().compactMap { $0.status?.leader })
        guard leaders.count == 1, let name = leaders.first else { return nil }
        return (0..<3).first { "n\($0)" == name }
    }

    func isWhole() -> Bool {
        let statuses = statuses()
        return statuses.count == 3 && statuses.allSatisfy { $0.isReady && $0.status?.leader != nil }
    }

    /// What each node has applied; nil for one that does not answer.
    func revisions() -> [UInt64?] { statuses().map { $0.status?.revision } }

    /// What a node has written to its log since its start, by its metrics.
    struct LogWrites {
        let entries: Double
        let commits: Double

        /// Nil where nothing was written in between.
        func entriesACommit(until later: LogWrites) -> Double? {
            later.commits > commits ? (later.entries - entries) / (later.commits - commits) : nil
        }
    }

    func logWrites(at endpoint: Endpoint, group: any EventLoopGroup) async throws -> LogWrites {
        let connection = try await endpoint.connect(on: group)
        defer { connection.close() }
        let request = HTTPConnection.Request(method: .GET, path: "/metrics")
        let answer = try await connection.loop.flatSubmit { connection.send(request) }.get()
        guard answer.isSuccess else { throw PeerError("/metrics: HTTP status \(answer.status.code)") }
        let lines = String(buffer: answer.body).split(separator: "\n")
        func value(_ name: String) throws -> Double {
            let line = lines.first { $0.hasPrefix(name + " ") }
            guard let value = line.flatMap({ Double($0.dropFirst(name.count + 1)) }) else {
                throw PeerError("/metrics has no \(name)")
            }
            return value
        }
        return LogWrites(
            entries: try value("reeve_storage_log_entries_total"),
            commits: try value("reeve_storage_log_commits_total")
        )
    }

    struct Answer: Decodable {
        struct Row: Decodable {
            struct Status: Decodable {
                let ready: Bool
                let leader: String?
                let revision: UInt64
            }
            let status: Status?
            var isReady: Bool { status?.ready == true }
        }
        let nodes: [Row]
    }

    /// Runs a command as the administrator.
    func command(_ arguments: String...) throws { _ = try output(of: reeve, arguments, environment: environment) }

    private var environment: [String: String] { ["REEVE_CONTEXT": "\(directory)/context.yaml"] }

    /// Of all nodes of the cluster, those too that came later. The command fails while one is not ready, and prints what it knows all the same.
    func statuses() -> [Answer.Row] {
        let arguments = ["cluster", "status", "--json"]
        let data = try? output(of: reeve, arguments, environment: environment, mayFail: true)
        return data.flatMap { try? JSONDecoder().decode(Answer.self, from: $0).nodes } ?? []
    }
}

extension Timers {
    /// In a node's configuration.
    var settings: String {
        "timers:\n  heartbeat_ms: \(heartbeatMilliseconds)\n  election_ms: \(electionMilliseconds)"
    }
}
