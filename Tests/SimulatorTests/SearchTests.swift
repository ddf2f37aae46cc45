import Kernel
import MutantWrappers
import Simulator
import Testing

@Suite("Search by coverage")
struct SearchTests {
    private static let scenario = Scenario(duration: .seconds(10))

    private func search(
        _ seed: UInt64,
        runs: Int,
        limit: Int = 64,
        scenario: Scenario = scenario,
        mutation: Mutation? = nil,
        _ body: (CoverageSearch.Result) -> Void = { _ in }
    ) -> CoverageSearch {
        let options = Fixtures.options(seed: seed, scenario: scenario, intercept: mutation?.intercept)
        var search = CoverageSearch(options, corpusLimit: limit)
        while search.runs < runs {
            let results = search.nextRound(atMost: runs - search.runs).map(CoverageSearch.run)
            for result in results {
                search.take(result)
                body(result)
            }
        }
        return search
    }

    /// Single searches, and single ranges of seeds, differ by a tenth from others of their kind.
    @Test("reaches more than as many seeds do, of two each")
    func reachesMore() async {
        let runs = 320
        let reached = await withTaskGroup { group in
            for number in UInt64(0)..<2 {
                group.addTask {
                    let found = search(number + 1, runs: runs)
                    #expect(found.runs == runs)
                    #expect(found.seeds < runs * 2 / 3)
                    return (bySearch: found.reached.count, bySeeds: 0)
                }
                group.addTask {
                    let first = number * UInt64(runs) + 1
                    var plain = Coverage()
                    for seed in first..<first + UInt64(runs) {
                        plain.formUnion(Fixtures.report(seed: seed, scenario: Self.scenario).coverage)
                    }
                    return (bySearch: 0, bySeeds: plain.count)
                }
            }
            var sum = (bySearch: 0, bySeeds: 0)
            for await one in group { sum = (sum.bySearch + one.bySearch, sum.bySeeds + one.bySeeds) }
            return sum
        }
        #expect(reached.bySearch > reached.bySeeds, "\(reached)")
    }

    @Test("is the same again, from one seed, and another from another")
    func deterministic() {
        var hashes: [[String]] = []
        for seed in [5, 5, 6] as [UInt64] {
            var seen: [String] = []
            let search = search(seed, runs: 48) { seen.append($0.report.traceHash) }
            hashes.append(seen + ["\(search.reached.count)"])
        }
        #expect(hashes[0] == hashes[1])
        #expect(hashes[0] != hashes[2])
        #expect(Set(hashes[0]).count > 40, "runs differ from each other")
    }

    @Test("every run that it makes keeps every promise, and is one that a bundle can hold")
    func fair() throws {
        var changed = 0
        _ = search(3, runs: 64) { result in
            #expect(result.report.verdict == .passed, Comment(rawValue: result.report.story))
            guard !result.attempt.isSeed, changed < 5 else { return }
            changed += 1
            let heal = result.attempt.options.scenario.healTime
            let choices = result.attempt.options.schedule?.choices ?? []
            #expect(Set(choices.map(\.key)).count == choices.count)
            for choice in choices {
                if case .number(let number) = choice.value {
                    #expect(choice.key.kind.range?.contains(number) == true, "\(choice)")
                }
                if case .fault(let fault) = choice.value, fault.kind != nil { #expect(choice.time < heal) }
            }
        }
        #expect(changed == 5)
    }

    @Test("the choices of a changed run give the same run by themselves")
    func replays() throws {
        var results: [CoverageSearch.Result] = []
        _ = search(2, runs: 48) { if !$0.attempt.isSeed { results.append($0) } }
        let result = try #require(results.first)
        var options = result.attempt.options
        options.schedule = Schedule(result.choices)
        var simulation = Simulation(options)
        #expect(simulation.run().traceHash == result.report.traceHash)
    }

    @Test("keeps no more runs than it may")
    func bounded() {
        let search = search(1, runs: 64, limit: 4)
        #expect(search.corpus.count == 4)
    }

    @Test("finds a bug, and what a scenario expects is not one")
    func finds() {
        var violated: Set<Violation.Invariant> = []
        _ = search(1, runs: 32, mutation: .sendsBeforeDurable) {
            if let found = $0.report.violation { violated.insert(found.invariant) }
        }
        #expect(!violated.isDisjoint(with: [.log, .leadership, .history]))
        let impossible = Scenario(duration: .seconds(5), drawsFaults: false, expectations: [.leaders(atLeast: 9)])
        _ = search(1, runs: 4, scenario: impossible) { #expect($0.report.verdict == .passed) }
    }
}
