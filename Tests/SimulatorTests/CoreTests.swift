import Kernel
import Simulator
import Testing

@Suite("Healing no more than a quorum")
struct CoreTests {
    private let scenario = Scenario(duration: .seconds(20))

    /// Seeds that have a core, up to the time when it is alone.
    private func simulations(nodes: Int, through last: UInt64) throws -> [Simulation] {
        let options = (1...last).map { Fixtures.options(seed: $0, nodes: nodes, scenario: scenario) }
        var found: [Simulation] = []
        for options in options where World(options).coreChoice > 0 {
            var simulation = Simulation(options)
            try simulation.advance(to: Instant(microseconds: 17_500_000))
            if simulation.world.core != nil { found.append(simulation) }
        }
        return found
    }

    @Test("a bare majority goes on alone, and the others come back after it has come together", arguments: [3, 5])
    func alone(nodes: Int) throws {
        let found = try simulations(nodes: nodes, through: 24)
        #expect(!found.isEmpty)
        var written = 0
        for var simulation in found {
            let core = try #require(simulation.world.core)
            #expect(core.count == nodes / 2 + 1)
            #expect(simulation.world.machines.indices.filter { simulation.world.machines[$0].isUp } == core)
            let before = simulation.world.acknowledgements.count
            let report = simulation.run()
            #expect(report.verdict == .passed, Comment(rawValue: report.story))
            written += report.acknowledged - before
            #expect(simulation.world.core == nil)
            let areUp = simulation.world.machines.prefix(nodes).allSatisfy { $0.isUp }
            #expect(areUp)
        }
        #expect(written > 5 * found.count)
    }

    @Test("a quarter of the seeds has one, and no scenario that expects something of its faults")
    func drawn() {
        let seeds = (UInt64(1)...60).map { World(Fixtures.options(seed: $0)).coreChoice }
        #expect((6...25).contains(seeds.count { $0 > 0 }))
        let scenario = Scenario(expectations: [.leaders(atLeast: 1)])
        #expect((UInt64(1)...60).allSatisfy { World(Fixtures.options(seed: $0, scenario: scenario)).coreChoice == 0 })
    }
}
