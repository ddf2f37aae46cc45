import ArgumentParser
import Foundation
import HTTPAPI
import Histogram
import JSON
import Kernel
import NIOCore
import NIOPosix
import NIOSSL

/// Decisions over HTTPS against a constant answer over the same pipeline: what deciding, dating and logging cost.
struct HTTPBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "http",
        abstract: "Measure a node's decision endpoint beside a server that always gives the same answer.",
        discussion: """
            Starts a constant-answer server, a process of its own on a free loopback port, with the decision endpoint's own \
            HTTP pipeline and TLS settings, and asks both in turn with the same requests over the same number of connections. Prints requests a \
            second, latencies, and the ratio of the medians. Run it with nothing else on the machine.
            """
    )

    @Option(help: "Connections to each server.")
    var connections = 16
    @Option(help: "Requests under way on each connection.")
    var pipelining = 1
    @Option(help: "Rounds; each asks one server, then the other.")
    var rounds = 5
    @Option(help: ArgumentHelp("How long each server is asked in a round.", valueName: "duration"))
    var duration = DurationArgument(span: .seconds(2))
    @Option(help: ArgumentHelp("Who the question is about, as KIND/NAME.", valueName: "principal"))
    var subject = "agent/invoice-bot"
    @Option(help: "What it wants to do.")
    var action = "read"
    @Option(help: ArgumentHelp("To what, as TYPE/ID.", valueName: "resource"))
    var resource = "database/ledger"
    @Flag(help: "Let the subject ask for itself, with a token that is made for the run and deleted after it.")
    var asSubject = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...1024).contains(connections), (1...64).contains(pipelining), (1...100).contains(rounds) else {
            throw ValidationError("--connections must be 1 to 1024, --pipelining 1 to 64, --rounds 1 to 100.")
        }
    }

    func run() async throws {
        guard asSubject else { return try await measure(token: nil) }
        try await common.connection.withClient { client in
            let body: JSONValue = [
                "principal": .string(subject), "description": "reeve bench http",
                "expires_at": WallTime.now.advanced(by: .seconds(3600)).json,
            ]
            let token = try await client.send(.init(method: .post, path: "/v1/tokens", body: body)).body
            guard let id = token["id"]?.stringValue, let secret = token["token"]?.stringValue else {
                throw CommandError("the node answered without a token")
            }
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await measure(token: secret)) } catch { outcome = .failure(error) }
            _ = try await client.send(.init(method: .delete, path: "/v1/tokens/\(ClusterClient.segment(id))"))
            try outcome.get()
        }
    }

    /// As the holder of the token, or else of the context's certificate.
    private func measure(token: String?) async throws {
        let (context, credentials) = try common.connection.load()
        guard let node = context.nodes.first, let url = URL(string: node.decisions), let host = url.host(),
            let port = url.port
        else { throw CommandError("the context names no node with a decision endpoint") }
        let constant = try ConstantServer.start()
        defer { constant.stop() }
        let body = try Self.body(subject: subject, action: action, resource: resource)
        let path = "/access/v1/evaluation"
        let targets = [
            (host: host, port: port, tls: try NIOSSLContext(client: credentials)),
            (host: "127.0.0.1", port: constant.port, tls: constant.tls),
        ].map { LoadTarget(host: $0.host, port: $0.port, path: path, token: token, body: body, tls: $0.tls) }
        // Either server answers on a loop for each core. Whoever asks works less, and leaves one to them.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, System.coreCount - 1))
        var results: [[LoadResult]] = [[], []]
        for round in 0...rounds {
            Console.progress(round == 0 ? "warming up" : "round \(round) of \(rounds)")
            for (place, target) in targets.enumerated() {
                let load = LoadGenerator(
                    target,
                    connections: connections,
                    pipelining: pipelining,
                    group: group
                )
                let result = try await load.run(for: duration.span)
                if round > 0 { results[place].append(result) }
            }
        }
        try await group.shutdownGracefully()
        report(node: results[0], constant: results[1])
    }

    private static func body(subject: String, action: String, resource: String) throws -> [UInt8] {
        func entity(_ text: String) throws -> JSONValue {
            guard let slash = text.firstIndex(of: "/") else { throw CommandError("\(text) is not of the form TYPE/ID") }
            return .object([
                JSONMember(name: "type", value: .string(String(text[..<slash]))),
                JSONMember(name: "id", value: .string(String(text[text.index(after: slash)...]))),
            ])
        }
        return JSONValue.object([
            JSONMember(name: "subject", value: try entity(subject)),
            JSONMember(name: "action", value: .object([JSONMember(name: "name", value: .string(action))])),
            JSONMember(name: "resource", value: try entity(resource)),
        ]).serialized()
    }

    private func report(node: [LoadResult], constant: [LoadResult]) {
        let figures = [("decisions", LoadFigures(node)), ("constant", LoadFigures(constant))]
        let ratio = figures[0].1.perSecond / max(figures[1].1.perSecond, 1)
        if common.output.json {
            var members = figures.map { JSONMember(name: $0.0, value: $0.1.json) }
            members.append(JSONMember(name: "ratio", value: .decimal(String(format: "%.3f", ratio))))
            Console.json(.object(members))
        } else {
            var table = Table("server", "requests/s", "p50 us", "p99 us", "failed")
            for (name, figure) in figures { table.add(cells: [name] + figure.cells) }
            Console.print(table.text)
            Console.line(String(format: "ratio %.2f (medians of %d rounds)", ratio, rounds))
        }
    }
}

/// What one server did in one round.
struct LoadResult {
    let perSecond: Double
    let failed: Int
    let histogram: Histogram<UInt64>
}

/// Medians over rounds.
struct LoadFigures {
    let perSecond: Double
    let p50: UInt64
    let p99: UInt64
    let failed: Int

    init(_ results: [LoadResult]) {
        func median<Value: Comparable>(_ values: [Value], or none: Value) -> Value {
            values.isEmpty ? none : values.sorted()[values.count / 2]
        }
        perSecond = median(results.map(\.perSecond), or: 0)
        p50 = median(results.map { $0.histogram.valueAtPercentile(50) }, or: 0)
        p99 = median(results.map { $0.histogram.valueAtPercentile(99) }, or: 0)
        failed = results.reduce(0) { $0 + $1.failed }
    }

    var cells: [String] { [String(Int(perSecond)), "\(p50)", "\(p99)", "\(failed)"] }

    var json: JSONValue {
        .object([
            JSONMember(name: "requestsPerSecond", value: .integer(Int64(perSecond))),
            JSONMember(name: "p50Microseconds", value: .integer(Int64(clamping: p50))),
            JSONMember(name: "p99Microseconds", value: .integer(Int64(clamping: p99))),
            JSONMember(name: "failed", value: .integer(Int64(failed))),
        ])
    }
}
