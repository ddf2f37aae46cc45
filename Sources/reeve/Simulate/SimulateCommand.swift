import ArgumentParser
import Foundation
import JSON
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

            \(SimulationProfile.explanation)

            Ctrl-C ends the run after the seeds that are under way. With a journal the same command goes on from there.

            \(SimulationExit.explanation)
            """
    )

    @OptionGroup var world: WorldArguments

    @Option(help: "A seed, or a range such as 1..100, both ends included. Default: those of the profile, or 1.")
    var seed: SeedRange?

    @Option(
        help: ArgumentHelp(
            "Make a folder for each seed that fails, below this one, with all that shows the failure again.",
            valueName: "folder"
        ),
        completion: .directory
    )
    var bundle: String?

    @OptionGroup var explanation: ExplanationArguments

    @Flag(
        help: """
            Run each seed once more in a second process, whose hashes come out otherwise, and compare the traces.
            """
    )
    var twice = false

    @Option(
        help: ArgumentHelp(
            "Write what each seed came to, a line each, and go on after those that are there.",
            valueName: "file"
        ),
        completion: .file()
    )
    var journal: String?

    @Option(
        help: ArgumentHelp(
            "Write which messages were received in which role under which faults, and which not; as JSON if it ends so.",
            valueName: "file"
        ),
        completion: .file()
    )
    var coverage: String?

    @Flag(help: "Print one JSON object a seed instead of text, and one of the totals.")
    var json = false

    @Flag(help: "Go on with the next seed after a violation.")
    var keepGoing = false

    @Option(help: ArgumentHelp("How many seeds run at a time. Default: one for each core.", valueName: "count"))
    var jobs: Int?

    func validate() throws {
        guard (1...1024).contains(jobs ?? 1) else { throw ValidationError("--jobs must be from 1 to 1024.") }
        guard !twice || journal == nil else {
            throw ValidationError("--twice compares runs of this process: a journal has those of others.")
        }
    }

    func run() async throws {
        let scenario = try world.loadScenario()
        if let coverage { try CoverageFile.check(coverage) }
        let seeds = seed ?? world.profile?.seeds ?? SeedRange(lower: 1, upper: 1)
        let subject = JournalSubject(
            build: BuildIdentity.text,
            scenario: scenario,
            first: seeds.lower,
            last: seeds.upper
        )
        let journal = try journal.map { try JournalFile($0, of: subject) }
        var totals = RunTotals(possible: .possible(in: scenario))
        for entry in journal?.entries ?? [] { totals.add(entry) }
        if !json { print(header(scenario, seeds, after: totals)) }
        var traces = SeedTraces()
        var worst = totals.failures.map { SimulationExit.code($0.violation) }.reduce(.success, SimulationExit.worse)
        if totals.seeds < seeds.count, keepGoing || totals.failures.isEmpty {
            worst = SimulationExit.worse(worst, try await run(seeds, of: scenario, journal, &totals, &traces))
        }
        if twice, totals.seeds > 0, !Interrupt.hasCome {
            worst = SimulationExit.worse(worst, try runAgain(traces))
        }
        if let coverage { try CoverageFile(reached: totals.coverage, possible: totals.possible).write(to: coverage) }
        print(json ? "\(["totals": totals.json] as JSONValue)" : SimulationOutput.text(totals, of: seeds, scenario))
        guard worst == .success else { throw worst }
        if totals.seeds < seeds.count { throw ExitCode(Interrupt.exitCode) }
    }

    /// Runs what the totals do not hold yet, until a seed fails or somebody wants it to end.
    private func run(
        _ seeds: SeedRange,
        of scenario: Scenario,
        _ journal: JournalFile?,
        _ totals: inout RunTotals,
        _ traces: inout SeedTraces
    ) async throws -> ExitCode {
        var progress = SimulationProgress(total: seeds.count, doneBefore: totals.seeds)
        var worst = ExitCode.success
        let build = BuildIdentity.text
        CrashNotice.watch()
        Interrupt.watch()
        let rest = SeedRange(lower: seeds.lower + totals.seeds, upper: seeds.upper)
        let runs = SeedRuns(seeds: rest, jobs: jobs ?? System.coreCount) { number in
            var simulation = Simulation(WorldOptions(seed: number, scenario: scenario))
            return CrashNotice.during(number, "seed \(number) CRASHED, \(build), replay: \(replayCommand(number))") {
                simulation.run()
            }
        }
        var failure: (any Error)?
        var failures = 0
        await runs.forEach { report in
            progress.note(report)
            if twice { traces.ran(report.seed, report.traceHash) }
            show(report, isOnly: seeds.count == 1)
            do {
                if let violation = report.violation {
                    worst = SimulationExit.worse(worst, SimulationExit.code(violation))
                    worst = SimulationExit.worse(worst, try keep(report, violation, scenario, isFirst: failures == 0))
                    failures += 1
                }
                let entry = JournalEntry(report, beyond: totals.coverage)
                try journal?.append(entry)
                totals.add(entry)
            } catch {
                failure = error
                return false
            }
            return (keepGoing || report.violation == nil) && !Interrupt.hasCome
        }
        progress.finish()
        if let failure { throw failure }
        return worst
    }

    private func show(_ report: SeedReport, isOnly: Bool) {
        if json {
            print(SimulationOutput.json(report, replay: replayCommand(report.seed)))
        } else if report.violation != nil || isOnly {
            print(SimulationOutput.text(report, replay: replayCommand(report.seed)))
        }
    }

    /// Writes a bundle of a seed that fails, for which it runs again.
    ///
    /// - Returns: What is wrong if it comes out otherwise then.
    private func keep(
        _ report: SeedReport,
        _ violation: Violation,
        _ scenario: Scenario,
        isFirst: Bool
    ) throws -> ExitCode {
        guard let bundle else { return .success }
        let folder = try BundleFolder.keep(
            violation,
            of: report,
            WorldOptions(seed: report.seed, scenario: scenario),
            replay: replayCommand(report.seed),
            at: "\(bundle)/seed-\(report.seed)"
        )
        guard let folder else {
            Console.progress(
                "seed \(report.seed) came out otherwise the second time: it depends on more than its choices"
            )
            return SimulationExit.nonDeterminism
        }
        let text = try explanation.explain(folder, isFirst: isFirst)
        if !json { print(text) }
        return .success
    }

    /// Runs the same seeds in a process of its own.
    private func runAgain(_ traces: SeedTraces) throws -> ExitCode {
        guard let seeds = traces.seeds else { return .success }
        let words =
            ["sim", "run", "--seed", "\(seeds.lowerBound)..\(seeds.upperBound)", "--json", "--keep-going"]
            + world.arguments + (jobs.map { ["--jobs", "\($0)"] } ?? [])
        var second = SeedTraces()
        for line in try SecondProcess.lines(of: words) { second.read(line) }
        let others = traces.others(than: second)
        for text in others { Console.progress(text) }
        let value: JSONValue = ["seeds": .integer(Int64(traces.count)), "other": .integer(Int64(others.count))]
        print(
            json
                ? "\(["twice": value] as JSONValue)"
                : "\(traces.count - others.count) of \(traces.count) seeds have the same trace in a second process"
        )
        return others.isEmpty ? .success : SimulationExit.nonDeterminism
    }

    private func header(_ scenario: Scenario, _ seeds: SeedRange, after totals: RunTotals) -> String {
        let line =
            "seed \(seeds), \(scenario.nodeCount) nodes, "
            + (scenario.learnerCount == 0 ? "" : "\(scenario.learnerCount) learners, ")
            + (scenario.edgeCount ?? 0 == 0 ? "" : "\(scenario.edgeCount ?? 0) edges, ")
            + "\(scenario.duration.milliseconds / 1000) s,"
            + " \(scenario.operationsPerSecond) operations/s, "
            + (scenario.faultIntensity == 100 ? "" : "faults at \(scenario.faultIntensity) %, ")
            + "scenario: \(scenario.name)"
        return totals.seeds == 0 ? line : "\(line)\n\(totals.seeds) of \(seeds.count) seeds are in the journal"
    }

    /// What shows the same history again.
    private func replayCommand(_ seed: UInt64) -> String { "reeve sim run --seed \(seed)" + world.words }
}
