/// A pure state machine: everything it knows arrives in `step`, everything it wants leaves as effects.
///
/// Conforming types are values. They read no clock, no random source, no disk and no socket, and never iterate a
/// hash collection, so that the server and the simulator run the very same code to the very same result.
package protocol Core: Sendable {
    associatedtype Input: Sendable
    associatedtype Effect: Sendable
    /// What the core knows of time. Most know only time since start; `ReplicaNode` also knows the wall clock.
    associatedtype Time: Sendable = Instant

    /// Advances by one input. The effects are to be carried out in list order.
    mutating func step(_ input: Input, at now: Time) -> [Effect]

    /// Ends the process with a message if a fact that must hold does not.
    func checkInvariants()
}

/// Stops the process when our own code is wrong. Unlike `precondition`, prints its message in release builds.
///
/// Never reached by input from outside: that is validated first and refused with a typed error.
@inlinable
package func invariant(
    _ condition: @autoclosure () -> Bool,
    _ message: @autoclosure () -> String,
    file: StaticString = #fileID,
    line: UInt = #line
) {
    if !condition() { fatalError("invariant broken: \(message())", file: file, line: line) }
}
