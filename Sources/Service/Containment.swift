package import Directory
package import Kernel

/// How far a statement has come, as the node knows that is asked: for whoever contains an agent that went wrong.
package struct Containment: Hashable, Sendable {
    package struct Node: Hashable, Sendable {
        package let member: MemberID
        package let name: String
        /// The node goes by the statement since then, by its own clock; nil for one that was not heard from.
        package let since: WallTime?
        /// It has said so to the node that is asked. Otherwise others say that it has.
        package let isFirstHand: Bool

        package init(member: MemberID, name: String, since: WallTime?, isFirstHand: Bool = true) {
            self.isFirstHand = isFirstHand
            self.member = member
            self.name = name
            self.since = since
        }
    }

    package let signed: SignedStatement
    /// All members and edges, sorted by name, the node that is asked among them.
    package let nodes: [Node]
    /// The latest moment at which those that have not said so can still allow anything against it: what they know is too old
    /// from then on, unless it includes the statement. By the maximum age that is set now: one that has missed a change goes by
    /// the one before. Nil while the log has not recorded it.
    package let othersStopBy: WallTime?

    package init(signed: SignedStatement, nodes: [Node], othersStopBy: WallTime?) {
        self.signed = signed
        self.nodes = nodes
        self.othersStopBy = othersStopBy
    }

    package var isComplete: Bool { nodes.allSatisfy { $0.since != nil } }
}
