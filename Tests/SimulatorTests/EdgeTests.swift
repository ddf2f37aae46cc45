import Consensus
import Gossip
import Kernel
import Replica
import Sealing
import Simulator
import Testing

@Suite("Edges in worlds") struct EdgeTests {
    private static func invariant(_ check: () throws(Violation) -> Void) -> Violation.Invariant? {
        do throws(Violation) {
            try check()
            return nil
        } catch {
            return error.invariant
        }
    }

    @Test("S3: an edge applies past what voters have sealed, or answers from it, or before anything is proven")
    func checker() throws {
        var checker = EdgeChecker()
        checker.sealed(through: LogIndex(9))
        checker.sealed(through: LogIndex(7))
        let known = checker
        try known.applies(4, through: LogIndex(9))
        #expect(Self.invariant { () throws(Violation) in try known.applies(4, through: LogIndex(10)) } == .authority)
        try known.answers(4, from: LogIndex(9), isProven: true)
        #expect(
            Self.invariant { () throws(Violation) in
                try known.answers(4, from: LogIndex(10), isProven: true)
            } == .authority
        )
        #expect(
            Self.invariant { () throws(Violation) in
                try known.answers(4, from: LogIndex(3), isProven: false)
            } == .authority
        )
    }

    @Test("S3: an edge answers from a state that is not the others'") func otherState() throws {
        var roots = StateRootChecker()
        try roots.reached(0, LogIndex(9), .of([2]))
        let known = roots
        try known.proven(4, DirectoryFacts(revision: LogIndex(9), epoch: 0, stateRoot: .of([2])))
        try known.proven(4, DirectoryFacts(revision: LogIndex(8), epoch: 0, stateRoot: .of([5])))
        let other = DirectoryFacts(revision: LogIndex(9), epoch: 0, stateRoot: .of([5]))
        #expect(Self.invariant { () throws(Violation) in try known.proven(4, other) } == .authority)
    }

    @Test("edges join once there is a seal, and have and answer what the others have") func peace() throws {
        let scenario = Scenario(edgeCount: 2, duration: .seconds(20), drawsFaults: false)
        var simulation = Simulation(Fixtures.options(seed: 1, scenario: scenario))
        let report = simulation.run()
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        let world = simulation.world
        #expect(report.acknowledged > 80)
        for edge in 3...4 {
            let replica = try #require(world.machines[edge].process?.replica)
            #expect(replica.isEdge && replica.isProven && replica.isServing)
            #expect(!replica.configuration.contains(world.members[edge]))
            #expect(replica.applied == world.machines[0].process?.replica.applied)
            #expect(world.machines[edge].sealMemory.voters != nil)
        }
        let asked = world.operations.count { $0.node >= 3 && $0.outcome == .decided }
        #expect(asked > 3, "\(asked) decisions of edges")
        #expect(world.edges.refusalCount > 10, "\(world.edges.refusalCount) writes were refused by edges")
    }

    @Test("faults concern edges, too", arguments: 1...6 as ClosedRange<UInt64>) func faults(seed: UInt64) {
        let scenario = Scenario(edgeCount: 2, duration: .seconds(20))
        var simulation = Simulation(Fixtures.options(seed: seed, scenario: scenario))
        let report = simulation.run()
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
    }

    /// The last of three edges is away while the log outgrows what is kept; the first lies when it comes back.
    private static let longAbsence = Scenario(
        name: "far behind",
        edgeCount: 3,
        duration: .seconds(40),
        operationsPerSecond: 40,
        faults: [
            TimedFault(at: Instant(microseconds: 6_000_000), .isolate(.node(5))),
            TimedFault(at: Instant(microseconds: 20_000_000), .byzantine(.edge, for: .seconds(18))),
            TimedFault(at: Instant(microseconds: 22_000_000), .healNetwork),
        ],
        drawsFaults: false
    )

    @Test("an edge that lacks what nobody has any more catches up by a state, and by no other than the voters'")
    func farBehind() throws {
        var taken = 0
        for seed in 1...6 as ClosedRange<UInt64> {
            var simulation = Simulation(Fixtures.options(seed: seed, scenario: Self.longAbsence))
            // Before the power fails at the end, by which counters begin anew.
            try simulation.advance(to: Instant(microseconds: 38_000_000))
            taken += Self.hasTakenState(simulation.world, 5) ? 1 : 0
            let report = simulation.run()
            #expect(report.verdict == .passed, Comment(rawValue: report.story))
        }
        #expect(taken > 3, "\(taken) took a state")
    }

    private static func hasTakenState(_ world: World, _ machine: Int) -> Bool {
        (world.machines[machine].process?.replica.gossipCounters?.snapshotsTaken ?? 0) > 0
    }

    @Test("an edge that was cut off for long catches up, and one that has lost its disks joins again as another")
    func replaced() throws {
        let faults = [
            TimedFault(at: Instant(microseconds: 12_000_000), .wipeDisks(.node(3))),
            TimedFault(at: Instant(microseconds: 12_000_000), .isolate(.node(4))),
            TimedFault(at: Instant(microseconds: 26_000_000), .healNetwork),
        ]
        let scenario = Scenario(
            edgeCount: 2,
            duration: .seconds(40),
            operationsPerSecond: 40,
            faults: faults,
            drawsFaults: false
        )
        var simulation = Simulation(Fixtures.options(seed: 3, scenario: scenario))
        try simulation.advance(to: Instant(microseconds: 38_000_000))
        #expect(Self.hasTakenState(simulation.world, 4))
        let report = simulation.run()
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        #expect(simulation.world.members[3].incarnation > 1)
    }

    @Test("an edge that lies breaks no promise", arguments: 1...6 as ClosedRange<UInt64>) func lies(seed: UInt64) {
        let faults = [
            TimedFault(at: Instant(microseconds: 5_000_000), .byzantine(.edge, for: .seconds(12))),
            TimedFault(at: Instant(microseconds: 9_000_000), .crash(.leader, .process, downFor: .seconds(1))),
        ]
        let scenario = Scenario(name: "lies", edgeCount: 3, faults: faults, drawsFaults: false)
        var simulation = Simulation(Fixtures.options(seed: seed, scenario: scenario))
        let report = simulation.run()
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        #expect(simulation.world.lieCount > 50)
        #expect(report.acknowledged > 50)
    }

    @Test("a state that is not the voters' is never answered from, and its edge joins again") func forged() throws {
        let scenario = Scenario(edgeCount: 3, duration: .seconds(20), drawsFaults: false)
        for seed in 1...30 as ClosedRange<UInt64> {
            var options = Fixtures.options(seed: seed, scenario: scenario)
            options.recordsChoices = true
            var simulation = Simulation(options)
            let report = simulation.run()
            #expect(report.verdict == .passed, Comment(rawValue: report.story))
            let forged = simulation.world.choices.record?.first { $0.key.kind == .forgedState }
            guard let forged else { continue }
            #expect(simulation.world.members[Int(forged.key.node)].incarnation > 1)
            return
        }
        Issue.record("no seed hands out a forged state")
    }

    @Test("seeds draw edges where voters seal, and nothing else is drawn otherwise for it") func drawn() {
        let worlds = (1...60 as ClosedRange<UInt64>).map { World(Fixtures.options(seed: $0)) }
        let counts = worlds.map(\.edgeCount)
        #expect(Set(counts) == [0, 1, 2, 3])
        #expect(zip(worlds, counts).allSatisfy { $0.namesSealKeys || $1 == 0 })
        for (world, count) in zip(worlds, counts) where count > 0 {
            var scenario = world.options.scenario
            scenario.edgeCount = 0
            let without = World(Fixtures.options(seed: world.options.seed, scenario: scenario))
            #expect(without.members == Array(world.members[..<3]) + world.members[(3 + count)...])
        }
    }

    @Test("what cannot be is refused") func flaws() {
        #expect(Scenario(edgeCount: 101).flaw == "edges must be in 0...100")
        #expect(Scenario(edgeCount: 1, seals: false).flaw == "edges need seals")
        #expect(Scenario(edgeCount: 0, seals: false).flaw == nil)
        let fault = TimedFault(at: .zero, .isolate(.node(4)))
        #expect(Scenario(edgeCount: 2, faults: [fault]).flaw == nil)
        #expect(Scenario(edgeCount: 1, faults: [fault]).flaw?.contains("n5") == true)
    }
}
