import Kernel
import Replica
import Simulator
import Testing

@Suite("Simulation of disks that rot")
struct DamagedLogTests {
    private func at(_ milliseconds: UInt64, _ fault: Fault) -> TimedFault {
        TimedFault(at: Instant(microseconds: milliseconds * 1000), fault)
    }

    /// One node is away; what the other two commit rots on one of them, which then meets the first while the other is down.
    /// If it voted, a leader without those entries would be elected.
    @Test("entries that rot on one of the two nodes that have them are not lost", arguments: UInt64(1)...12)
    func lostAcknowledgement(seed: UInt64) {
        let scenario = Scenario(
            name: "lost acknowledgement",
            duration: .seconds(30),
            operationsPerSecond: 40,
            faults: [
                at(5000, .isolate(.node(0))), at(9000, .crash(.node(1), .power, downFor: .milliseconds(600))),
                at(9010, .rotLog(.node(1), entries: 6, sparing: 0)),
                at(9400, .crash(.node(2), .power, downFor: .seconds(6))), at(9500, .healNetwork),
            ],
            drawsFaults: false
        )
        let report = Fixtures.report(seed: seed, scenario: scenario)
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        #expect(report.acknowledged >= 40)
    }

    /// Under running nodes, one after the other, old entries and new.
    @Test("a scrub's finds are repaired while clients write", arguments: UInt64(1)...4)
    func scrub(seed: UInt64) {
        let faults = (0..<12 as Range<UInt64>).map { number in
            at(3000 + number * 1500, .rotLog(.node(Int(number % 3)), entries: 1 + number * 3, sparing: number * 5 % 20))
        }
        let scenario = Scenario(name: "rot", duration: .seconds(30), faults: faults, drawsFaults: false)
        let report = Fixtures.report(seed: seed, scenario: scenario)
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        #expect(report.acknowledged >= 40)
    }

    /// A learner may have what is to rot, but it cannot lead the voter back to it.
    @Test("what only one voter has does not rot") func lastCopy() {
        let scenario = Scenario(
            name: "last copy",
            learnerCount: 1,
            duration: .seconds(10),
            faults: [
                at(5000, .rotLog(.node(0), entries: 6, sparing: 0)),
                at(5010, .crash(.node(0), .power, downFor: .milliseconds(100))),
            ],
            drawsFaults: false
        )
        var simulation = Simulation(Fixtures.options(seed: 1, nodes: 1, scenario: scenario))
        #expect(simulation.run().verdict == .passed)
        #expect(simulation.world.machines[0].log.damage.isEmpty && simulation.world.machines[0].log.lost == nil)
    }

    @Test("a world in which an entry rots sees it repaired")
    func repairs() throws {
        var world = World(Fixtures.options(seed: 4, scenario: Scenario(name: "rot", drawsFaults: false)))
        try world.run(until: Instant(microseconds: 6_000_000))
        let node = try #require(world.leader)
        let index = LogIndex(world.machines[node].log.last.index.number - 3)
        try world.inject(.rotLog(.leader, entries: 3, sparing: 2))
        #expect(world.machines[node].log.stored(at: index)?.isDamaged == true)
        try world.run(until: Instant(microseconds: 12_000_000))
        #expect(world.machines[node].log.damage.isEmpty)
        #expect(world.machines[node].process?.replica.logHealth.repairedEntries == 3)
    }
}
