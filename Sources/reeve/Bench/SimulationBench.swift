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

    @Option(help: ArgumentHelp("How many voters, and how many learners after a plus sign.", valueName: "counts"))
    var nodes = List(values: [3, 5, 7, 15].map { Size(voters: $0, learners: 0) } + [Size(voters: 7, learners: 50)])
    @Option(help: ArgumentHelp("How many operations clients begin in a second.", valueName: "rates"))
    var rates = List(values: [0, 10, 100].map(Rate.init))
    @Option(help: "How long clients send, in simulated seconds, at least 5.")
    var seconds: UInt64 = 30
    @Option(help: "What load and faults are drawn from.")
    var seed: UInt64 = 1
    @Flag(help: "Let the seed draw faults, too.")
    var faults = false
    @Flag(help: "Print one JSON object.")
    var json = false

    struct Size: LosslessStringConvertible {
        let voters: Int
        let learners: Int

        init(voters: Int, learners: Int) {
            self.voters = voters
            self.learners = learners
        }

        init?(_ text: String) {
            let parts = text.split(separator: "+", omittingEmptySubsequences: false).map { Int($0) }
            guard parts.count <= 2, let voters = parts[0], let learners = parts.count == 2 ? parts[1] : 0 else {
                return nil
            }
            self.init(voters: voters, learners: learners)
        }

        var description: String { learners == 0 ? "\(voters)" : "\(voters)+\(learners)" }
    }

    struct Rate: LosslessStringConvertible {
        let operations: UInt64

        init(_ operations: UInt64) { self.operations = operations }

        init?(_ text: String) {
            guard let operations = UInt64(text) else { return nil }
            self.init(operations)
        }

        var description: String { "\(operations)" }
    }

    struct List<Item: LosslessStringConvertible & Sendable>: ExpressibleByArgument {
        let values: [Item]

        init(values: [Item]) { self.values = values }

        init?(argument: String) {
            let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Item(String($0)) }
            values = parts.compactMap { $0 }
            guard !values.isEmpty, values.count == parts.count else { return nil }
        }

        var defaultValueDescription: String { values.map(\.description).joined(separator: ",") }
    }

    func run() throws {
        let scenarios = try nodes.values.flatMap { count in try rates.values.map { try scenario(count, $0) } }
        let outcomes = try scenarios.map { scenario in
            Console.progress(
                "\(scenario.nodeCount) voters, \(scenario.learnerCount) learners,"
                    + " \(scenario.operationsPerSecond) operations/s"
            )
            return try Outcome(WorldOptions(seed: seed, scenario: scenario))
        }
        guard !json else { return Console.json(["runs": .array(outcomes.map(\.json))]) }
        var table = Table("voters", "learners", "operations/s", "steps", "steps/s", "x real time", "memory MB")
        for outcome in outcomes { table.add(cells: outcome.cells) }
        Console.print(table.text)
    }

    private func scenario(_ size: Size, _ rate: Rate) throws -> Scenario {
        let scenario = Scenario(
            name: "bench",
            nodeCount: size.voters,
            learnerCount: size.learners,
            spareCount: 0,
            duration: .seconds(seconds),
            operationsPerSecond: rate.operations,
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
            let before = ProcessMemory.anonymousBytes
            var simulation = Simulation(options)
            let start = ContinuousClock.now
            report = simulation.run()
            elapsed = (ContinuousClock.now - start) / .seconds(1)
            memory = before.flatMap { before in ProcessMemory.anonymousBytes.map { max(0, $0 - before) } }
            withExtendedLifetime(simulation) {}
            if let violation = report.violation { throw CommandError("seed \(report.seed): \(violation)") }
        }

        private var stepsPerSecond: Double { Double(report.steps) / elapsed }
        private var timesRealTime: Double { Double(report.simulated.microseconds) / 1_000_000 / elapsed }

        var cells: [String] {
            [
                "\(scenario.nodeCount)", "\(scenario.learnerCount)", "\(scenario.operationsPerSecond)",
                "\(report.steps)", "\(Int(stepsPerSecond))", String(format: "%.0f", timesRealTime),
                memory.map { "\($0 >> 20)" } ?? "not known",
            ]
        }

        var json: JSONValue {
            .object([
                JSONMember(name: "voters", value: .integer(Int64(scenario.nodeCount))),
                JSONMember(name: "learners", value: .integer(Int64(scenario.learnerCount))),
                JSONMember(name: "operationsPerSecond", value: .integer(Int64(scenario.operationsPerSecond))),
                JSONMember(name: "steps", value: .integer(Int64(report.steps))),
                JSONMember(name: "stepsPerSecond", value: .integer(Int64(stepsPerSecond))),
                JSONMember(name: "timesRealTime", value: .decimal(String(format: "%.1f", timesRealTime))),
                JSONMember(name: "memoryBytes", value: memory.map { .integer(Int64($0)) } ?? .null),
            ])
        }
    }
}
