/// What a node decided, why, and how much it knew.
public struct Decision: Hashable, Sendable {
    /// Whether a permit applies and no forbid. What `obligations` name has to be met as well: see `permits(meeting:)`.
    public let isAllowed: Bool
    /// A stable code: `allowed`, `no_permit`, `principal_revoked` and the others of the API's reference.
    public let reason: String
    /// Names of what whoever enforces the decision must do; whoever does not know one must deny.
    public let obligations: [String]
    /// What the policies recommend to whoever enforces the decision, which may ignore it.
    public let advice: [String]
    /// The state that was decided from, by the log's index; nil where the node could not decide at all.
    public let revision: UInt64?
    /// How many revocations the log had by then.
    public let epoch: UInt64?
    /// How old the node's newest proof of freshness was; nil where it had none.
    public let age: Duration?
    /// Of the node that decided: its decision port, as `https://HOST:PORT`.
    public let node: String
    /// By this `reeve audit decisions --request-id` finds the decision.
    public let requestID: String?

    /// Whether to let the request through, for a program that meets these obligations and knows no others.
    public func permits(meeting known: Set<String> = []) -> Bool { isAllowed && obligations.allSatisfy(known.contains) }
}
