import JSON
import Testing

@testable import reeve

@Suite("Who reaches whom") struct ReachabilityTests {
    private static func row(_ name: String, unreached: JSONValue?) -> ClusterNodes.Row {
        let status: JSONValue? = unreached.map { nodes in
            ["ready": true, "reachability": nodes.isNull ? .null : ["nodes": nodes]]
        }
        return ClusterNodes.Row(
            node: ClusterContext.Node(name: name, admin: "https://\(name)", decisions: ""),
            status: status,
            error: status == nil ? "\(name): no answer" : nil
        )
    }

    private static func cells(_ rows: [ClusterNodes.Row]) throws -> [String] {
        let table = ClusterStatus.table(rows, try RoundTripEstimates(rows, from: nil))
        let column = try #require(table.titles.firstIndex(of: "reached"))
        return table.rows.map { $0[column] }
    }

    @Test("is told by the first that knows, and by nobody of itself") func told() throws {
        let rows = [
            Self.row("n1", unreached: [["name": "e2", "state": "unreachable", "for_ms": 12_900]]),
            Self.row("n2", unreached: [["name": "n1", "state": "suspected", "for_ms": 900]]),
            Self.row("e1", unreached: [["name": "e1", "state": "suspected", "for_ms": 1]]),
            Self.row("e2", unreached: nil),
        ]
        #expect(try Self.cells(rows) == ["suspected, 0 s", "yes", "yes", "no, 12 s"])
    }

    @Test("is not told where nobody looks") func nobody() throws {
        let rows = [Self.row("n1", unreached: .null), Self.row("n2", unreached: nil)]
        #expect(!ClusterStatus.table(rows, try RoundTripEstimates(rows, from: nil)).titles.contains("reached"))
    }
}
