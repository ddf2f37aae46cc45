/// A version of a policy set that is active and that this node's program cannot read, so that it decides by the one before.
package struct UnreadPolicies: Hashable, Sendable {
    package let set: String
    package let version: UInt64
    /// Which one this node decides by.
    package let inForce: UInt64
    package let reason: String

    package init(set: String, version: UInt64, inForce: UInt64, reason: String) {
        self.set = set
        self.version = version
        self.inForce = inForce
        self.reason = reason
    }
}
