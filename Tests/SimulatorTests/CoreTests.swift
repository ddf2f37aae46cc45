import Kernel
import Simulator
import Testing

@Suite("Healing no more than a quorum")
struct CoreTests {
    private func options(_ seed: UInt64, nodes: Int, core: Int64) -> WorldOptions {
        var options = Fixtures.options(seed: seed, nodes: nodes, scenario: Scenario(duration: .seconds(20)))
        let choice = Choice(ChoiceKey(.core), .number(core), at: .zero)
        options.schedule = Schedule([choice], drawsRest: true)
        return options
    }

    @Test("a bare majority goes on alone, and the others come back after it has come together")
    func alone() throws {
        var simulation = Simulation(options(1, nodes: 5, core: 2))
        try simulation.advance(to: Instant(microseconds: 17_500_000))
        let core = try #require(simulation.world.core)
        #expect(core.count == 3)
        #expect(simulation.world.machines.indices.filter { simulation.world.machines[$0].isUp } == core)
        let before = simulation.world.acknowledgements.count
        let report = simulation.run()
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        #expect(report.acknowledged > before)
        #expect(simulation.world.core == nil)
        let areUp = simulation.world.machines.prefix(5).allSatisfy { $0.isUp }
        #expect(areUp)
    }

    @Test("a quarter of the seeds has one, and no scenario that expects something of its faults")
    func drawn() {
        let seeds = (UInt64(1)...60).map { World(Fixtures.options(seed: $0)).coreChoice }
        #expect((6...25).contains(seeds.count { $0 > 0 }))
        let scenario = Scenario(expectations: [.leaders(atLeast: 1)])
        #expect((UInt64(1)...60).allSatisfy { World(Fixtures.options(seed: $0, scenario: scenario)).coreChoice == 0 })
    }

    @Test("seeds keep their promises with it", arguments: UInt64(1)...8)
    func seeds(seed: UInt64) {
        var simulation = Simulation(options(seed, nodes: 3, core: Int64(seed)))
        let report = simulation.run()
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
    }
}
