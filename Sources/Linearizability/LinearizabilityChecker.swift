/// Judges whether a history could have come from objects that do one thing at a time, each call taking effect at one
/// moment between its beginning and its end.
///
/// The search of Wing and Gong ("Testing and verifying concurrent objects", JPDC 1993) with Lowe's memory of
/// configurations ("Testing for linearizability", CCPE 2017), one object at a time, which is sound since linearizability
/// is local (Herlihy and Wing, theorem 1). The problem is NP-complete, so the search is bounded.
package struct LinearizabilityChecker<Model: SequentialModel>: Sendable {
    package let model: Model
    /// Calls tried for one object before the checker gives up on it. Each may cost some hundred bytes of memory.
    package let stepLimit: Int

    package static var defaultStepLimit: Int { 4_000_000 }

    package init(model: Model, stepLimit: Int = Self.defaultStepLimit) {
        self.model = model
        self.stepLimit = stepLimit
    }

    /// Of several objects in violation the one with the shortest evidence is told.
    package func check<Key>(_ history: [RecordedOperation<Key, Model>]) -> LinearizabilityVerdict<Key, Model> {
        var violation: LinearizabilityViolation<Key, Model>?
        var undecided: (key: Key, steps: Int)?
        for operations in Self.partition(history) {
            var search = Search(of: operations, against: model, stepLimit: stepLimit)
            switch search.run() {
            case .linearizable: continue
            case .violated(let found):
                if violation.map({ found.prefix.count < $0.prefix.count }) ?? true { violation = found }
            case .undecided(let key, let steps): undecided = undecided ?? (key, steps)
            }
        }
        if let violation { return .violated(violation) }
        return undecided.map { .undecided(key: $0.key, steps: $0.steps) } ?? .linearizable
    }

    /// One history an object, in the order of keys; within each, the order of calls.
    private static func partition<Key>(
        _ history: [RecordedOperation<Key, Model>]
    ) -> [ArraySlice<RecordedOperation<Key, Model>>] {
        let sorted = history.enumerated().sorted { lhs, rhs in
            (lhs.element.key, lhs.element.calledAt, lhs.offset) < (rhs.element.key, rhs.element.calledAt, rhs.offset)
        }.map(\.element)
        var parts: [ArraySlice<RecordedOperation<Key, Model>>] = []
        var start = 0
        for index in sorted.indices where index + 1 == sorted.count || sorted[index + 1].key != sorted[index].key {
            parts.append(sorted[start...index])
            start = index + 1
        }
        return parts
    }
}
