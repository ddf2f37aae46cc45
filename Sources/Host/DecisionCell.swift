import Decision
import Service
import Synchronization

/// What decisions are made from, replaced as a whole. Reading costs a lock held for a few instructions.
final class DecisionCell: Sendable {
    private let state: Mutex<DecisionState>

    init(_ state: DecisionState) { self.state = Mutex(state) }

    var current: DecisionState { state.withLock { $0 } }

    func publish(_ snapshot: DecisionSnapshot) {
        state.withLock { $0 = DecisionState(snapshot: snapshot, freshness: $0.freshness, isServing: $0.isServing) }
    }

    func publish(_ freshness: Freshness) {
        state.withLock { $0 = DecisionState(snapshot: $0.snapshot, freshness: freshness, isServing: $0.isServing) }
    }

    func publish(isServing: Bool) {
        state.withLock { $0 = DecisionState(snapshot: $0.snapshot, freshness: $0.freshness, isServing: isServing) }
    }
}
