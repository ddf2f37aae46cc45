package import Decision
package import Directory
package import Identity
package import Kernel
internal import Synchronization

/// Counts which decisions come out otherwise than they would have without a roll-out that the node takes part in.
///
/// Of many decisions a second only some are compared: a comparison costs as much as a decision.
package final class RolloutCounter: Sendable {
    private struct State {
        /// Of stages under way, and of one that has just passed.
        var counts: [RolloutStage: RolloutCounts] = [:]
        /// Which roll-out is compared next.
        var turn = 0
        /// The second that comparisons are counted of, in whole seconds of monotonic time.
        var second: UInt64 = 0
        var comparisons = 0
    }

    /// A second and node.
    package static let comparisonsPerSecond = 200

    private let state = Mutex(State())

    package init() {}

    /// After the decision, by the thread that made it.
    package func note(
        _ answer: DecisionAnswer,
        to query: DecisionQuery,
        by credential: Credential,
        in decisions: DecisionState,
        at now: Moment,
        rules: ClockRules,
        using workspace: DecisionWorkspace
    ) {
        guard !decisions.comparisons.isEmpty, let freshness = decisions.freshness else { return }
        guard let comparison = next(of: decisions.comparisons, at: now.monotonic) else { return }
        let moment = DecisionMoment(freshness, at: now, rules: rules)
        let outcome = comparison.outcome(of: answer, to: query, by: credential, at: moment, using: workspace)
        guard let outcome else { return }
        state.withLock { $0.counts[comparison.stage, default: .none].count(outcome) }
    }

    package func counts(of stage: RolloutStage) -> RolloutCounts {
        state.withLock { $0.counts[stage] ?? .none }
    }

    /// Forgets the others.
    package func keep(_ stages: [RolloutStage]) {
        state.withLock { state in state.counts = state.counts.filter { stages.contains($0.key) } }
    }

    /// They take turns; nil when this second has had enough.
    private func next(of comparisons: [RolloutComparison], at now: Instant) -> RolloutComparison? {
        let second = now.microseconds / 1_000_000
        let turn: Int? = state.withLock { state in
            if state.second != second { (state.second, state.comparisons) = (second, 0) }
            guard state.comparisons < Self.comparisonsPerSecond else { return nil }
            state.comparisons += 1
            state.turn &+= 1
            return state.turn
        }
        return turn.map { comparisons[abs($0 % comparisons.count)] }
    }
}

extension RolloutCounts {
    fileprivate mutating func count(_ outcome: RolloutComparison.Outcome) {
        decisions += 1
        switch outcome {
        case .same: return
        case .nowDenied: nowDenied += 1
        case .nowAllowed: nowAllowed += 1
        case .failed: failures += 1
        }
    }
}
