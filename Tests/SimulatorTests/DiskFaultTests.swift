import Consensus
import Directory
import Kernel
import Replica
import Simulator
import Testing

@Suite("Disks that are full, or fail")
struct DiskFaultTests {
    private func world() throws -> (world: World, leader: Int) {
        let scenario = Scenario(name: "disks", operationsPerSecond: 20, drawsFaults: false)
        var world = World(Fixtures.options(seed: 3, scenario: scenario))
        try world.run(until: Instant(microseconds: 4_000_000))
        let leader = try #require(world.leader)
        return (world, leader)
    }

    @Test("a node without room is told so, writes nothing, and goes on when there is room")
    func full() throws {
        var (world, leader) = try world()
        let follower = try #require(world.machines.indices.first { $0 != leader })
        try world.inject(.fillDisk(.node(follower), for: .seconds(3)))
        let end = world.machines[follower].log.last
        try world.run(until: Instant(microseconds: 6_900_000))
        #expect(world.machines[follower].process?.isToldFull == true)
        #expect(world.machines[follower].log.last == end)
        try world.run(until: Instant(microseconds: 9_000_000))
        #expect(world.machines[follower].process?.isToldFull == false)
        #expect(world.machines[follower].log.last.index > end.index)
    }

    /// What lacked room was no write of the log, and a leader that takes no commands writes none.
    @Test("a leader whose statements found no room takes commands again once they have", arguments: [UInt64(3), 5])
    func statements(seed: UInt64) throws {
        let scenario = Scenario(
            name: "disks",
            duration: .seconds(6),
            operationsPerSecond: 20,
            drawsFaults: false
        )
        var world = World(Fixtures.options(seed: seed, scenario: scenario))
        // Nobody writes any more.
        try world.run(until: Instant(microseconds: 8_000_000))
        let leader = try #require(world.leader)
        try world.inject(.fillDisk(.leader, for: .milliseconds(600)))
        try world.inject(.state(.leader, agents: 3, .revoke))
        try world.run(until: Instant(microseconds: 8_500_000))
        #expect(world.machines[leader].process?.isToldFull == true)
        try world.run(until: Instant(microseconds: 12_000_000))
        #expect(world.machines[leader].process?.isToldFull == false)
        #expect(world.machines[leader].process?.replica.pendingStatementCount == 0, "the log knows of them")
    }

    @Test("a node whose write fails halts, and has acknowledged nothing of it")
    func failedWrite() throws {
        var (world, leader) = try world()
        try world.inject(.failWrite(.leader, downFor: .seconds(2)))
        try world.run(until: Instant(microseconds: 4_900_000))
        #expect(world.machines[leader].process == nil)
        #expect(world.trace.lines.contains { $0.description.contains("node halts") })
        try world.run(until: Instant(microseconds: 8_000_000))
        #expect(world.machines[leader].process != nil)
        #expect(world.machines[leader].generation == 2)
    }

    @Test("a write that lands elsewhere damages its own place and the other")
    func misdirected() {
        var disk = Fixtures.disk(Fixtures.entries(terms: [1, 1, 1, 2, 2, 2]))
        let isDone = disk.misdirect(to: LogIndex(2))
        #expect(isDone)
        #expect(disk.damage.map(\.first) == [LogIndex(2), LogIndex(6)])
        #expect(disk.damage.map(\.last) == [LogIndex(2), LogIndex(6)])
        #expect(disk.range(from: LogIndex(2), maxBytes: .max) == nil)
        let hasMoved = disk.misdirect(to: LogIndex(6))
        #expect(!hasMoved, "onto itself")
        let cut = disk.cutDamagedTail(after: LogIndex(4))
        #expect(cut?.first == LogIndex(6))
    }

    @Test("and the node gets both entries back from others")
    func repaired() throws {
        var (world, leader) = try world()
        try world.inject(.misdirectWrite(.leader, back: 4))
        #expect(world.machines[leader].log.damage.count == 2)
        try world.run(until: Instant(microseconds: 10_000_000))
        #expect(world.machines[leader].log.damage.isEmpty)
        #expect(world.machines[leader].process?.replica.logHealth.repairedEntries == 2)
    }

    @Test("the last good copy is not misdirected")
    func budget() throws {
        var (world, leader) = try world()
        let others = world.machines.indices.filter { $0 != leader }
        try world.inject(.misdirectWrite(.node(others[0]), back: 4))
        try world.inject(.misdirectWrite(.node(others[1]), back: 4))
        #expect(!world.machines[others[0]].log.damage.isEmpty)
        #expect(world.machines[others[1]].log.damage.isEmpty)
    }

    @Test("a crash loop is so many crashes")
    func crashLoop() throws {
        let scenario = Scenario(
            name: "loop",
            duration: .seconds(12),
            faults: [
                TimedFault(
                    at: Instant(microseconds: 3_000_000),
                    .crashLoop(.node(1), .process, times: 4, every: .milliseconds(800))
                )
            ],
            drawsFaults: false
        )
        var world = World(Fixtures.options(seed: 1, scenario: scenario))
        try world.run(until: Instant(microseconds: 9_000_000))
        #expect(world.machines[1].generation == 5)
        let report = Fixtures.report(seed: 1, scenario: scenario)
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
    }
}
