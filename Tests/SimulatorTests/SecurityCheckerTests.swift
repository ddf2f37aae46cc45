import Consensus
import Decision
import Kernel
import Replica
import Simulator
import Testing

/// Checkers of what is promised to those who rely on decisions: given what they exist to find, and in worlds with a bug.
@Suite("Security checkers")
struct SecurityCheckerTests {
    private let rules = ClockRules()

    @Test("S4: a node answers from an older state than before, or from an older epoch")
    func knowledge() throws {
        var checker = KnowledgeChecker(machineCount: 2)
        try checker.answers(0, from: LogIndex(7), epoch: 2)
        try checker.answers(0, from: LogIndex(7), epoch: 2)
        try checker.answers(1, from: LogIndex(3), epoch: 1)
        var copy = checker
        #expect(violation { () throws(Violation) in try copy.answers(0, from: LogIndex(6), epoch: 2) } == .knowledge)
        copy = checker
        #expect(violation { () throws(Violation) in try copy.answers(0, from: LogIndex(8), epoch: 1) } == .knowledge)
        checker.forgets(0)
        try checker.answers(0, from: LogIndex(1), epoch: 0)
    }

    @Test("S4: a node that serves before it has caught up with what it served before its crash")
    func servesTooSoon() {
        let killer = (UInt64(1)...30).lazy.compactMap { seed in
            Fixtures.report(seed: seed) { _, effects in effects.append(.serving(true)) }.violation
        }.first { $0.invariant != .convergence }
        #expect(killer?.invariant == .knowledge)
    }

    @Test("S2: a node allows by knowledge that is proven to be newer than the revocation")
    func dated() throws {
        let checker = revoked()
        try checker.allowed(4, by: 0, at: time(11), basis(provenAt: 10_500))
        try checker.allowed(5, by: 0, at: time(11), basis(provenAt: 10_501))
        #expect(
            violation { () throws(Violation) in
                try checker.allowed(4, by: 0, at: time(11), basis(provenAt: 10_501))
            } == .propagation
        )
    }

    @Test("S2: a node that is cut off allows when its knowledge is too old")
    func isolated() throws {
        let checker = revoked()
        try checker.allowed(4, by: 0, at: time(14), basis(provenAt: 9000))
        #expect(
            violation { () throws(Violation) in
                try checker.allowed(4, by: 0, at: time(15), basis(provenAt: 9000))
            } == .propagation
        )
    }

    @Test("S2: a node in a cluster at peace does not hear of it")
    func connected() throws {
        let checker = revoked()
        try checker.allowed(4, by: 0, at: time(12), basis(provenAt: 9000, peaceSince: time(7)))
        try checker.allowed(4, by: 0, at: time(11), basis(provenAt: 9000, peaceSince: time(1)))
        #expect(
            violation { () throws(Violation) in
                try checker.allowed(4, by: 0, at: time(12), basis(provenAt: 9000, peaceSince: time(1)))
            } == .propagation
        )
    }

    private func time(_ seconds: UInt64) -> Instant { Instant(microseconds: seconds * 1_000_000) }

    private func revoked() -> PropagationChecker {
        var checker = PropagationChecker(rules: rules)
        checker.acknowledged(4, at: time(10))
        checker.acknowledged(4, at: time(13))
        return checker
    }

    private func basis(provenAt milliseconds: UInt64, peaceSince: Instant? = nil) -> PropagationChecker.Basis {
        let provenAt = VirtualClock.worldStart.advanced(by: .milliseconds(milliseconds))
        return PropagationChecker.Basis(
            freshness: Freshness(provenAt: provenAt, anchor: .zero),
            maximumAge: .seconds(4),
            peaceSince: peaceSince
        )
    }

    /// Many grants and many questions; a third is cut off while agents are revoked.
    private var cutOff: Scenario {
        Scenario(
            name: "cut off",
            operationsPerSecond: 100,
            maximumAge: .seconds(4),
            faults: [
                TimedFault(at: time(8), .isolate(.node(2))),
                TimedFault(at: Instant(microseconds: 8_200_000), .revokeAgents(count: 50)),
            ],
            drawsFaults: false
        )
    }

    @Test("S2: in a world in which a node dates what it knows by its own clock")
    func datesItself() {
        let report = Fixtures.report(seed: 1, scenario: cutOff) { _, effects in
            for case .send(let message, _, _) in effects {
                let anchor = Instant(microseconds: 1 << 40)
                effects.append(.publish(Freshness(provenAt: message.stamp, anchor: anchor)))
            }
        }
        #expect(report.violation?.invariant == .propagation, Comment(rawValue: report.story))
        #expect(Fixtures.report(seed: 1, scenario: cutOff).verdict == .passed)
    }

    @Test("S2: in a world in which a node stops applying without a word")
    func stopsApplying() {
        var scenario = cutOff
        scenario.maximumAge = nil
        scenario.faults = [TimedFault(at: time(16), .revokeAgents(count: 50))]
        // Nobody may ask it about one that it has let go by, before the run ends.
        let found = (UInt64(1)...8).lazy.compactMap { Self.stopping(seed: $0, scenario).violation?.invariant }
            .first { $0 != .convergence }
        #expect(found == .propagation)
    }

    private static func stopping(seed: UInt64, _ scenario: Scenario) -> SeedReport {
        Fixtures.report(seed: seed, scenario: scenario) { node, effects in
            effects.removeAll { effect in
                guard node == 2, case .apply(let entries) = effect, let first = entries.first else { return false }
                return first.time > VirtualClock.worldStart.advanced(by: .seconds(15))
            }
        }
    }

    @Test("S8: a secret, or its digest, in a text")
    func secrets() throws {
        var checker = SecretChecker()
        let digest = checker.digest(of: "open sesame")
        #expect(digest == Digest.of(Array("open sesame".utf8)))
        try checker.check("sesame, open", in: "a note")
        #expect(violation { () throws(Violation) in try checker.check("say open sesame!", in: "a note") } == .secrecy)
        #expect(violation { () throws(Violation) in try checker.check("\(digest)", in: "a note") } == .secrecy)
        #expect(violation { () throws(Violation) in try checker.check(digest.hex, in: "a note") } == .secrecy)
    }

    @Test("S8: a node notes what was in a command")
    func noted() {
        let scenario = Scenario(name: "secrets", spareCount: 2, duration: .seconds(10), drawsFaults: false)
        let report = Fixtures.report(seed: 1, scenario: scenario) { _, effects in
            for case .send(let message, _, _) in effects {
                guard case .forward(_, let command) = message.body else { continue }
                effects.append(.note(Note(.info, "forwards", .init("bytes", command.hex))))
            }
        }
        #expect(report.violation?.invariant == .secrecy, Comment(rawValue: report.story))
        #expect(Fixtures.report(seed: 1, scenario: scenario).verdict == .passed)
    }

    @Test("S8: a bundle holds no secret of its run")
    func bundle() throws {
        let scenario = Scenario(
            name: "secrets",
            spareCount: 2,
            duration: .seconds(10),
            operationsPerSecond: 60,
            drawsFaults: false
        )
        let options = Fixtures.options(
            seed: 1,
            scenario: scenario,
            intercept: { node, effects in
                // Somebody lies about what was durable at the end, so that there is a failure to tell.
                for case .reply(let id, .reached) in effects where node == 0 && id.number > 100 {
                    effects.append(.reply(id, .reached(.zero)))
                }
            }
        )
        var simulation = Simulation(options)
        let first = simulation.run()
        let found = try #require(first.violation)
        #expect(simulation.world.secrets.count > 0, "a ticket was issued by then")
        let report = try #require(
            FailureReport(options, finding: Finding(found, first), build: "test", replay: "none")
        )
        for file in report.files + report.bundle.files {
            try simulation.world.secrets.check(file.text, in: file.name)
        }
    }
}
