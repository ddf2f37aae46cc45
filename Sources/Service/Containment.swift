package import Directory
package import Kernel

/// How far a statement has come, as the node knows that is asked: for whoever contains an agent that went wrong.
package struct Containment: Hashable, Sendable {
    package struct Node: Hashable, Sendable {
        package let member: MemberID
        package let name: String
        /// The node goes by the statement since then at the latest, by the clock of the node that is asked; nil for one that has
        /// not said so.
        package let since: WallTime?

        package init(member: MemberID, name: String, since: WallTime?) {
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
