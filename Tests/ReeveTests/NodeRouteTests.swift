import JSON
import Testing

@testable import reeve

@Suite("Whom a client asks next") struct NodeRouteTests {
    private static func nodes(_ names: String...) -> [ClusterContext.Node] {
        names.map { ClusterContext.Node(name: $0, admin: "https://\($0):1", decisions: "") }
    }

    private static func edge(_ voters: [String]) -> APIError {
        let body: JSONValue = ["code": "edge", "voters": .array(voters.map { .string("\($0):1") })]
        return APIError(status: 421, body: body, node: "e")
    }

    /// The order in which nodes are asked, where edges point to these.
    private static func way(_ nodes: [ClusterContext.Node], edges: [String: [String]]) -> [String] {
        var (route, way) = (NodeRoute(nodes), [String]())
        while let node = route.next() {
            let name = String(node.admin.dropFirst("https://".count).dropLast(2))
            way.append(name)
            if let voters = edges[name] { route.follow(edge(voters)) }
        }
        return way
    }

    @Test("the nodes that it knows, in their order") func known() {
        #expect(Self.way(Self.nodes("a", "b", "c"), edges: [:]) == ["a", "b", "c"])
    }

    @Test("the voters that an edge points to come next, and everybody once") func follow() {
        let nodes = Self.nodes("e1", "e2", "n1")
        #expect(Self.way(nodes, edges: ["e1": ["n1", "n2"]]) == ["e1", "n1", "n2", "e2"])
        #expect(Self.way(nodes, edges: ["e1": ["n1", "n2"], "e2": ["n2", "n3"]]) == ["e1", "n1", "n2", "e2", "n3"])
        #expect(Self.way(nodes, edges: ["e1": ["e1", "e1"]]) == ["e1", "e2", "n1"])
    }

    @Test("who was pointed to points nowhere: no answer makes the way longer and longer") func noChain() {
        let edges = ["e1": ["x1"], "x1": ["x2"], "x2": ["x3"]]
        #expect(Self.way(Self.nodes("e1", "n1"), edges: edges) == ["e1", "x1", "n1"])
        let many = (0..<50).map { "x\($0)" }
        #expect(Self.way(Self.nodes("e1"), edges: ["e1": many]).count == 8)
    }

    @Test("it ends where nobody is left") func end() {
        var route = NodeRoute(Self.nodes("e1"))
        #expect(route.next()?.name == "e1")
        #expect(!route.goesOn)
        route.follow(Self.edge(["e1"]))
        #expect(!route.goesOn)
        route.follow(Self.edge(["n1"]))
        #expect(route.goesOn && route.next()?.admin == "https://n1:1")
        #expect(route.next() == nil)
    }

    @Test("only an edge's word is followed") func otherErrors() {
        let body: JSONValue = ["code": "no_leader", "voters": ["n1:1"]]
        #expect(APIError(status: 503, body: body, node: "n").voters.isEmpty)
        #expect(Self.edge(["n1"]).mayDifferElsewhere)
    }
}
