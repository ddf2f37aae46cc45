/// What is below what: entity types by the types that their parents may have, actions by their groups.
///
/// Worked out from above, only for what is asked for, and kept: the whole closure may be far larger than the schema.
struct Hierarchy<Node: Hashable & Sendable>: Sendable {
    /// For lookup only, never iterated.
    private let children: [Node: [Node]]
    private var found: [Node: Set<Node>] = [:]
    /// How much work it was so far.
    private(set) var steps = 0

    init(parents: some Sequence<(node: Node, parents: [Node])>) {
        var children: [Node: [Node]] = [:]
        for (node, parents) in parents {
            for parent in parents { children[parent, default: []].append(node) }
        }
        self.children = children
    }

    /// All below the node over one step or more; the node itself only if it is below itself.
    mutating func descendants(of node: Node) -> Set<Node> {
        if let known = found[node] { return known }
        let below = reached(from: [node])
        found[node] = below
        return below
    }

    mutating func reached(from nodes: [Node]) -> Set<Node> {
        var below: Set<Node> = []
        var waiting = nodes
        while let next = waiting.popLast() {
            for child in children[next] ?? [] {
                steps += 1
                if below.insert(child).inserted { waiting.append(child) }
            }
        }
        return below
    }
}
