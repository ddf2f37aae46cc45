/// Whom a client asks next: the nodes that it knows, in their order, and the voters that an edge points to before the rest.
///
/// Each is asked once, by its address. Only nodes that the client knows itself can point to others, so that what strangers
/// answer never makes the way longer.
struct NodeRoute {
    private var known: [ClusterContext.Node]
    private var pointedTo: [ClusterContext.Node] = []
    private var asked: Set<String> = []
    private var isAtKnown = true

    init(_ nodes: [ClusterContext.Node]) { known = nodes }

    /// Nil when nobody is left.
    mutating func next() -> ClusterContext.Node? {
        isAtKnown = pointedTo.isEmpty
        while let node = pointedTo.isEmpty ? known.first : pointedTo.first {
            if pointedTo.isEmpty { known.removeFirst() } else { pointedTo.removeFirst() }
            if asked.insert(node.admin).inserted { return node }
        }
        return nil
    }

    /// The node that was asked last points to others.
    mutating func follow(_ error: APIError) {
        guard isAtKnown else { return }
        pointedTo = error.voters.map { voter in
            known.first { $0.admin == voter } ?? ClusterContext.Node(name: voter, admin: voter, decisions: "")
        }
    }

    var goesOn: Bool { (pointedTo + known).contains { !asked.contains($0.admin) } }
}
