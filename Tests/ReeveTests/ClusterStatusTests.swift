import JSON
import Testing

@testable import reeve

@Suite("How a cluster is") struct ClusterStatusTests {
    private static func status(_ name: String, _ rest: JSONValue) -> JSONValue {
        let known: JSONValue = ["name": .string(name), "member": .string("id-\(name)"), "incarnation": 1]
        return .object((known.objectValue ?? []) + (rest.objectValue ?? []))
    }

    private static func row(_ name: String, _ rest: JSONValue? = nil) -> ClusterNodes.Row {
        ClusterNodes.Row(
            node: ClusterContext.Node(name: name, admin: "https://\(name):1", decisions: ""),
            status: rest.map { status(name, $0) },
            error: rest == nil ? "\(name): no answer" : nil
        )
    }

    private static func peer(_ name: String, incarnation: Int64 = 1, voter: Bool = true) -> JSONValue {
        [
            "name": .string(name), "member": .string("id-\(name)"), "incarnation": .integer(incarnation),
            "api_address": .string("\(name):1"), "voter": .bool(voter),
        ]
    }

    private static func member(_ name: String, role: String = "voter") -> JSONValue {
        [
            "name": .string(name), "id": .string("id-\(name)"), "incarnation": 1, "role": .string(role),
            "voter": .bool(role == "voter"), "api_addresses": [.string("\(name):1")],
        ]
    }

    private static let leading: JSONValue = [
        "ready": true, "role": "leader", "leader": "n1", "revision": 9,
        "peers": [
            [
                "name": "n2", "member": "id-n2", "incarnation": 2, "api_address": "n2:1", "voter": true,
            ]
        ],
    ]

    private static func states(_ rows: [ClusterNodes.Row]) throws -> [String] {
        ClusterStatus.table(rows, try RoundTripEstimates(rows, from: nil)).rows.map { $0[1] }
    }

    @Test("whom the cluster has removed is shown as that, also one whose name another has now") func removed() throws {
        let leader = Self.row("n1", Self.leading)
        let halted: JSONValue = ["ready": false, "role": "learner", "halted": "removed", "not_ready_because": "gone"]
        let view = ClusterNodes.View(leader, listed: [])
        let rows = view.completed([leader, Self.row("n2", halted), Self.row("n3", halted)])
        #expect(rows.map(\.isRemoved) == [false, true, true])
        #expect(try Self.states(rows) == ["ready", "removed", "removed"])
        let notes = ClusterStatus.notes(rows)
        #expect(notes.count == 2 && notes[1].contains("n3 was removed; take it out"), "\(notes)")
        // What a node says that is not ready itself takes nobody's place away.
        let alone = Self.row("n1", ["ready": false, "role": "follower", "peers": []])
        #expect(!ClusterNodes.View(alone, listed: []).completed([alone, Self.row("n2", halted)])[1].isRemoved)
    }

    @Test("an edge is missed in a list alone, since no node has it among its peers") func removedEdge() {
        let leader = Self.row("n1", Self.leading)
        let edge = Self.row("e1", ["ready": true, "role": "edge"])
        func isRemoved(_ listed: [JSONValue]) -> Bool {
            ClusterNodes.View(leader, listed: listed).completed([leader, edge])[1].isRemoved
        }
        #expect(!isRemoved([]) && !isRemoved([Self.member("n1"), Self.member("e1", role: "edge")]))
        #expect(isRemoved([Self.member("n1"), Self.member("e2", role: "edge")]))
    }

    @Test("why a node is not ready, and that nobody leads") func reasons() {
        let view = ClusterNodes.View(
            Self.row("n1", ["ready": false, "role": "preCandidate", "peers": [Self.peer("n2"), Self.peer("n3")]]),
            listed: []
        )
        let reason = "the node knows no leader"
        let rows = view.completed([
            Self.row("n1", ["ready": false, "role": "preCandidate", "not_ready_because": .string(reason)]),
            Self.row("n2"), Self.row("n3"),
        ])
        #expect(
            ClusterStatus.notes(rows) == [
                "n1 is not ready: \(reason)", "n2: no answer", "n3: no answer",
                "no leader: nothing can be written, 1 of 3 voters answers",
            ]
        )
        let leader = Self.row("n1", Self.leading)
        #expect(ClusterStatus.notes([leader, Self.row("n2")]) == ["n2: no answer"])
    }

    @Test("an edge's list leads to the others") func edge() {
        let edge = Self.row("e1", ["ready": true, "role": "edge"])
        let listed = [
            Self.member("n1"), Self.member("n2"), Self.member("n3"), Self.member("e2", role: "edge"),
            Self.member("e1", role: "edge"),
        ]
        let view = ClusterNodes.View(edge, listed: listed)
        #expect(view.nodes.map(\.name) == ["n1", "n2", "n3", "e1", "e2"])
        #expect(view.nodes.first?.admin == "https://n1:1")
        let rows = view.completed([edge, Self.row("n1"), Self.row("n2"), Self.row("n3")])
        #expect(ClusterStatus.notes(rows).last == "no leader: nothing can be written, 0 of 3 voters answer")
    }

    @Test("who has joined again under its name is not the one that is not reached") func reached() throws {
        func row(_ name: String, _ unreached: JSONValue) -> ClusterNodes.Row {
            Self.row(name, ["ready": true, "reachability": ["nodes": unreached]])
        }
        let gone: JSONValue = ["member": "id-of-before", "name": "n2", "state": "unreachable", "for_ms": 329_000]
        let rows = [row("n1", [gone]), row("n2", [])]
        let table = ClusterStatus.table(rows, try RoundTripEstimates(rows, from: nil))
        let column = try #require(table.titles.firstIndex(of: "reached"))
        #expect(table.rows.map { $0[column] } == ["yes", "yes"])
    }
}
