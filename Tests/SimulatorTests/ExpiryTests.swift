import Decision
import Kernel
import Replica
import Simulator
import Testing

@Suite("Grants that have ended")
struct ExpiryTests {
    @Test("S9: nodes that take a date two minutes old for new are found out")
    func backdated() {
        let scenario = Scenario(name: "backdated", duration: .seconds(60), operationsPerSecond: 100, drawsFaults: false)
        let report = Fixtures.report(seed: 1, scenario: scenario) { _, effects in
            effects = effects.map { effect in
                guard case .publish(let fresh) = effect else { return effect }
                return .publish(Freshness(provenAt: fresh.provenAt.reduced(by: .seconds(120)), anchor: fresh.anchor))
            }
        }
        #expect(report.violation?.invariant == .expiry, Comment(rawValue: report.story))
    }
}
