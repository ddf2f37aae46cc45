import Kernel
import Replica
import Simulator
import Testing

/// That a run depends on its options alone is tried in processes of their own, since each has other seeds for its hash
/// tables; and that the trial would notice, by planting what must not be there.
@Suite("Determinism") struct DeterminismTests {
    @Test("another process has the same history") func processes() async throws {
        #expect(try await Self.processRun() == Self.processRun())
    }

    @Test("the order of a hash table, planted, makes another history in another process") func hashOrder() async throws
    {
        #expect(try await Self.processRunByHashOrder() != Self.processRunByHashOrder())
    }

    @Test("the system's clock, planted, makes another history in the same process") func systemClock() {
        #expect(Self.trace(.none) == Self.trace(.none))
        #expect(Self.trace(.systemClock) != Self.trace(.systemClock))
    }

    private enum Planted {
        case none, hashOrder, systemClock

        var intercept: WorldOptions.Intercept {
            switch self {
            case .none: { _, _ in }
            // What is sent at once is sent in the order of a set.
            case .hashOrder: { _, effects in effects = Set(effects.indices).map { effects[$0] } }
            // A message is lost now and then, by a clock that is none of the world's.
            case .systemClock:
                { _, effects in
                    guard case .some(.send) = effects.last else { return }
                    let nanoseconds = (ContinuousClock.now - Self.start) / .nanoseconds(1)
                    if Int(nanoseconds) / 1000 % 3 == 0 { effects.removeLast() }
                }
            }
        }

        private static let start = ContinuousClock.now
    }

    private static func trace(_ planted: Planted) -> String {
        var scenario = Scenario()
        scenario.duration = .seconds(5)
        return Fixtures.report(seed: 4, scenario: scenario, intercept: planted.intercept).traceHash
    }

    /// What a process of its own prints.
    private static func processRun() async throws -> String {
        let result = try await #require(processExitsWith: .success, observing: [\.standardOutputContent]) {
            print(DeterminismTests.line(.none))
        }
        return try Self.trace(in: result)
    }

    private static func processRunByHashOrder() async throws -> String {
        let result = try await #require(processExitsWith: .success, observing: [\.standardOutputContent]) {
            print(DeterminismTests.line(.hashOrder))
        }
        return try Self.trace(in: result)
    }

    private static let mark = "trace of the planted run: "

    private static func line(_ planted: Planted) -> String { mark + trace(planted) }

    /// Whatever else a process prints.
    private static func trace(in result: ExitTest.Result) throws -> String {
        let text = String(decoding: result.standardOutputContent, as: UTF8.self)
        let line = try #require(text.split(separator: "\n").first { $0.contains(mark) })
        return String(line.drop { $0 != ":" })
    }
}
