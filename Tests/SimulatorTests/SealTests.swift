import Consensus
import Kernel
import Replica
import Sealing
import Simulator
import Testing

@Suite("Seals in worlds") struct SealTests {
    private static func seal(index: UInt64, time: UInt64, head: Digest = .of([1])) -> Seal {
        let claim = StateClaim(index: LogIndex(index), head: head, root: .of([2]), voters: .of([3]))
        let statement = SealStatement(
            lineage: Lineage(high: 1, low: 1),
            term: Term(2),
            claim: claim,
            time: WallTime(milliseconds: time)
        )
        return Seal(statement: statement, signatures: [])
    }

    private static func check(
        _ seal: Seal,
        head: Digest? = nil,
        after acknowledged: [(revision: UInt64, time: UInt64)]
    ) -> Violation.Invariant? {
        var checker = SealChecker()
        for (revision, time) in acknowledged {
            checker.acknowledged(LogIndex(revision), at: WallTime(milliseconds: time))
        }
        do throws(Violation) {
            try checker.made(seal, isTransition: false, head: head, tolerance: .milliseconds(700))
            return nil
        } catch {
            return error.invariant
        }
    }

    @Test("S10: something that was acknowledged before a seal's time lies beyond its index") func beyond() {
        let seal = Self.seal(index: 9, time: 10_000)
        #expect(Self.check(seal, after: [(9, 1_000), (8, 5_000)]) == nil)
        #expect(Self.check(seal, after: [(9, 1_000), (10, 9_300)]) == nil, "clocks may differ by so much")
        #expect(Self.check(seal, after: [(9, 1_000), (10, 9_299)]) == .seal)
        #expect(Self.check(seal, after: [(12, 2_000), (11, 9_999)]) == .seal)
    }

    @Test("S10: a seal has another entry, or another root, than nodes have") func contents() throws {
        let seal = Self.seal(index: 9, time: 10_000)
        #expect(Self.check(seal, head: .of([1]), after: []) == nil)
        #expect(Self.check(seal, head: .of([7]), after: []) == .seal)
        var roots = StateRootChecker()
        try roots.reached(0, LogIndex(9), .of([2]))
        try roots.sealed(LogIndex(9), .of([2]))
        try roots.sealed(LogIndex(8), .of([5]))
        #expect(throws: Violation.self) { try roots.sealed(LogIndex(9), .of([5])) }
    }

    @Test("voters seal what they do, and everybody hears of it") func peace() throws {
        let scenario = Scenario(learnerCount: 1, duration: .seconds(20), seals: true, drawsFaults: false)
        var simulation = Simulation(Fixtures.options(seed: 1, scenario: scenario))
        let report = simulation.run()
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        let world = simulation.world
        #expect(world.seals.sealCount > 40, "\(world.seals.sealCount) seals")
        for machine in world.machines {
            let process = try #require(machine.process)
            let newest = try #require(process.replica.newestSeal)
            #expect(newest.statement.index.number + 20 > process.replica.applied.position.index.number)
            #expect(machine.sealMemory.voters != nil)
        }
    }

    @Test("members come and go, and the voters' seals lead from each set to the next") func transitions() {
        var transitions = 0
        for seed in 1...6 as ClosedRange<UInt64> {
            let scenario = Scenario(spareCount: 2, duration: .seconds(40), seals: true)
            var simulation = Simulation(Fixtures.options(seed: seed, scenario: scenario))
            let report = simulation.run()
            #expect(report.verdict == .passed, Comment(rawValue: report.story))
            transitions += simulation.world.seals.transitionCount
        }
        #expect(transitions > 0)
    }

    @Test("without keys in the log nobody seals") func off() {
        let scenario = Scenario(duration: .seconds(10), seals: false)
        var simulation = Simulation(Fixtures.options(seed: 2, scenario: scenario))
        #expect(simulation.run().verdict == .passed)
        #expect(simulation.world.seals.sealCount == 0)
    }
}
