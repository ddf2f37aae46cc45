import Directory
import Kernel
import Replica
import Testing

@testable import Simulator

@Suite("Rolling upgrades")
struct UpgradeTests {
    private static func at(_ seconds: UInt64) -> Instant { Instant(microseconds: seconds * 1_000_000) }

    private func scenario(asks: Bool, raisedAt seconds: UInt64, expecting expectations: [Simulator.Expectation])
        -> Scenario
    {
        Scenario(
            name: "upgrade",
            duration: .seconds(20),
            operationsPerSecond: 20,
            featureLevel: .edges,
            rollouts: true,
            faults: [
                TimedFault(at: Self.at(4), .upgrade(.node(0), downFor: .milliseconds(300))),
                TimedFault(at: Self.at(6), .upgrade(.node(1), downFor: .milliseconds(300))),
                TimedFault(at: Self.at(12), .upgrade(.node(2), downFor: .milliseconds(300))),
                TimedFault(at: Self.at(seconds), .raiseFeatureLevel(asks: asks)),
            ],
            drawsFaults: false,
            expectations: expectations
        )
    }

    @Test("the level is raised once every node knows it, and nobody halts", arguments: 1...2 as ClosedRange<UInt64>)
    func asked(seed: UInt64) throws {
        let scenario = scenario(asks: true, raisedAt: 3, expecting: [.featureLevel(.supported)])
        var simulation = Simulation(Fixtures.options(seed: seed, scenario: scenario))
        try simulation.advance(to: Self.at(11))
        #expect(simulation.world.machines.allSatisfy { $0.state.current.facts.featureLevel == .edges }, "one is older")
        let report = simulation.run()
        #expect(report.violation == nil, "\(report.story)")
        #expect(simulation.world.haltCount == 0)
    }

    @Test("raised too early, it halts who does not know it, until that is upgraded, too")
    func tooEarly() throws {
        let scenario = scenario(asks: false, raisedAt: 8, expecting: [.featureLevel(.supported), .halts(atLeast: 1)])
        var simulation = Simulation(Fixtures.options(seed: 1, scenario: scenario))
        try simulation.advance(to: Self.at(11))
        let older = simulation.world.machines[2]
        #expect(older.process?.replica.haltReason != nil)
        #expect(older.state.current.facts.featureLevel == .edges, "it keeps its last good state")
        #expect(simulation.world.machines[0].state.current.facts.featureLevel == .supported)
        let report = simulation.run()
        #expect(report.violation == nil, "\(report.story)")
    }

    @Test("an asked raise is no excuse for a node that halts")
    func excuse() throws {
        let scenario = scenario(asks: false, raisedAt: 8, expecting: [])
        var simulation = Simulation(Fixtures.options(seed: 1, scenario: scenario))
        try simulation.advance(to: Self.at(7))
        var world = simulation.world
        world.hasRaisedUnasked = false
        var violation: Violation?
        do {
            try world.raiseLevel(asks: true)
            try world.run(until: Self.at(11))
        } catch {
            violation = error
        }
        #expect(violation?.invariant == .log)
    }

    @Test("some seeds upgrade machines under faults")
    func seeds() {
        var upgraded = 0
        for seed in 1...200 as ClosedRange<UInt64> where upgraded < 3 {
            var simulation = Simulation(Fixtures.options(seed: seed, scenario: Scenario(duration: .seconds(15))))
            guard simulation.world.olderLevel != nil else { continue }
            upgraded += 1
            let report = simulation.run()
            #expect(report.violation == nil, "\(report.story)")
        }
        #expect(upgraded == 3)
    }
}
