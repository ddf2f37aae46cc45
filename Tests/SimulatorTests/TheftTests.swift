import Decision
import Directory
import Kernel
import Testing

@testable import Simulator

@Suite("Stolen credentials")
struct TheftTests {
    private func scenario(_ loot: Loot, count: Int) -> Scenario {
        let faults = (0..<count).map {
            TimedFault(
                at: Instant(microseconds: 3_000_000 + UInt64($0) * 100_000),
                .theft(loot, noticedAfter: .seconds(3))
            )
        }
        return Scenario(
            name: "theft",
            duration: .seconds(20),
            faults: faults,
            drawsFaults: false,
            expectations: [.thievesRefused(atLeast: 20)]
        )
    }

    @Test("are good for nothing once they are taken away", arguments: Loot.allCases)
    func refused(loot: Loot) {
        var simulation = Simulation(Fixtures.options(seed: 1, scenario: scenario(loot, count: 2)))
        let report = simulation.run()
        #expect(report.violation == nil, "\(report.story)")
        #expect(
            loot == .administrator || simulation.world.thieves.allowed > 5,
            "the tokens were good for something before"
        )
    }

    private var checker: TheftChecker { TheftChecker(rules: ClockRules()) }

    @Test("a command that is done by one after that is a violation, whenever the operator hears of it")
    func commands() throws {
        var checker = checker
        try checker.succeeded(0, at: LogIndex(7), "before")
        try checker.withdrawn(0, at: LogIndex(8), by: 0, now: .zero)
        try checker.succeeded(0, at: LogIndex(6), "heard of late")
        #expect(throws: Violation.self) { try checker.succeeded(0, at: LogIndex(9), "after") }
        var other = self.checker
        try other.succeeded(0, at: LogIndex(9), "after, and heard of first")
        #expect(throws: Violation.self) { try other.withdrawn(0, at: LogIndex(8), by: 0, now: .zero) }
    }

    @Test("so is an answer of a node that knows of it, and of no other")
    func decisions() throws {
        var checker = checker
        try checker.withdrawn(0, at: LogIndex(8), by: 1, now: .zero)
        try checker.wasAllowed(0, by: 0, applied: LogIndex(7), at: .zero, nil)
        #expect(throws: Violation.self) { try checker.wasAllowed(0, by: 0, applied: LogIndex(8), at: .zero, nil) }
        #expect(throws: Violation.self) { try checker.wasAllowed(0, by: 1, applied: LogIndex(7), at: .zero, nil) }
    }
}
