import Consensus
import Directory
import Kernel
import MutantWrappers
import Replica
import Simulator
import Testing

@Suite("Simulation")
struct SimulationTests {
    @Test("ten seeds of three nodes keep every promise", arguments: UInt64(1)...10)
    func seedsPass(seed: UInt64) {
        let report = Fixtures.report(seed: seed)
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        #expect(report.operations >= 200, "seed \(seed) did too little")
        #expect(report.acknowledged >= 40, "seed \(seed) acknowledged next to nothing")
        #expect(report.elections >= 1)
    }

    @Test("clusters of other sizes do too", arguments: [1, 5, 7])
    func sizes(nodes: Int) {
        let report = Fixtures.report(seed: 10, nodes: nodes)
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        #expect(report.acknowledged >= 20)
    }

    @Test("machines join, get a vote, are removed, lose their disks and join again, while faults go on")
    func members() {
        var done: [String: Int] = [:]
        var wiped = 0
        for seed in UInt64(1)...16 {
            var simulation = Simulation(Fixtures.options(seed: seed))
            let report = simulation.run()
            #expect(report.verdict == .passed, Comment(rawValue: report.story))
            for operation in simulation.world.operations {
                if case .write(let body) = operation.intent, case .done = operation.outcome {
                    done[body.action, default: 0] += 1
                }
            }
            wiped += simulation.world.members.count { $0.incarnation > 1 }
        }
        #expect(done["join", default: 0] >= 8, "\(done)")
        #expect(done["promoteMember", default: 0] >= 7, "\(done)")
        #expect(done["removeMember", default: 0] >= 6, "\(done)")
        #expect(wiped >= 5)
    }

    @Test("one seed gives one history, two seeds give two")
    func determinism() {
        let first = Fixtures.report(seed: 5)
        let again = Fixtures.report(seed: 5)
        #expect(first.traceHash == again.traceHash)
        #expect(first.steps == again.steps)
        #expect(Fixtures.report(seed: 6).traceHash != first.traceHash)
    }

    @Test("a copy of a world goes on as the world itself does")
    func copies() throws {
        var world = World(Fixtures.options(seed: 3))
        try world.run(until: Instant(microseconds: 6_000_000))
        var copy = world
        try world.run(until: Instant(microseconds: 12_000_000))
        #expect(copy.now < world.now)
        try copy.run(until: Instant(microseconds: 12_000_000))
        #expect(copy.trace.hash.value == world.trace.hash.value)
        #expect(copy.steps == world.steps)
    }

    @Test("a leader whose disk hangs is replaced, and its write ends once the disk does")
    func hungDisk() throws {
        var world = World(Fixtures.options(seed: 4, scenario: Scenario(name: "hung disk", drawsFaults: false)))
        try world.run(until: Instant(microseconds: 6_000_000))
        let node = try #require(world.leader)
        try world.inject(.hangDisk(.node(node)))
        try world.run(until: Instant(microseconds: 12_000_000))
        #expect(world.leader != nil)
        #expect(world.leader != node)
        #expect(world.machines[node].log.isWriting)
        let last = world.machines[node].log.last.index
        try world.inject(.slowDisk(.node(node), factor: 1))
        try world.run(until: Instant(microseconds: 14_000_000))
        #expect(world.machines[node].log.last.index > last)
    }

    @Test("an operator revokes many agents at once, and the leader's power fails: all of them stay revoked")
    func massRevocation() {
        let faults = [
            TimedFault(at: Instant(microseconds: 12_000_000), .revokeAgents(count: 10)),
            TimedFault(at: Instant(microseconds: 12_002_000), .crash(.leader, .power, downFor: .seconds(2))),
        ]
        let scenario = Scenario(
            name: "mass revocation",
            operationsPerSecond: 40,
            faults: faults,
            drawsFaults: false
        )
        var simulation = Simulation(Fixtures.options(seed: 5, scenario: scenario))
        let report = simulation.run()
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        let revocations = simulation.world.operations.filter { operation in
            if case .write(.revoke) = operation.intent { operation.invokedAt == faults[0].time } else { false }
        }
        #expect(revocations.count == 10)
        #expect(revocations.allSatisfy { if case .done = $0.outcome { true } else { false } })
        #expect(simulation.world.revocations.revocations.count >= 10)
    }

    @Test("the load alone, without faults, is answered in full")
    func calm() {
        let report = Fixtures.report(seed: 2, scenario: Scenario(name: "calm", drawsFaults: false))
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        #expect(report.elections <= 2, "nobody but the loss of power at the end deposes a leader")
    }

    @Test("R5: a cluster that cannot agree is found")
    func noConvergence() {
        let report = Fixtures.report(seed: 1, scenario: Scenario(drawsFaults: false)) { _, effects in
            effects.removeAll { if case .send = $0 { true } else { false } }
        }
        #expect(report.violation?.invariant == .convergence, Comment(rawValue: report.story))
    }
}

/// Bugs that break one promise or another, and how soon.
@Suite("Mutants")
struct MutantTests {
    @Test("what waits for the disk, and does not", arguments: [Mutation.sendsBeforeDurable, .votesBeforeDurable])
    func killed(mutation: Mutation) {
        let killer = (UInt64(185)...214).lazy.compactMap { seed in
            Fixtures.report(seed: seed, intercept: mutation.intercept).violation
        }.first
        #expect(killer.map { [.log, .leadership, .history].contains($0.invariant) } == true)
    }
}
