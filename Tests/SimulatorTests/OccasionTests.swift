import Kernel
import Simulator
import Testing

@Suite("Faults that wait for an occasion")
struct OccasionTests {
    private func run(_ faults: [TimedFault], spares: Int? = nil) -> (report: SeedReport, choices: [Choice]) {
        let scenario = Scenario(
            name: "occasions",
            spareCount: spares,
            duration: .seconds(12),
            operationsPerSecond: 30,
            faults: faults,
            drawsFaults: false
        )
        var options = Fixtures.options(seed: 2, scenario: scenario)
        options.recordsChoices = true
        var simulation = Simulation(options)
        let report = simulation.run()
        let choices = simulation.world.choices.record ?? []
        // What it waited for is a time now.
        options.schedule = Schedule(choices)
        var again = Simulation(options)
        #expect(again.run().traceHash == report.traceHash, "a run that follows the choices is the same")
        return (report, choices)
    }

    private func time(of fault: Fault, in choices: [Choice]) -> Instant? {
        choices.first { $0.value == .fault(fault) }?.time
    }

    @Test("each happens once, when it is time")
    func occasions() throws {
        let faults = [
            TimedFault(at: .zero, when: .leaderElected, .revokeAgents(count: 1)),
            TimedFault(at: .zero, when: .revisionReached(60), .isolate(.leader)),
            TimedFault(at: .zero, when: .faultHappened("isolate"), after: .milliseconds(1500), .healNetwork),
            TimedFault(at: .zero, when: .memberAdded, .revokeAgents(count: 2)),
            TimedFault(at: Instant(microseconds: 11_000_000), when: .snapshotSent, .hangDisk(.leader)),
        ]
        let (report, choices) = run(faults, spares: 1)
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        let isolated = try #require(time(of: .isolate(.leader), in: choices))
        let healed = try #require(time(of: .healNetwork, in: choices))
        #expect(healed.elapsed(since: isolated) == Span(microseconds: 1_500_001))
        #expect(time(of: .revokeAgents(count: 2), in: choices) != nil)
        #expect(report.missedFaults.contains(4), "no snapshot that late")
        #expect(!report.missedFaults.contains(1))
    }

    @Test("and not before its time")
    func notBefore() throws {
        let start = Instant(microseconds: 6_000_000)
        let (_, choices) = run([TimedFault(at: start, when: .revisionReached(3), .isolate(.node(2)))])
        let isolated = try #require(time(of: .isolate(.node(2)), in: choices))
        #expect(isolated >= start && isolated.elapsed(since: start) < .seconds(1))
    }

    @Test("what no other fault can bring about is refused")
    func flaws() {
        let scenario = Scenario(
            name: "none",
            faults: [TimedFault(at: .zero, when: .faultHappened("crash"), .healNetwork)],
            drawsFaults: false
        )
        #expect(scenario.flaw(ofFault: 0)?.isOfOccasion == true)
        #expect(scenario.flaw != nil)
    }
}
