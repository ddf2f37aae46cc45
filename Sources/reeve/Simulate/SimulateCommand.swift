import ArgumentParser
import Foundation
import Kernel
import NIOCore
import Simulator
import Wire

/// `reeve sim run`: whole clusters on virtual time, from seeds.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run clusters in simulated time, under faults, and check that they keep their promises.",
        discussion: """
            Each seed is a whole world: nodes, network, disks, clocks, clients and faults. The same seed and options \
            give the same history, and the same trace hash, on every machine.

            Exit codes: 0 all passed; 1 wrong use; 10 a safety invariant was violated; 11 the cluster did not recover.
            """
    )

    @Option(help: "How many nodes, 1 to 15. A scenario file may say otherwise.")
    var nodes: Int?

    @Option(help: "A seed, or a range such as 1..100, both ends included.")
    var seed = SeedRange(lower: 1, upper: 1)

    @Option(help: "How long clients send, in simulated seconds, at least 5.")
    var seconds: UInt64?

    @Option(help: "A scenario file; see simulations/.", completion: .file(extensions: ["yaml"]))
    var scenario: String?

    @Flag(help: "Print one JSON object a seed instead of text.")
    var json = false

    @Flag(help: "Go on with the next seed after a violation.")
    var keepGoing = false

    @Option(help: ArgumentHelp("How many seeds run at a time. Default: one for each core.", valueName: "count"))
    var jobs: Int?

    func validate() throws {
        guard (1...1024).contains(jobs ?? 1) else { throw ValidationError("--jobs must be from 1 to 1024.") }
    }

    func run() async throws {
        let scenario = try loadScenario()
        if !json { print(header(scenario)) }
        var progress = SimulationProgress(total: seed.count)
        var worst = ExitCode.success
        let runs = SeedRuns(seeds: seed, jobs: jobs ?? System.coreCount) { number in
            var simulation = Simulation(WorldOptions(seed: number, scenario: scenario, codec: ProtobufCodec()))
            return simulation.run()
        }
        await runs.forEach { report in
            progress.note(report)
            if json {
                print(SimulationOutput.json(report))
            } else if report.violation != nil || seed.count == 1 {
                print(SimulationOutput.text(report, replay: replayCommand(report.seed)))
            }
            guard let violation = report.violation else { return true }
            worst = worst == ExitCode(10) ? worst : ExitCode(violation.invariant.isLiveness ? 11 : 10)
            return keepGoing
        }
        progress.finish()
        if !json, worst == .success, seed.count > 1 { print("\(seed.count) seeds passed") }
        guard worst == .success else { throw worst }
    }

    private func loadScenario() throws -> Scenario {
        var result = Scenario()
        if let path = scenario {
            do {
                result = try ScenarioFile.read(path)
            } catch {
                throw failure("\(path):\(error)")
            }
        }
        if let nodes { result.nodeCount = nodes }
        if let seconds { result.duration = .seconds(seconds) }
        if let flaw = result.flaw { throw failure(flaw) }
        return result
    }

    private func failure(_ message: String) -> any Error {
        FileHandle.standardError.write(Data("reeve sim run: \(message)\n".utf8))
        return ExitCode(1)
    }

    private func header(_ scenario: Scenario) -> String {
        "seed \(seed), \(scenario.nodeCount) nodes, \(scenario.duration.milliseconds / 1000) s,"
            + " \(scenario.operationsPerSecond) operations/s, scenario: \(scenario.name)"
    }

    /// What shows the same history again.
    private func replayCommand(_ seed: UInt64) -> String {
        var words = ["reeve", "sim", "run", "--seed", "\(seed)"]
        if let nodes { words += ["--nodes", "\(nodes)"] }
        if let seconds { words += ["--seconds", "\(seconds)"] }
        if let scenario { words += ["--scenario", scenario] }
        return words.joined(separator: " ")
    }
}

/// `N`, or `A..B` with both ends included.
struct SeedRange: ExpressibleByArgument, CustomStringConvertible {
    let lower: UInt64
    let upper: UInt64

    var count: UInt64 { upper - lower + 1 }
    var description: String { lower == upper ? "\(lower)" : "\(lower)..\(upper)" }
    var defaultValueDescription: String { description }

    init(lower: UInt64, upper: UInt64) {
        self.lower = lower
        self.upper = upper
    }

    init?(argument: String) {
        let ends = argument.split(separator: ".", omittingEmptySubsequences: false)
        switch ends.count {
        case 1:
            guard let seed = UInt64(argument) else { return nil }
            self.init(lower: seed, upper: seed)
        case 3:
            guard ends[1].isEmpty, let lower = UInt64(ends[0]), let upper = UInt64(ends[2]), lower <= upper,
                upper - lower < 100_000_000
            else { return nil }
            self.init(lower: lower, upper: upper)
        default: return nil
        }
    }
}
