internal import Kernel

/// Looks for runs that reach what no run before them reached: keeps those that did, changes their choices, and runs again.
///
/// Coverage-guided fuzzing as of AFL, over choices of a simulated world instead of bytes of a file. A value: whoever has it
/// runs the attempts of a round, at the same time if they like, and hands back what came of them in the order of the
/// attempts; then the search is the same, however many run at a time.
///
/// Expectations of the scenario are not asked for: they speak of its own faults, which a search leaves out and adds to.
package struct CoverageSearch: Sendable {
    package private(set) var reached = Coverage()
    package private(set) var runs = 0
    /// Of them, those that were seeds of their own rather than changes of what was kept.
    package private(set) var seeds = 0
    /// What was kept, oldest first.
    package private(set) var corpus: [Kept] = []
    private let base: WorldOptions
    private let corpusLimit: Int
    private var random: SeededRandom
    private var nextSeed: UInt64

    /// How many attempts are drawn before the first of them is judged. Not the number that run at a time, on which nothing
    /// may depend.
    package static let roundSize = 32
    /// A run of thirty seconds has about ten thousand choices, which take a megabyte.
    package static let defaultCorpusLimit = 64
    package static let corpusLimits = 1...4096

    /// A run that reached something new, and why it is still there.
    package struct Kept: Sendable {
        package let seed: UInt64
        package let choices: [Choice]
        /// How many tuples it was the first to reach.
        package let newTuples: Int
        package fileprivate(set) var picks = 0
    }

    /// A run to be made.
    package struct Attempt: Sendable {
        package let options: WorldOptions
        /// Whether it is a seed of its own.
        package let isSeed: Bool
    }

    /// What came of one.
    package struct Result: Sendable {
        package let attempt: Attempt
        package let report: SeedReport
        /// Those that had an effect.
        package let choices: [Choice]
    }

    /// - Parameter base: Seeds are counted from its seed on.
    package init(_ base: WorldOptions, corpusLimit: Int = defaultCorpusLimit) {
        var base = base
        base.recordsChoices = true
        base.scenario.spareCount = base.scenario.spareCount ?? (base.scenario.drawsSpares ? nil : 0)
        base.scenario.expectations = []
        self.base = base
        self.corpusLimit = corpusLimit
        random = SeededRandom(seed: base.seed)
        nextSeed = base.seed
    }

    package var scenario: Scenario { base.scenario }

    /// - Parameter count: At most so many.
    package mutating func nextRound(atMost count: Int = roundSize) -> [Attempt] {
        (0..<min(count, Self.roundSize)).map { _ in nextAttempt() }
    }

    private mutating func nextAttempt() -> Attempt {
        var options = base
        // What a change of what is kept never leads to, a new seed may.
        guard !corpus.isEmpty, !random.chance(Self.seedShare) else {
            options.seed = nextSeed
            nextSeed &+= 1
            return Attempt(options: options, isSeed: true)
        }
        let (parent, other) = (pick(), random.below(corpus.count))
        corpus[parent].picks += 1
        var mutation = ScheduleMutation(corpus[parent].choices, of: base.scenario, random: random.split())
        mutation.change(with: corpus[other].choices)
        options.seed = corpus[parent].seed
        options.schedule = Schedule(mutation.choices, drawsRest: true)
        return Attempt(options: options, isSeed: false)
    }

    /// In parts per million.
    private static let seedShare: UInt64 = 250_000

    /// Of a few the one that has found most for the times that it was picked.
    private mutating func pick() -> Int {
        let drawn = (0..<3).map { _ in random.below(corpus.count) }
        return drawn.dropFirst().reduce(drawn[0]) { isBetter($1, than: $0) ? $1 : $0 }
    }

    private func isBetter(_ one: Int, than other: Int) -> Bool {
        corpus[one].newTuples * (corpus[other].picks + 1) > corpus[other].newTuples * (corpus[one].picks + 1)
    }

    /// Depends on nothing but the attempt.
    package static func run(_ attempt: Attempt) -> Result {
        var simulation = Simulation(attempt.options)
        let report = simulation.run()
        let end = simulation.world.now
        let choices = (simulation.world.choices.record ?? []).filter { $0.time <= end }
        return Result(attempt: attempt, report: report, choices: choices)
    }

    /// - Returns: How many tuples it was the first to reach.
    @discardableResult
    package mutating func take(_ result: Result) -> Int {
        runs += 1
        if result.attempt.isSeed { seeds += 1 }
        let new = result.report.coverage.subtracting(reached).count
        guard new > 0 else { return 0 }
        reached.formUnion(result.report.coverage)
        // What fails ends early, and so does all that comes of it.
        guard result.report.violation == nil else { return new }
        corpus.append(Kept(seed: result.attempt.options.seed, choices: result.choices, newTuples: new))
        if corpus.count > corpusLimit { removeWorst() }
        return new
    }

    private mutating func removeWorst() {
        let worst = corpus.indices.dropFirst().reduce(0) { isBetter($0, than: $1) ? $1 : $0 }
        corpus.remove(at: worst)
    }
}
