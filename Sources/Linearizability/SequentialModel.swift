/// What one object does when it is called by one client at a time: the sequential specification of Herlihy and Wing,
/// "Linearizability", TOPLAS 1990, section 2.
///
/// Deterministic: what a call answers follows from the state and the call alone.
package protocol SequentialModel: Sendable {
    associatedtype State: Hashable, Sendable
    associatedtype Call: Hashable, Sendable
    associatedtype Answer: Hashable, Sendable

    /// Before any call.
    var initial: State { get }

    func apply(_ call: Call, to state: State) -> (state: State, answer: Answer)

    /// Whether the state after a call is the same whatever it was before. Only saves work.
    func forgets(_ call: Call) -> Bool
}

extension SequentialModel {
    package func forgets(_: Call) -> Bool { false }
}
