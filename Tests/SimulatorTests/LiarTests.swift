import Consensus
import Kernel
import Replica
import Simulator
import Testing

@Suite("Machines that lie")
struct LiarTests {
    @Test(
        "break no promise, as outsiders and as learners",
        arguments: 1...6 as ClosedRange<UInt64>,
        [Liar.outsider, .learner]
    )
    func lies(seed: UInt64, role: Liar) {
        let faults = [
            TimedFault(at: Instant(microseconds: 1_500_000), .byzantine(role, for: .seconds(15))),
            TimedFault(at: Instant(microseconds: 9_000_000), .crash(.leader, .process, downFor: .seconds(1))),
        ]
        let scenario = Scenario(name: "lies", spareCount: 1, faults: faults, drawsFaults: false)
        var simulation = Simulation(Fixtures.options(seed: seed, scenario: scenario))
        let report = simulation.run()
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        #expect(simulation.world.lieCount > 100)
        #expect(report.acknowledged > 50)
        if role == .outsider { #expect(simulation.world.refusalCount > 100) }
    }

    @Test("get no vote")
    func noVote() throws {
        let faults = [TimedFault(at: Instant(microseconds: 2_000_000), .byzantine(.learner, for: .seconds(3)))]
        let scenario = Scenario(name: "lies", spareCount: 1, faults: faults, drawsFaults: false)
        var world = World(Fixtures.options(seed: 2, scenario: scenario))
        let liar = world.members[3]
        var wasMember = false
        for second in 3...20 as ClosedRange<UInt64> {
            try world.run(until: Instant(microseconds: second * 1_000_000))
            for machine in world.machines {
                guard let configuration = machine.process?.replica.configuration else { continue }
                wasMember = wasMember || configuration.contains(liar)
                #expect(!configuration.voters.contains(liar))
            }
        }
        #expect(wasMember)
    }

    @Test("are drawn by seeds, and their whims are choices that can be left out")
    func choices() throws {
        let seed = try #require(
            (UInt64(1)...40).first { seed in
                var simulation = Simulation(Fixtures.options(seed: seed))
                return simulation.run().verdict == .passed && simulation.world.lieCount > 20
            }
        )
        var options = Fixtures.options(seed: seed)
        options.recordsChoices = true
        var simulation = Simulation(options)
        _ = simulation.run()
        let all = try #require(simulation.world.choices.record)
        #expect(all.count { $0.key.kind == .lie } == simulation.world.lieCount)
        options.schedule = Schedule(all.filter { $0.key.kind != .lie })
        simulation = Simulation(options)
        #expect(simulation.run().verdict == .passed)
        #expect(simulation.world.lieCount == 0)
    }
}
