package import Kernel

/// Runs one world from its beginning to its verdict.
///
/// Phases: faults; then everything heals while clients go on; then no more load, and the cluster must become one again
/// within a bound; then the power fails everywhere at once, and after the restart everything that was ever
/// acknowledged must be there.
package struct Simulation: Sendable {
    package private(set) var world: World

    /// How long a healed cluster may take to elect a leader.
    package static let electionBound = Span.seconds(10)
    /// How long it may take, without load, until every node has applied everything and every client has its answer.
    package static let convergenceBound = Span.seconds(30)
    private static let pollInterval = Span.milliseconds(50)

    package init(_ options: WorldOptions) { world = World(options) }

    package mutating func run() -> SeedReport {
        do {
            try play()
            return SeedReport(world, verdict: .passed)
        } catch {
            return SeedReport(world, verdict: .violated(error))
        }
    }

    private mutating func play() throws(Violation) {
        let scenario = world.options.scenario
        try world.run(until: scenario.healTime)
        try world.inject(.repairAll)
        try wait(within: Self.electionBound, "no leader") { $0.leader != nil }
        try world.run(until: world.loadEnds)
        try world.checkExpectations()
        try world.inject(.repairAll)
        try wait(within: Self.convergenceBound, "no convergence") { $0.hasConverged }
        try world.losePowerEverywhere()
        try wait(within: Self.convergenceBound, "no convergence after a loss of power") { $0.hasConverged }
        try world.scan()
    }

    private mutating func wait(
        within bound: Span,
        _ failure: String,
        until condition: (World) -> Bool
    ) throws(Violation) {
        let end = world.now.advanced(by: bound)
        while !condition(world) {
            guard world.now < end else {
                throw Violation(.convergence, "\(failure) within \(bound): \(world.progress)")
            }
            try world.run(until: world.now.advanced(by: Self.pollInterval))
        }
    }
}
