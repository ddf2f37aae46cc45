/// What a run found to be wrong, by the id that DESIGN section 8 gives the invariant.
package struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Invariant: String, Hashable, Sendable, CaseIterable {
        /// One leader a term; one vote a node and term, across restarts.
        case leadership = "R1"
        /// A committed entry never changes; logs match; applied ≤ committed ≤ durable on a quorum.
        case log = "R2"
        /// Every acknowledged write survives; clients see a linearizable history; a retry applies once.
        case history = "R3"
        /// Equal applied index means equal state root.
        case stateRoot = "R4"
        /// After healing, a leader and full convergence within a bound.
        case convergence = "R5"
        /// No node allows after it acknowledged a revocation.
        case revocation = "S1"
        /// A revocation that was acknowledged reaches every node in time, or the node stops allowing.
        case propagation = "S2"
        /// Nothing is enforced that nobody with the right to it has stated.
        case authority = "S3"
        /// What a node answers from never goes back, across restarts neither.
        case knowledge = "S4"
        /// No grant is used that is older than the change that it depends on.
        case dependency = "S5"
        /// No secret in anything that is recorded.
        case secrecy = "S8"
        /// No node allows by a grant that has ended.
        case expiry = "S9"
        /// What a seal says is so.
        case seal = "S10"
        /// A roll-out opens no ring early, and none while it is halted; who decides by it is in an open ring.
        case rollout = "S11"
        /// What the scenario expects besides.
        case expectation = "scenario"

        /// Whether it says that something good happens in time, rather than that nothing bad ever does.
        package var isLiveness: Bool { self == .convergence }
    }

    package let invariant: Invariant
    package let message: String

    package init(_ invariant: Invariant, _ message: String) {
        self.invariant = invariant
        self.message = message
    }

    package var description: String { "\(invariant.rawValue): \(message)" }
}
