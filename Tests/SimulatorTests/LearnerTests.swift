import Consensus
import Kernel
import Replica
import Simulator
import Testing

@Suite("Learners of a scenario")
struct LearnerTests {
    @Test(
        "join, stay what they are and come to the voters' state, whatever goes wrong",
        arguments: 1...4 as ClosedRange<UInt64>
    )
    func joinAndFollow(seed: UInt64) throws {
        let scenario = Scenario(nodeCount: 3, learnerCount: 10, duration: .seconds(15))
        var simulation = Simulation(Fixtures.options(seed: seed, scenario: scenario))
        let report = simulation.run()
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        #expect(report.faults > 0, "seed \(seed) had no faults")
        let world = simulation.world
        let head = try #require(world.leader.flatMap { world.machines[$0].process?.replica })
        #expect(head.configuration.voters == world.members.prefix(3).sorted())
        #expect(head.configuration.learners == world.members.dropFirst(3).sorted())
        let states = world.machines.map(\.state.current)
        #expect(states.count == 13)
        #expect(states.allSatisfy { $0.facts.stateRoot == states[0].facts.stateRoot && $0.point == states[0].point })
        #expect(states[0].point.position.index > LogIndex(60), "next to nothing was written")
    }

    @Test("are asked to read and to decide, and never to write")
    func clients() throws {
        let scenario = Scenario(learnerCount: 3, duration: .seconds(10), drawsFaults: false)
        var simulation = Simulation(Fixtures.options(seed: 1, nodes: 1, scenario: scenario))
        #expect(simulation.run().verdict == .passed)
        let operations = simulation.world.operations
        #expect(operations.contains { $0.node > 0 })
        #expect(
            operations.allSatisfy { operation in
                if case .write = operation.intent { operation.node == 0 } else { true }
            }
        )
    }

    @Test("one whose disks are wiped joins again as another member, and is a learner again")
    func wiped() throws {
        let faults = [TimedFault(at: Instant(microseconds: 8_000_000), .wipeDisks(.node(3)))]
        let scenario = Scenario(name: "wiped learner", learnerCount: 2, faults: faults, drawsFaults: false)
        var simulation = Simulation(Fixtures.options(seed: 3, scenario: scenario))
        let before = simulation.world.members[3]
        let report = simulation.run()
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        let world = simulation.world
        #expect(world.members[3] != before)
        let head = try #require(world.leader.flatMap { world.machines[$0].process?.replica })
        #expect(head.configuration.learners == world.members.dropFirst(3).sorted())
        #expect(world.machines[3].state.current.facts == world.machines[0].state.current.facts)
    }

    @Test("are no more than a configuration holds, together with the others")
    func tooMany() {
        #expect(Scenario(nodeCount: 7, learnerCount: 57).flaw == nil)
        #expect(Scenario(nodeCount: 7, learnerCount: 58).flaw?.contains("64 together") == true)
        #expect(Scenario(nodeCount: 7, learnerCount: 50, spareCount: 8).flaw?.contains("64 together") == true)
        #expect(Scenario(learnerCount: -1).flaw?.contains("learners") == true)
    }
}
