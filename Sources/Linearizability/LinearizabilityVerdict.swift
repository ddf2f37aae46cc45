/// What a history turned out to be.
package enum LinearizabilityVerdict<Key: Hashable & Comparable & Sendable, Model: SequentialModel>: Sendable {
    case linearizable
    case violated(LinearizabilityViolation<Key, Model>)
    /// The bound on steps was reached for this object before an answer was found, and no other object was in violation.
    case undecided(key: Key, steps: Int)
}

/// The shortest beginning of one object's history that no order explains.
///
/// Whatever returned before `misfit` did has an explanation, of which `prefix` is one; with `misfit` there is none.
package struct LinearizabilityViolation<Key: Hashable & Comparable & Sendable, Model: SequentialModel>: Sendable {
    package let key: Key
    /// In the order in which the model gives the recorded answers.
    package let prefix: [RecordedOperation<Key, Model>]
    /// What the object holds after `prefix`.
    package let state: Model.State
    /// The operation that fits nowhere.
    package let misfit: RecordedOperation<Key, Model>
}

extension LinearizabilityViolation: CustomStringConvertible {
    private static var shownOperations: Int { 8 }

    package var description: String {
        let shown = prefix.suffix(Self.shownOperations).map { "\n    \($0)" }.joined()
        let hidden = prefix.count - Self.shownOperations
        return
            "key \(key) is not linearizable: \(prefix.count) operations can be ordered\(prefix.isEmpty ? "" : ", the last of them")"
            + (hidden > 0 ? "\n    (\(hidden) before)" : "") + shown + "\n  after which it holds \(state)"
            + "\n  and this fits nowhere among them:\n    \(misfit)"
    }
}
