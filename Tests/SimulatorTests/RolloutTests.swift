import Directory
import Kernel
import Simulator
import Testing

@Suite("Roll-outs in worlds") struct RolloutTests {
    private static let canary = Labels([Labels.Entry("ring", "canary")]) ?? .none
    private static let metadata = RecordMetadata(createdAt: at(0), updatedAt: at(0), revision: LogIndex(1))

    private static func at(_ seconds: UInt64) -> WallTime { WallTime(milliseconds: seconds * 1000) }

    private static func record(
        _ state: RolloutRecord.State = .running,
        stage: UInt32 = 0,
        openedAt: UInt64 = 0,
        changedAt: UInt64 = 0,
        began: UInt64 = 1
    ) -> RolloutRecord {
        let rings = [Ring(canary), Ring(Labels([Labels.Entry("zone", "a")]) ?? .none), .all]
        return RolloutRecord(
            spec: RolloutSpec(set: "s", version: 2, rings: rings, soak: .seconds(10)),
            base: 1,
            began: LogIndex(began),
            author: .bootstrap,
            state: state,
            stage: stage,
            stageOpenedAt: at(openedAt),
            metadata: RecordMetadata(createdAt: at(0), updatedAt: at(changedAt), revision: LogIndex(1))
        )
    }

    private static func violates(_ records: [(UInt64, RolloutRecord)]) -> Violation.Invariant? {
        var checker = RolloutChecker()
        do throws(Violation) {
            for (index, record) in records { try checker.saw(record, at: LogIndex(index)) }
            return nil
        } catch {
            return error.invariant
        }
    }

    @Test("S11: a ring is opened before the one before has soaked, in whichever order that is seen") func early() {
        #expect(Self.violates([(1, Self.record()), (5, Self.record(stage: 1, openedAt: 10))]) == nil)
        #expect(Self.violates([(1, Self.record()), (5, Self.record(stage: 1, openedAt: 9))]) == .rollout)
        #expect(Self.violates([(5, Self.record(stage: 1, openedAt: 9)), (1, Self.record())]) == .rollout)
        #expect(Self.violates([(1, Self.record()), (9, Self.record(stage: 2, openedAt: 20))]) == nil)
        #expect(Self.violates([(1, Self.record()), (9, Self.record(stage: 2, openedAt: 19))]) == .rollout)
        let done = Self.record(.done, stage: 2, openedAt: 20, changedAt: 29)
        #expect(Self.violates([(9, Self.record(stage: 2, openedAt: 20)), (12, done)]) == .rollout)
        #expect(Self.violates([(1, Self.record(stage: 1)), (2, Self.record())]) == .rollout, "a ring is closed")
        #expect(Self.violates([(1, Self.record(stage: 1)), (2, Self.record(began: 2))]) == nil, "that is another one")
    }

    @Test("S11: a roll-out that is halted goes on without having soaked since") func halted() {
        let halted = Self.record(.halted, changedAt: 8)
        #expect(Self.violates([(1, Self.record()), (3, halted), (5, Self.record(stage: 1, openedAt: 17))]) == .rollout)
        #expect(Self.violates([(1, Self.record()), (3, halted), (5, Self.record(stage: 1, openedAt: 18))]) == nil)
    }

    @Test("S11: a node decides by what is rolled out outside of the open rings, or does not within") func decides() {
        func violates(_ version: UInt64?, _ labels: Labels, _ record: RolloutRecord) -> Bool {
            do throws(Violation) {
                try RolloutChecker().decides(0, by: version, labelled: labels, record, elsewhere: 1)
                return false
            } catch {
                return error.invariant == .rollout
            }
        }
        #expect(!violates(1, .none, Self.record()) && violates(2, .none, Self.record()))
        #expect(!violates(2, Self.canary, Self.record()) && violates(1, Self.canary, Self.record()))
        #expect(!violates(2, Self.canary, Self.record(.halted)) && violates(1, Self.canary, Self.record(.halted)))
        #expect(!violates(1, Self.canary, Self.record(.aborted)) && violates(2, Self.canary, Self.record(.aborted)))
        #expect(!violates(2, .none, Self.record(stage: 2)) && violates(1, .none, Self.record(stage: 2)))
    }

    @Test("rings are opened under faults, and never early") func faults() {
        var (opened, halts) = (0, 0)
        for seed in 1...6 as ClosedRange<UInt64> {
            let scenario = Scenario(edgeCount: 2, duration: .seconds(30), operationsPerSecond: 20, rollouts: true)
            var simulation = Simulation(Fixtures.options(seed: seed, scenario: scenario))
            let report = simulation.run()
            #expect(report.verdict == .passed, Comment(rawValue: report.story))
            opened += simulation.world.rollouts.openedRings
            halts += simulation.world.rollouts.halts
        }
        #expect(opened > 10 && halts > 3, "\(opened) rings were opened, \(halts) halts")
    }
}
