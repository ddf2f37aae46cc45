import ArgumentParser
import Foundation
import Kernel
import NIOCore
import Simulator

/// `reeve sim run`: whole clusters on virtual time, from seeds.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run clusters in simulated time, under faults, and check that they keep their promises.",
        discussion: """
            Each seed is a whole world: nodes, network, disks, clocks, clients and faults. The same seed and options \
            give the same history, and the same trace hash, on every machine.

            \(SimulationExit.explanation)
            """
    )

    @OptionGroup var world: WorldArguments

    @Option(help: "A seed, or a range such as 1..100, both ends included.")
    var seed = SeedRange(lower: 1, upper: 1)

    @Option(
        help: ArgumentHelp(
            "Make a folder for each seed that fails, below this one, with all that shows the failure again.",
            valueName: "folder"
        ),
        completion: .directory
    )
    var bundle: String?

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
        let scenario = try world.loadScenario()
        if !json { print(header(scenario)) }
        var progress = SimulationProgress(total: seed.count)
        var worst = ExitCode.success
        let build = BuildIdentity.text
        CrashNotice.watch()
        let runs = SeedRuns(seeds: seed, jobs: jobs ?? System.coreCount) { number in
            var simulation = Simulation(WorldOptions(seed: number, scenario: scenario))
            return CrashNotice.during(number, "seed \(number) CRASHED, \(build), replay: \(replayCommand(number))") {
                simulation.run()
            }
        }
        var unwritten: (any Error)?
        await runs.forEach { report in
            progress.note(report)
            if json {
                print(SimulationOutput.json(report, replay: replayCommand(report.seed)))
            } else if report.violation != nil || seed.count == 1 {
                print(SimulationOutput.text(report, replay: replayCommand(report.seed)))
            }
            guard let violation = report.violation else { return true }
            worst = SimulationExit.worse(worst, SimulationExit.code(violation))
            do {
                worst = SimulationExit.worse(worst, try keep(report, violation, scenario))
            } catch {
                unwritten = error
                return false
            }
            return keepGoing
        }
        progress.finish()
        if !json, worst == .success, seed.count > 1 { print("\(seed.count) seeds passed") }
        if let unwritten { throw unwritten }
        guard worst == .success else { throw worst }
    }

    /// Writes a bundle of a seed that fails, for which it runs again.
    ///
    /// - Returns: What is wrong if it comes out otherwise then.
    private func keep(_ report: SeedReport, _ violation: Violation, _ scenario: Scenario) throws -> ExitCode {
        guard let bundle else { return .success }
        let failure = FailureReport(
            WorldOptions(seed: report.seed, scenario: scenario),
            finding: Finding(violation, report),
            build: BuildIdentity.text,
            replay: replayCommand(report.seed)
        )
        guard let failure, failure.traceHash == report.traceHash else {
            Console.progress(
                "seed \(report.seed) came out otherwise the second time: it depends on more than its choices"
            )
            return SimulationExit.nonDeterminism
        }
        let folder = BundleFolder(path: "\(bundle)/seed-\(report.seed)")
        try folder.create(failure)
        if !json {
            print("bundle: \(folder.path); reeve sim minimise \(folder.path); reeve sim report \(folder.path)")
        }
        return .success
    }

    private func header(_ scenario: Scenario) -> String {
        "seed \(seed), \(scenario.nodeCount) nodes, \(scenario.duration.milliseconds / 1000) s,"
            + " \(scenario.operationsPerSecond) operations/s, scenario: \(scenario.name)"
    }

    /// What shows the same history again.
    private func replayCommand(_ seed: UInt64) -> String { "reeve sim run --seed \(seed)" + world.words }
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
