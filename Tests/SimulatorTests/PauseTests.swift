import Consensus
import Kernel
import Replica
import Simulator
import Testing

@Suite("Processes that do not run for a while")
struct PauseTests {
    private func at(_ milliseconds: UInt64, _ fault: Fault) -> TimedFault {
        TimedFault(at: Instant(microseconds: milliseconds * 1000), fault)
    }

    private func world(_ seed: UInt64 = 3) throws -> (world: World, leader: Int) {
        let scenario = Scenario(name: "pause", operationsPerSecond: 20, drawsFaults: false)
        var world = World(Fixtures.options(seed: seed, scenario: scenario))
        try world.run(until: Instant(microseconds: 4_000_000))
        let leader = try #require(world.leader)
        return (world, leader)
    }

    @Test("a paused leader does nothing, keeps its memory, and follows the next one afterwards")
    func leader() throws {
        var (world, old) = try world()
        let before = try #require(world.machines[old].process?.replica)
        try world.inject(.pause(.leader, for: .seconds(4)))
        try world.run(until: Instant(microseconds: 7_900_000))
        let during = try #require(world.machines[old].process?.replica)
        #expect(during.term == before.term && during.role == .leader && during.commitIndex == before.commitIndex)
        let next = try #require(world.leader)
        #expect(next != old)
        try world.run(until: Instant(microseconds: 10_000_000))
        let after = try #require(world.machines[old].process?.replica)
        #expect(world.machines[old].generation == 1, "no other process")
        #expect(after.leader == world.members[next])
        #expect(after.commitIndex > before.commitIndex)
    }

    @Test("what came meanwhile is given to the process at once, also across a partition that came later")
    func queue() throws {
        var (world, old) = try world()
        let follower = try #require(world.machines.indices.first { $0 != old })
        try world.inject(.pause(.node(follower), for: .milliseconds(400)))
        let end = try #require(world.machines[follower].process?.replica.lastPosition)
        try world.run(until: Instant(microseconds: 4_390_000))
        #expect(world.machines[follower].process?.replica.lastPosition == end)
        try world.inject(.isolate(.node(follower)))
        try world.run(until: Instant(microseconds: 4_401_000))
        let caughtUp = try #require(world.machines[follower].process?.replica.lastPosition)
        #expect(caughtUp.index > end.index)
    }

    @Test("a process that is paused can be killed, and the next one is not", arguments: UInt64(1)...3)
    func kill(seed: UInt64) {
        let scenario = Scenario(
            name: "pause",
            duration: .seconds(12),
            faults: [
                at(3000, .pause(.node(1), for: .seconds(6))), at(4000, .crash(.node(1), .power, downFor: .seconds(1))),
                at(6000, .pause(.leader, for: .seconds(3))), at(6500, .handOver(to: .node(1))),
                at(7000, .stop(.node(0), downFor: .seconds(1))),
            ],
            drawsFaults: false
        )
        var simulation = Simulation(Fixtures.options(seed: seed, scenario: scenario))
        let report = simulation.run()
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        #expect(report.missedFaults.isEmpty)
    }
}
