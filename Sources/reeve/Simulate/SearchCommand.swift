import ArgumentParser
import Foundation
import JSON
import NIOCore
import Simulator
import Wire

/// `reeve sim search`: runs that reach what seeds alone do not.
struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Search for failures: keep runs that reach something new, change their choices, run again.",
        discussion: """
            Coverage is which messages nodes received in which role under which faults. A run that reaches something new \
            is kept as the list of its choices; others are made from those that are kept by leaving choices out, moving \
            faults in time, doubling them onto other nodes, changing numbers and taking over the faults of another run. \
            A quarter of all runs are new seeds. The same options give the same search, however many jobs there are. It \
            ends with the first violation. What a scenario expects besides the invariants is not asked for.

            \(SimulationExit.explanation)
            """
    )

    @OptionGroup var world: WorldArguments
    @OptionGroup var explanation: ExplanationArguments

    @Option(help: "What the search is drawn from, and its first seed.")
    var seed: UInt64 = 1

    @Option(help: "How many runs at most. Default: 1000, or no bound with --search-seconds.")
    var runs: Int?

    @Option(help: ArgumentHelp("How long to search at most.", valueName: "seconds"))
    var searchSeconds: Double?

    @Option(help: ArgumentHelp("How many runs are kept at most, about a megabyte each.", valueName: "runs"))
    var corpus = CoverageSearch.defaultCorpusLimit

    @Option(
        help: ArgumentHelp("Make a folder for the run that fails, below this one.", valueName: "folder"),
        completion: .directory
    )
    var bundle: String?

    @Option(
        help: ArgumentHelp("Write what was reached and what not, as 'sim run' does.", valueName: "file"),
        completion: .file()
    )
    var coverage: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(help: ArgumentHelp("How many runs go at a time. Default: one for each core.", valueName: "count"))
    var jobs: Int?

    func validate() throws {
        guard (1...1024).contains(jobs ?? 1) else { throw ValidationError("--jobs must be from 1 to 1024.") }
        guard runs.map({ $0 > 0 }) ?? true else { throw ValidationError("--runs must be more than 0.") }
        guard searchSeconds.map({ $0 > 0 }) ?? true else {
            throw ValidationError("--search-seconds must be more than 0.")
        }
        guard CoverageSearch.corpusLimits.contains(corpus) else {
            throw ValidationError("--corpus must be in \(CoverageSearch.corpusLimits).")
        }
    }

    func run() async throws {
        if let coverage { try CoverageFile.check(coverage) }
        // One codec for all runs, which go on at the same time: it remembers nothing that they would have to share.
        let options = WorldOptions(seed: seed, scenario: try world.loadScenario(), codec: ProtobufCodec())
        var search = CoverageSearch(options, corpusLimit: corpus)
        let possible = Coverage.possible(in: search.scenario)
        CrashNotice.watch()
        Interrupt.watch()
        let failing = await look(&search, possible)
        if let coverage { try CoverageFile(reached: search.reached, possible: possible).write(to: coverage) }
        let failure = try failing.flatMap { try keep($0, atRun: search.runs) }
        show(search, possible, failing, failure)
        if let code = failure?.code { throw code }
        if Interrupt.hasCome { throw ExitCode(Interrupt.exitCode) }
    }

    /// - Returns: The run that fails, if one does.
    private func look(_ search: inout CoverageSearch, _ possible: Coverage) async -> CoverageSearch.Result? {
        let limit = runs ?? (searchSeconds == nil ? 1000 : .max)
        let deadline = searchSeconds.map { ContinuousClock.now + .seconds($0) }
        var progress = SearchProgress(runs: limit, seconds: searchSeconds, possible: possible)
        var failing: CoverageSearch.Result?
        func goesOn() -> Bool {
            let hasTime = deadline.map { ContinuousClock.now < $0 } ?? true
            return failing == nil && hasTime && search.runs < limit && !Interrupt.hasCome
        }
        while goesOn() {
            let first = search.runs + 1
            let round = search.nextRound(atMost: limit - search.runs)
            let seeds = SeedRange(lower: 0, upper: UInt64(round.count - 1))
            await SeedRuns(seeds: seeds, jobs: jobs ?? System.coreCount) { place in
                let number = first + Int(place)
                return CrashNotice.during(UInt64(number), "run \(number) CRASHED, again: \(command(runs: number))") {
                    CoverageSearch.run(round[Int(place)])
                }
            }.forEach { result in
                search.take(result)
                progress.note(search)
                if result.report.violation != nil { failing = result }
                return goesOn()
            }
        }
        progress.finish()
        return failing
    }

    private struct Failure {
        let code: ExitCode
        let folder: BundleFolder?
        /// For people: what it takes to fail.
        var explanation: String?
    }

    private func keep(_ result: CoverageSearch.Result, atRun number: Int) throws -> Failure? {
        guard let violation = result.report.violation else { return nil }
        guard let bundle else { return Failure(code: SimulationExit.code(violation), folder: nil) }
        let folder = try BundleFolder.keep(
            violation,
            of: result.report,
            result.attempt.options,
            replay: command(runs: number),
            at: "\(bundle)/run-\(number)"
        )
        guard let folder else {
            Console.progress("run \(number) came out otherwise the second time: it depends on more than its choices")
            return Failure(code: SimulationExit.nonDeterminism, folder: nil)
        }
        return Failure(
            code: SimulationExit.code(violation),
            folder: folder,
            explanation: try explanation.explain(folder)
        )
    }

    private func show(
        _ search: CoverageSearch,
        _ possible: Coverage,
        _ failing: CoverageSearch.Result?,
        _ failure: Failure?
    ) {
        guard !json else {
            let value: JSONValue = [
                "runs": .integer(Int64(search.runs)), "seeds": .integer(Int64(search.seeds)),
                "kept": .integer(Int64(search.corpus.count)),
                "tuplesReached": .integer(Int64(search.reached.intersection(possible).count)),
                "tuplesPossible": .integer(Int64(possible.count)),
                "violation": failing?.report.violation.map { .string("\($0)") } ?? .null,
                "bundle": failure?.folder.map { .string($0.path) } ?? .null,
            ]
            return Console.line("\(value)")
        }
        if let failing {
            Console.line(SimulationOutput.text(failing.report, replay: command(runs: search.runs)))
        }
        if let folder = failure?.folder { Console.line(failure?.explanation ?? folder.hint(isExplained: false)) }
        Console.line("\(search.runs) runs, \(search.seeds) of them new seeds, \(search.corpus.count) kept")
        Console.line(CoverageFile.summary(search.reached, of: possible))
    }

    /// What comes to the same run again.
    private func command(runs: Int) -> String {
        "reeve sim search --seed \(seed) --runs \(runs)"
            + (corpus == CoverageSearch.defaultCorpusLimit ? "" : " --corpus \(corpus)") + world.words
    }
}

/// How far a search is, on standard error.
private struct SearchProgress {
    private let runs: Int
    private let seconds: Double?
    private let possible: Coverage
    private let start = ContinuousClock.now
    private var bar = ProgressBar("search")

    init(runs: Int, seconds: Double?, possible: Coverage) {
        self.runs = runs
        self.seconds = seconds
        self.possible = possible
    }

    mutating func note(_ search: CoverageSearch) {
        let elapsed = max((ContinuousClock.now - start) / .seconds(1), 0.001)
        let rate = Double(search.runs) / elapsed
        let reached = search.reached.intersection(possible).count
        let remaining = min(Double(runs - search.runs) / rate, seconds.map { max(0, $0 - elapsed) } ?? .infinity)
        bar.show(
            done: Int64(elapsed * 1000),
            of: Int64((elapsed + remaining) * 1000),
            note: "\(search.runs) runs, \(reached) of \(possible.count) tuples, \(search.corpus.count) kept, "
                + String(format: "%.1f runs/s, remaining: %.0f s", rate, remaining)
        )
    }

    func finish() { bar.finish() }
}
