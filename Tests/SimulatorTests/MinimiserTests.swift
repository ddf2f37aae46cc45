import Kernel
import MutantWrappers
import Simulator
import Testing

@Suite("Minimiser")
struct MinimiserTests {
    /// Bugs with a seed that each breaks a promise in, and one that the search is quick with.
    static let cases: [(Mutation, UInt64)] = [
        (.sendsBeforeDurable, 1), (.acceptsBeforeDurable, 1), (.grantsEveryVote, 13), (.acceptsWhatItRejects, 1),
        (.commitsWhatItSends, 1), (.refusesWhatIsInDoubt, 17), (.readsTheStart, 1), (.installsNoSnapshot, 4),
        (.neverRejects, 1), (.readsNothingForFollowers, 31),
    ]

    @Test("a failure is explained by at most fifteen choices", arguments: cases)
    func explains(mutation: Mutation, seed: UInt64) throws {
        let options = Fixtures.options(seed: seed, intercept: mutation.intercept)
        var minimiser = try #require(Minimiser(options), "seed \(seed) does not fail under \(mutation)")
        let invariant = minimiser.best.report.violation?.invariant
        minimiser.minimise { $0.attempts < 150 }
        let best = minimiser.best
        let story = best.choices.map(\.description).joined(separator: "\n")
        #expect(best.choices.count <= 15, "\(mutation), seed \(seed), \(minimiser.attempts) attempts:\n\(story)")
        #expect(best.report.violation?.invariant == invariant)

        var replay = options
        replay.scenario = best.scenario
        replay.schedule = Schedule(best.choices)
        var simulation = Simulation(replay)
        let report = simulation.run()
        #expect(report.violation == best.report.violation, "what is left shows the same")
        #expect(report.traceHash == best.report.traceHash)
        replay.intercept = nil
        simulation = Simulation(replay)
        #expect(simulation.run().verdict == .passed, "the choices break nothing without the bug")
    }

    @Test("nothing can be left out of what is left")
    func minimal() throws {
        let options = Fixtures.options(seed: 13, intercept: Mutation.grantsEveryVote.intercept)
        var minimiser = try #require(Minimiser(options))
        minimiser.minimise { _ in true }
        #expect(minimiser.isDone)
        let best = minimiser.best
        #expect(!best.choices.isEmpty)
        for choice in best.choices {
            var without = options
            without.scenario = best.scenario
            without.schedule = Schedule(best.choices.filter { $0.key != choice.key })
            var simulation = Simulation(without)
            let invariant = simulation.run().violation?.invariant
            #expect(invariant != best.report.violation?.invariant, "\(choice) explains nothing")
        }
    }

    @Test("one that is interrupted has the best so far, and goes on from there")
    func interrupted() throws {
        let options = Fixtures.options(seed: 1, intercept: Mutation.acceptsWhatItRejects.intercept)
        var minimiser = try #require(Minimiser(options))
        let all = minimiser.best.choices.count
        minimiser.minimise { $0.attempts < 5 }
        #expect(minimiser.attempts == 5)
        #expect(!minimiser.isDone)
        #expect(minimiser.best.choices.count < all)
        #expect(minimiser.best.report.violation?.invariant == .log)
        minimiser.minimise { _ in true }
        #expect(minimiser.isDone)
    }

    @Test("a run that passes has nothing to explain")
    func passes() {
        #expect(Minimiser(Fixtures.options(seed: 2)) == nil)
    }

    @Test("a write that is missed is one that a client wanted")
    func missedWrite() throws {
        let crash = TimedFault(at: Instant(microseconds: 3_000_000), .crash(.leader, .power, downFor: .seconds(2)))
        let scenario = Scenario(
            name: "impatient",
            duration: .seconds(6),
            operationsPerSecond: 100,
            faults: [crash],
            drawsFaults: false,
            expectations: [.writesResume(within: .milliseconds(100))]
        )
        var minimiser = try #require(Minimiser(Fixtures.options(seed: 1, scenario: scenario)))
        minimiser.minimise { $0.attempts < 200 }
        let kinds = minimiser.best.choices.map(\.key.kind)
        #expect(kinds.contains(.fault))
        #expect(kinds.contains(.operation))
        #expect(kinds.count <= 3)
    }

    @Test("fewer nodes and a shorter run, where they show the same")
    func smaller() throws {
        let scenario = Scenario(spareCount: 0, duration: .seconds(20))
        let options = Fixtures.options(
            seed: 8,
            nodes: 5,
            scenario: scenario,
            intercept: Mutation.neverRejects.intercept
        )
        var minimiser = try #require(Minimiser(options))
        minimiser.minimise { $0.attempts < 40 }
        #expect(minimiser.best.scenario.nodeCount == 3)
        #expect(minimiser.best.scenario.duration < scenario.duration)
    }
}
