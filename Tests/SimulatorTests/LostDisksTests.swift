import Consensus
import Kernel
import Replica
import Simulator
import Testing

@Suite("Lost disks")
struct LostDisksTests {
    private func scenario(_ node: NodeSelector, at seconds: UInt64 = 8) -> Scenario {
        Scenario(
            name: "lost disks",
            faults: [TimedFault(at: Instant(microseconds: seconds * 1_000_000), .wipeDisks(node))],
            drawsFaults: false
        )
    }

    @Test(
        "under its old identity a wiped voter is refused, and under the next incarnation it votes again",
        arguments: 1...4 as ClosedRange<UInt64>
    )
    func replaced(seed: UInt64) throws {
        var simulation = Simulation(Fixtures.options(seed: seed, scenario: scenario(.node(2))))
        try simulation.advance(to: Instant(microseconds: 7_900_000))
        let before = simulation.world.members[2]
        #expect(simulation.world.refusalCount == 0)
        try simulation.advance(to: Instant(microseconds: 9_500_000))
        #expect(simulation.world.members[2] == before)
        #expect(simulation.world.machines[2].isUp)
        #expect(simulation.world.machines[2].log.last.index <= LogIndex(1), "it has heard from nobody")
        #expect(simulation.world.refusalCount > 0)
        let report = simulation.run()
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        let after = simulation.world.members[2]
        #expect(after.isSameNode(as: before) && after.incarnation == before.incarnation + 1)
        #expect(simulation.world.machines[2].process?.replica.configuration.voters.contains(after) == true)
    }

    @Test("without the refusal a wiped voter would be taken for what it was")
    func refusalMatters() throws {
        // At the time of the fault nobody has named a data directory, so that anybody would let the machine in.
        var world = World(Fixtures.options(seed: 3, scenario: scenario(.node(2), at: 30)))
        try world.run(until: Instant(microseconds: 900_000))
        try world.inject(.wipeDisks(.node(2)))
        #expect(world.machines[2].isUp, "that would be more than is promised")
        #expect(world.machines[2].losses == 0)
        try world.run(until: Instant(microseconds: 8_000_000))
        try world.inject(.wipeDisks(.node(2)))
        #expect(world.machines[2].losses == 1)
        try world.inject(.wipeDisks(.node(1)))
        #expect(world.machines[1].losses == 0, "one good copy would be too few")
    }
}

@Suite("Members that lag behind")
struct LaggingMemberTests {
    @Test("hear from a leader that joined while they were cut off")
    func unknownLeader() {
        func time(_ seconds: UInt64) -> Instant { Instant(microseconds: seconds * 1_000_000) }
        // Three join while n1 is away; then one of the others leads.
        let faults =
            [TimedFault(at: time(2), .isolate(.node(0)))]
            + (12...20).map { TimedFault(at: time($0), .stop(.leader, downFor: .seconds(1))) }
        let scenario = Scenario(name: "lagging", spareCount: 3, faults: faults, drawsFaults: false)
        for seed in UInt64(1)...8 {
            var simulation = Simulation(Fixtures.options(seed: seed, scenario: scenario))
            let report = simulation.run()
            #expect(report.verdict == .passed, "seed \(seed): \(report.verdict)")
        }
    }
}
