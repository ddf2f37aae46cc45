import Kernel
import Simulator
import Testing

@Suite("Recorded choices")
struct ChoiceTests {
    @Test("a run follows its recorded choices to the same trace, step by step", arguments: UInt64(1)...8)
    func followed(seed: UInt64) throws {
        let nodes = seed == 8 ? 5 : 3
        let plain = Fixtures.report(seed: seed, nodes: nodes)
        let recorded = try record(Fixtures.options(seed: seed, nodes: nodes))
        #expect(recorded.report.traceHash == plain.traceHash, "recording changes nothing")
        #expect(recorded.choices.count > 1000)
        var options = Fixtures.options(seed: seed, nodes: nodes)
        options.schedule = Schedule(recorded.choices)
        let again = try record(options)
        #expect(again.report.traceHash == plain.traceHash)
        #expect(again.report.steps == plain.steps)
        #expect(again.choices == recorded.choices, "every choice had its effect again")
    }

    @Test("faults of a scenario are choices like those of the seed")
    func scenarioFaults() throws {
        let crash = TimedFault(
            at: Instant(microseconds: 5_000_000),
            .crash(.leader, .power, downFor: .seconds(1))
        )
        let scenario = Scenario(name: "one crash", duration: .seconds(10), faults: [crash], drawsFaults: false)
        let options = Fixtures.options(seed: 3, scenario: scenario)
        let recorded = try record(options)
        let faults = recorded.choices.filter { $0.key.kind == .fault }
        #expect(faults.map(\.value) == [.fault(crash.fault)])
        let without = try follow(recorded.choices.filter { $0.key.kind != .fault }, options)
        #expect(without.report.faults == recorded.report.faults - 1)
        #expect(without.report.elections < recorded.report.elections)
    }

    @Test("nothing chosen: no fault, no client, one leader")
    func neutral() throws {
        let run = try follow([], Fixtures.options(seed: 1))
        #expect(run.report.verdict == .passed, Comment(rawValue: run.report.story))
        #expect(run.report.elections <= 3, "one at the beginning, one after the loss of power")
        #expect(run.report.operations == Population().setup.count)
        #expect(run.choices.isEmpty)
    }

    @Test(
        "whatever is left out of a schedule, a run comes of it that keeps every promise",
        arguments: [1, 4] as [UInt64]
    )
    func parts(seed: UInt64) throws {
        let options = Fixtures.options(seed: seed)
        let all = try record(options).choices
        for kind in ChoiceKey.Kind.allCases {
            let run = try follow(all.filter { $0.key.kind != kind }, options)
            #expect(run.report.verdict == .passed, Comment(rawValue: "without \(kind): \(run.report.story)"))
            #expect(!run.choices.contains { $0.key.kind == kind })
        }
        for remainder in 0..<3 {
            let some = all.enumerated().filter { $0.offset % 3 == remainder }.map(\.element)
            let run = try follow(some, options)
            #expect(run.report.verdict == .passed, Comment(rawValue: run.report.story))
            #expect(run.report.operations > Population().setup.count)
        }
    }

    @Test("a fault and an operation that are left out leave the others what they were")
    func independent() throws {
        let options = Fixtures.options(seed: 2)
        let all = try record(options).choices
        let fault = try #require(all.first { $0.key.kind == .fault })
        let operation = try #require(all.first { $0.key.kind == .operation })
        let run = try follow(all.filter { $0.key != fault.key && $0.key != operation.key }, options)
        func named(_ choices: [Choice]) -> [Choice] {
            choices.filter { [.fault, .operation].contains($0.key.kind) }
                .filter { $0.key != fault.key && $0.key != operation.key }
        }
        #expect(named(run.choices).map(\.key) == named(all).map(\.key))
        #expect(named(run.choices).map(\.value) == named(all).map(\.value))
    }

    private func record(_ options: WorldOptions) throws -> (report: SeedReport, choices: [Choice]) {
        var options = options
        options.recordsChoices = true
        var simulation = Simulation(options)
        let report = simulation.run()
        return (report, try #require(simulation.world.choices.record))
    }

    private func follow(
        _ choices: [Choice],
        _ options: WorldOptions
    ) throws -> (report: SeedReport, choices: [Choice]) {
        var options = options
        options.schedule = Schedule(choices)
        return try record(options)
    }
}
