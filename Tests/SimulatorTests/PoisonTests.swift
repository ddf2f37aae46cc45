import Consensus
import Kernel
import Replica
import Simulator
import Testing

@Suite("Poison")
struct PoisonTests {
    private func world() throws -> World {
        var world = World(Fixtures.options(seed: 6, scenario: Scenario(name: "poison", drawsFaults: false)))
        try world.run(until: Instant(microseconds: 6_000_000))
        return world
    }

    @Test(
        "what no node could apply is taken from no client",
        arguments: [Poison.Command.undecodable, .tooNew],
        [NodeSelector.leader, .follower]
    )
    func client(command: Poison.Command, node: NodeSelector) throws {
        var world = try world()
        let committed = world.log.highestCommit
        try world.inject(.poison(Poison(command, through: .client), at: node))
        #expect(world.trace.lines.last?.description.contains("refused: the command") == true)
        try world.run(until: Instant(microseconds: 9_000_000))
        #expect(world.log.highestCommit > committed, "writes go on")
    }

    @Test("nor from a voter, over its links", arguments: [Poison.Command.undecodable, .tooNew])
    func peer(command: Poison.Command) throws {
        var world = try world()
        let leader = try #require(world.leader)
        try world.inject(.poison(Poison(command, through: .peers), at: .follower))
        let committed = world.log.highestCommit
        try world.run(until: Instant(microseconds: 9_000_000))
        #expect(world.machines[leader].process?.replica.counters.undecodableForwards == 1)
        #expect(world.log.highestCommit > committed, "writes go on")
    }
}
