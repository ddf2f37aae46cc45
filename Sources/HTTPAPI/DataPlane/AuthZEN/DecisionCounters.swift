package import Decision
internal import Synchronization

/// How many decisions there were, by code, for metrics. Safe from any thread.
package final class DecisionCounters: Sendable {
    private let counts = Mutex<[DecisionCode: UInt64]>([:])

    package init() {}

    func count(_ codes: [DecisionCode], areLogged: Bool) {
        counts.withLock { counts in
            for code in codes { counts[areLogged ? code : .logUnavailable, default: 0] += 1 }
        }
    }

    /// Every code, in the order in which they are declared.
    package var reading: [(code: DecisionCode, count: UInt64)] {
        counts.withLock { counts in DecisionCode.allCases.map { ($0, counts[$0] ?? 0) } }
    }
}
