import Kernel
import Simulator
import Testing

@Suite("Leaders that fall")
struct FallingLeadersTests {
    private func world(_ seed: UInt64) throws -> World {
        let scenario = Scenario(name: "falling leaders", operationsPerSecond: 100, drawsFaults: false)
        var world = World(Fixtures.options(seed: seed, scenario: scenario))
        try world.run(until: Instant(microseconds: 10_000_000))
        return world
    }

    @Test(
        "as many leaders as are to crash when they are elected do, one after the other, and then one leads",
        arguments: 1...5
    )
    func elections(seed: UInt64) throws {
        var world = try world(seed)
        let terms = world.leadership.electedTerms
        let processes = world.machines.map(\.generation)
        for _ in 0..<2 { try world.inject(.crashWhenElected(.power, downFor: .milliseconds(800))) }
        try world.run(until: Instant(microseconds: 11_000_000))
        #expect(world.machines.map(\.generation) == processes, "nobody crashes before an election")
        try world.inject(.crash(.leader, .power, downFor: .seconds(2)))
        try world.run(until: Instant(microseconds: 20_000_000))
        #expect(world.leader != nil)
        #expect(world.leadership.electedTerms >= terms + 3)
        let crashes = zip(world.machines.map(\.generation), processes).reduce(0) { $0 + $1.0 - $1.1 }
        #expect(crashes == 3)
    }

    @Test("an operator has another lead", arguments: 1...5)
    func handOver(seed: UInt64) throws {
        var world = try world(seed)
        let old = try #require(world.leader)
        let next = (old + 1) % 3
        try world.inject(.handOver(to: .node(next)))
        try world.run(until: Instant(microseconds: 10_200_000))
        #expect(world.leader == next, "sooner than an election would come about")
    }

    @Test("a leader that was cut off is asked to read what clients were told of under the next one")
    func deposed() throws {
        // Some step down before the next one is elected.
        let asked = try (UInt64(1)...5).filter { try asksTheDeposed($0) }
        #expect(asked.count >= 3, "\(asked)")
    }

    private func asksTheDeposed(_ seed: UInt64) throws -> Bool {
        var world = try world(seed)
        let old = try #require(world.leader)
        try world.inject(.isolate(.leader))
        while world.now < Instant(microseconds: 14_000_000) {
            let (known, acknowledged) = (world.operations.count, world.acknowledgements.count)
            try world.step()
            guard world.acknowledgements.count > acknowledged, world.leader != old else { continue }
            let reads = world.operations[known...].filter { operation in
                if case .readCurrent = operation.intent { operation.node == old } else { false }
            }
            if !reads.isEmpty { return true }
        }
        return false
    }
}
