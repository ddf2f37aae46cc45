/// Where a node answers. Known by its decision address; two are of one node only if that is equal.
package struct NodeAddress: Sendable, CustomStringConvertible {
    /// `https://HOST:PORT` of the decision port.
    package let decisions: String
    /// The same of the admin port, if it is known: members are listed there.
    package let admin: String?

    package init(decisions: String, admin: String? = nil) {
        self.decisions = decisions
        self.admin = admin
    }

    package var description: String { decisions }
}

extension NodeAddress: Hashable, Comparable {
    package static func == (lhs: Self, rhs: Self) -> Bool { lhs.decisions == rhs.decisions }
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.decisions < rhs.decisions }
    package func hash(into hasher: inout Hasher) { hasher.combine(decisions) }
}
