import JSON
import Testing

@testable import reeve

@Suite("Estimated round trips") struct RoundTripEstimatesTests {
    static func row(_ name: String, coordinate: JSONValue?) -> ClusterNodes.Row {
        let status: JSONValue? = coordinate.map { ["ready": true, "role": "follower", "coordinate": $0] }
        return ClusterNodes.Row(
            node: ClusterContext.Node(name: name, admin: "https://\(name)", decisions: ""),
            status: status,
            error: status == nil ? "\(name): no answer" : nil
        )
    }

    static func coordinate(_ x: Int64, height: Int64 = 10) -> JSONValue {
        ["position_us": [.integer(x), 0, 0, 0], "height_us": .integer(height), "error_ppm": 50_000]
    }

    static let rows = [
        row("n1", coordinate: .null), row("n2", coordinate: coordinate(0)), row("n3", coordinate: coordinate(41_234)),
        row("e1", coordinate: nil), row("e2", coordinate: coordinate(-800)),
    ]

    @Test("from the first node that can say where it is, to all that can") func first() throws {
        let estimates = try RoundTripEstimates(Self.rows, from: nil)
        #expect(Self.rows.map(estimates.cell) == ["-", "from here", "41.3 ms", "-", "0.8 ms"])
        let table = ClusterStatus.table(Self.rows, estimates)
        let column = try #require(table.titles.firstIndex(of: "rtt"))
        #expect(table.rows.map { $0[column] } == ["-", "from here", "41.3 ms", "-", "0.8 ms"])
    }

    @Test("from the node that is named") func named() throws {
        let estimates = try RoundTripEstimates(Self.rows, from: "e2")
        #expect(Self.rows.map(estimates.cell) == ["-", "0.8 ms", "42.1 ms", "-", "from here"])
        let json = estimates.json
        #expect(json["round_trips_from"]?.stringValue == "e2")
        #expect(
            json["nodes"]?.arrayValue?.map { $0["round_trip_us"]?.integerValue } == [nil, 820, 42_054, nil, nil]
        )
        #expect(json["nodes"]?.arrayValue?[2]["status"]?["coordinate"]?["error_ppm"]?.integerValue == 50_000)
    }

    @Test("in a cluster without edges there are none") func none() throws {
        let rows = [Self.row("n1", coordinate: .null), Self.row("n2", coordinate: nil)]
        let estimates = try RoundTripEstimates(rows, from: nil)
        #expect(rows.map(estimates.cell) == ["-", "-"])
        #expect(estimates.json["round_trips_from"]?.isNull == true)
    }

    @Test("from nobody, or from one that does not know, is an error that says so", arguments: ["n9", "n1", "e1"])
    func refused(_ name: String) {
        let error = #expect(throws: CommandError.self) { try RoundTripEstimates(Self.rows, from: name) }
        #expect(error?.description.hasPrefix("\(name): ") == true)
    }

    @Test(
        "what a node says that is no coordinate counts as none",
        arguments: [
            ["position_us": [0, 0, 0], "height_us": 0, "error_ppm": 0],
            ["position_us": [0, 0, 0, 10_000_001], "height_us": 0, "error_ppm": 0],
            ["position_us": [0, 0, 0, 9_223_372_036_854_775_807], "height_us": 0, "error_ppm": 0],
            ["position_us": [0, 0, 0, "far"], "height_us": 0, "error_ppm": 0],
            ["position_us": [0, 0, 0, 0], "height_us": -1, "error_ppm": 0], ["position_us": [0, 0, 0, 0]], [1, 2],
            "here",
        ] as [JSONValue]
    )
    func malformed(_ told: JSONValue) throws {
        let rows = [Self.row("n1", coordinate: Self.coordinate(0)), Self.row("n2", coordinate: told)]
        let estimates = try RoundTripEstimates(rows, from: nil)
        #expect(rows.map(estimates.cell) == ["from here", "-"])
    }
}
