import ArgumentParser
import Foundation
import JSON
import Kernel
import Simulator

/// Runs simulated clusters of several sizes, one at a time in one thread: how much faster than the clock on the wall time
/// passes in them, with all checkers on.
struct SimulationBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulation",
        abstract: "Time simulated clusters of several sizes.",
        discussion: """
            Each cluster gets the load of reeve sim run, without faults unless --faults draws them from the seed, and is \
            checked as there. A step is one event: a message that arrives, a timer, the end of a write. "x real time" is \
            simulated time by real time. Memory is what the run has at its end beyond what the process had before.
            """
    )

    @Option(help: ArgumentHelp("How many voters.", valueName: "counts"))
    var nodes = Numbers(values: [3, 5, 7, 15])
    @Option(help: ArgumentHelp("How many operations clients begin in a second.", valueName: "rates"))
    var rates = Numbers(values: [1, 10, 100])
    @Option(help: "How long clients send, in simulated seconds, at least 5.")
    var seconds: UInt64 = 30
    @Option(help: "What load and faults are drawn from.")
    var seed: UInt64 = 1
    @Flag(help: "Let the seed draw faults, too.")
    var faults = false
    @Flag(help: "Print one JSON object.")
    var json = false

    struct Numbers: ExpressibleByArgument {
        let values: [Int]

        init(values: [Int]) { self.values = values }

        init?(argument: String) {
            let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
            values = parts.compactMap { $0 }
            guard !values.isEmpty, values.count == parts.count, values.allSatisfy({ $0 > 0 }) else { return nil }
        }

        var defaultValueDescription: String { values.map(String.init).joined(separator: ",") }
    }

    func run() throws {
        let scenarios = try nodes.values.flatMap { count in try rates.values.map { try scenario(count, $0) } }
        let outcomes = try scenarios.map { scenario in
            Console.progress("\(scenario.nodeCount) voters, \(scenario.operationsPerSecond) operations/s")
            return try Outcome(WorldOptions(seed: seed, scenario: scenario))
        }
        guard !json else { return Console.json(["runs": .array(outcomes.map(\.json))]) }
        var table = Table("voters", "operations/s", "steps", "steps/s", "x real time", "memory MB")
        for outcome in outcomes { table.add(cells: outcome.cells) }
        Console.print(table.text)
    }

    private func scenario(_ count: Int, _ rate: Int) throws -> Scenario {
        let scenario = Scenario(
            name: "bench",
            nodeCount: count,
            spareCount: 0,
            duration: .seconds(seconds),
            operationsPerSecond: UInt64(rate),
            drawsFaults: faults
        )
        if let flaw = scenario.flaw { throw CommandError(flaw) }
        return scenario
    }

    private struct Outcome {
        let scenario: Scenario
        let report: SeedReport
        let elapsed: Double
        /// In bytes, as far as the system tells.
        let memory: Int?

        init(_ options: WorldOptions) throws {
            scenario = options.scenario
            let before = Self.anonymousMemory
            var simulation = Simulation(options)
            let start = ContinuousClock.now
            report = simulation.run()
            elapsed = (ContinuousClock.now - start) / .seconds(1)
            memory = before.flatMap { before in Self.anonymousMemory.map { max(0, $0 - before) } }
            withExtendedLifetime(simulation) {}
            if let violation = report.violation { throw CommandError("seed \(report.seed): \(violation)") }
        }

        private var stepsPerSecond: Double { Double(report.steps) / elapsed }
        private var timesRealTime: Double { Double(report.simulated.microseconds) / 1_000_000 / elapsed }

        var cells: [String] {
            [
                "\(scenario.nodeCount)", "\(scenario.operationsPerSecond)", "\(report.steps)",
                "\(Int(stepsPerSecond))", String(format: "%.0f", timesRealTime),
                memory.map { "\($0 >> 20)" } ?? "not known",
            ]
        }

        var json: JSONValue {
            .object([
                JSONMember(name: "voters", value: .integer(Int64(scenario.nodeCount))),
                JSONMember(name: "operationsPerSecond", value: .integer(Int64(scenario.operationsPerSecond))),
                JSONMember(name: "steps", value: .integer(Int64(report.steps))),
                JSONMember(name: "stepsPerSecond", value: .integer(Int64(stepsPerSecond))),
                JSONMember(name: "timesRealTime", value: .decimal(String(format: "%.1f", timesRealTime))),
                JSONMember(name: "memoryBytes", value: memory.map { .integer(Int64($0)) } ?? .null),
            ])
        }

        /// What the process has of its own, in bytes; nil where the system does not say.
        private static var anonymousMemory: Int? {
            guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
                let line = status.split(separator: "\n").first(where: { $0.hasPrefix("RssAnon:") })
            else { return nil }
            return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
        }
    }
}
