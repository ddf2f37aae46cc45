package import Kernel

/// Runs one world from its beginning to its verdict.
///
/// Phases: faults; then everything heals while clients go on; then no more load, and the cluster must become one again
/// within a bound; in some seeds that is asked of a bare majority of the voters first, and then of everybody; then the power fails everywhere at once, and after the restart everything that was ever
/// acknowledged must be there.
///
/// A value like its world: a copy goes on by itself from where it stands.
package struct Simulation: Sendable {
    package private(set) var world: World
    private var phase = Phase.faults
    /// When the phase is judged next.
    private var checkpoint: Instant

    private enum Phase: Hashable, Sendable {
        case faults
        case electing(until: Instant)
        case load
        case convergingCore(until: Instant)
        case converging(until: Instant)
        case dark
        case recovering(until: Instant)
        case over
    }

    /// How long a healed cluster may take to elect a leader.
    package static let electionBound = Span.seconds(10)
    /// How long it may take, without load, until every node has applied everything and every client has its answer.
    package static let convergenceBound = Span.seconds(30)
    private static let pollInterval = Span.milliseconds(50)
    private static let darkness = Span.milliseconds(200)

    package init(_ options: WorldOptions) {
        world = World(options)
        checkpoint = options.scenario.healTime
    }

    package var isOver: Bool { phase == .over }

    package mutating func run() -> SeedReport {
        do {
            try advance()
            return SeedReport(world, verdict: .passed)
        } catch {
            return SeedReport(world, verdict: .violated(error))
        }
    }

    /// Lets happen what is due by then, and no more than so many steps since the beginning. A run that has thrown is over.
    package mutating func advance(
        to end: Instant = Instant(microseconds: .max),
        throughStep last: UInt64 = .max
    ) throws(Violation) {
        while phase != .over {
            guard try world.run(until: min(checkpoint, end), throughStep: last), checkpoint <= end else { return }
            try pass()
        }
    }

    private mutating func pass() throws(Violation) {
        switch phase {
        case .faults:
            try world.heal()
            phase = .electing(until: world.now.advanced(by: Self.electionBound))
            try pass()
        case .electing(let end):
            guard try holds(by: end, Self.electionBound, "no leader", { $0.leader != nil }) else { return }
            phase = .load
            checkpoint = max(world.loadEnds, world.now)
        case .load:
            try world.checkExpectations()
            if world.core == nil {
                try world.inject(.repairAll)
                phase = .converging(until: world.now.advanced(by: Self.convergenceBound))
            } else {
                phase = .convergingCore(until: world.now.advanced(by: Self.convergenceBound))
            }
            try pass()
        case .convergingCore(let end):
            let failure = "no convergence of a majority that is healed alone"
            guard try holds(by: end, Self.convergenceBound, failure, { $0.hasConverged }) else { return }
            try world.healOthers()
            phase = .converging(until: world.now.advanced(by: Self.convergenceBound))
            try pass()
        case .converging(let end):
            guard try holds(by: end, Self.convergenceBound, "no convergence", { $0.hasConverged }) else { return }
            // A restart may mend what is wrong here.
            try world.scanProcesses()
            try world.losePowerEverywhere()
            phase = .dark
            checkpoint = world.now.advanced(by: Self.darkness)
        case .dark:
            phase = .recovering(until: world.now.advanced(by: Self.convergenceBound))
            try pass()
        case .recovering(let end):
            let failure = "no convergence after a loss of power"
            guard try holds(by: end, Self.convergenceBound, failure, { $0.hasConverged }) else { return }
            try world.scan()
            phase = .over
        case .over: return
        }
    }

    /// False when it is to be asked again a little later.
    private mutating func holds(
        by end: Instant,
        _ bound: Span,
        _ failure: String,
        _ condition: (World) -> Bool
    ) throws(Violation) -> Bool {
        if condition(world) { return true }
        guard world.now < end else {
            throw Violation(.convergence, "\(failure) within \(bound): \(world.progress)")
        }
        checkpoint = world.now.advanced(by: Self.pollInterval)
        return false
    }
}
