import ArgumentParser
import Foundation
import HTTPAPI
import Histogram
import JSON
import Kernel

/// Attribute updates of resources against a running cluster: each one a command that the log commits.
struct WritesBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "writes",
        abstract: "Drive a running cluster with updates of 256-byte attributes.",
        discussion: """
            Each client updates one resource of its own, Bench::Record::"N", one write after the other. The resources are \
            deleted at the end. The node that is asked passes writes on when it does not lead: name the leader with --node \
            to measure without that.
            """
    )

    @Option(help: ArgumentHelp("How many clients at once; several numbers make several runs.", valueName: "counts"))
    var clients = ClientCounts(values: [1, 64])
    @Option(help: ArgumentHelp("How long each run takes.", valueName: "duration"))
    var duration = DurationArgument(span: .seconds(5))
    @OptionGroup var common: CommonOptions

    struct ClientCounts: ExpressibleByArgument {
        let values: [Int]

        init(values: [Int]) { self.values = values }

        init?(argument: String) {
            let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
            guard parts.allSatisfy({ $0.map { (1...4096).contains($0) } ?? false }) else { return nil }
            values = parts.compactMap { $0 }
        }

        var defaultValueDescription: String { values.map(String.init).joined(separator: ",") }
    }

    func run() async throws {
        try await common.connection.withClient { client in
            var results: [Outcome] = []
            for count in clients.values {
                Console.progress("\(count) client(s) for \(seconds) s")
                results.append(try await measure(count, client))
            }
            try await cleanUp(client)
            if common.output.json {
                Console.json(["runs": .array(results.map(\.json))])
            } else {
                var table = Table("clients", "writes", "writes/s", "p50 ms", "p99 ms", "max ms", "failed")
                for result in results { table.add(cells: result.cells) }
                Console.print(table.text)
            }
        }
    }

    private var seconds: Double { Double(duration.span.milliseconds) / 1000 }

    private func cleanUp(_ client: ClusterClient) async throws {
        for index in 0..<(clients.values.max() ?? 0) {
            _ = try await client.send(.init(method: .delete, path: Self.path(index)))
        }
    }

    private func measure(_ count: Int, _ client: ClusterClient) async throws -> Outcome {
        // Also opens the connections.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<count { group.addTask { _ = try await Self.write(0, index, client) } }
            try await group.waitForAll()
        }
        let start = ContinuousClock.now
        let end = start + .seconds(seconds)
        let parts = await withTaskGroup(of: Outcome.Part.self) { group in
            for index in 0..<count {
                group.addTask {
                    var part = Outcome.Part()
                    var round = 0
                    while ContinuousClock.now < end {
                        round += 1
                        let begin = ContinuousClock.now
                        do {
                            try await Self.write(round, index, client)
                            part.microseconds.append(UInt64(max(0, (ContinuousClock.now - begin) / .microseconds(1))))
                        } catch {
                            part.failures += 1
                            part.failure = "\(error)"
                        }
                    }
                    return part
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        return Outcome(clients: count, seconds: (ContinuousClock.now - start) / .seconds(1), parts: parts)
    }

    private static func path(_ index: Int) -> String { "/v1/resources/Bench%3A%3ARecord/\(index)" }

    private static func write(_ round: Int, _ index: Int, _ client: ClusterClient) async throws {
        let head = "\(index).\(round)."
        let payload = head + String(repeating: "x", count: max(0, 256 - head.utf8.count))
        let body: JSONValue = ["attributes": ["payload": .string(payload)]]
        _ = try await client.send(.init(method: .put, path: path(index), body: body))
    }

    struct Outcome {
        struct Part: Sendable {
            var microseconds: [UInt64] = []
            var failures = 0
            var failure: String?
        }

        let clients: Int
        let seconds: Double
        let failures: Int
        let failure: String?
        private let histogram: Histogram<UInt64>

        init(clients: Int, seconds: Double, parts: [Part]) {
            self.clients = clients
            self.seconds = seconds
            failures = parts.reduce(0) { $0 + $1.failures }
            failure = parts.lazy.compactMap(\.failure).first
            var histogram = Histogram<UInt64>(highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)
            for time in parts.lazy.flatMap(\.microseconds) { histogram.record(time) }
            self.histogram = histogram
        }

        private var rate: Double { Double(histogram.totalCount) / seconds }

        private func milliseconds(_ percentile: Double) -> String {
            Self.text(Double(histogram.valueAtPercentile(percentile)) / 1000)
        }

        private static func text(_ value: Double) -> String { String(format: "%.2f", value) }

        var cells: [String] {
            [
                String(clients), String(histogram.totalCount), String(format: "%.0f", rate), milliseconds(50),
                milliseconds(99), milliseconds(100), failures == 0 ? "0" : "\(failures) (\(failure ?? ""))",
            ]
        }

        var json: JSONValue {
            [
                "clients": .integer(Int64(clients)), "seconds": .decimal(Self.text(seconds)),
                "writes": .integer(Int64(histogram.totalCount)), "writes_per_second": .decimal(Self.text(rate)),
                "p50_ms": .decimal(milliseconds(50)), "p99_ms": .decimal(milliseconds(99)),
                "max_ms": .decimal(milliseconds(100)), "failures": .integer(Int64(failures)), "failure": failure.json,
            ]
        }
    }
}
