import Gossip
import HTTPAPI
import JSON
import Kernel

/// How long a message takes from one node to each of the others and back, as their own coordinates have it.
struct RoundTripEstimates {
    private let rows: [ClusterNodes.Row]
    /// Nil where no node has a coordinate.
    private let origin: (name: String, coordinate: NetworkCoordinate)?

    /// - Parameter name: The node from which they are; else the first that has a coordinate.
    /// - Throws: `CommandError` where that node is not there, or says of itself nothing that could be estimated from.
    init(_ rows: [ClusterNodes.Row], from name: String?) throws(CommandError) {
        self.rows = rows
        guard let name else {
            origin = rows.compactMap { row in row.coordinate.map { (name: row.node.name, coordinate: $0) } }.first
            return
        }
        guard let row = rows.first(where: { $0.node.name == name }) else {
            throw CommandError("is not a node of this cluster", at: name, advice: "see `reeve cluster status`")
        }
        guard let coordinate = row.coordinate else {
            throw CommandError(
                "has no coordinate to estimate from",
                at: name,
                advice: "nodes have one in a cluster with edges, a moment after they start"
            )
        }
        origin = (name: name, coordinate: coordinate)
    }

    func roundTrip(to row: ClusterNodes.Row) -> Span? {
        guard let origin, origin.name != row.node.name else { return nil }
        return row.coordinate.map { origin.coordinate.roundTrip(to: $0) }
    }

    func cell(of row: ClusterNodes.Row) -> String {
        if row.node.name == origin?.name { return "from here" }
        guard let roundTrip = roundTrip(to: row) else { return "-" }
        let tenths = (roundTrip.microseconds + 50) / 100
        return "\(tenths / 10).\(tenths % 10) ms"
    }

    var json: JSONValue {
        let nodes = rows.map { row in
            let estimate = roundTrip(to: row).map { JSONValue.integer(Int64($0.microseconds)) }
            return JSONValue.object(row.members + [JSONMember(name: "round_trip_us", value: estimate ?? .null)])
        }
        return ["nodes": .array(nodes), "round_trips_from": (origin?.name).json]
    }
}

extension ClusterNodes.Row {
    /// Nil also for what is none.
    fileprivate var coordinate: NetworkCoordinate? {
        guard let told = status?["coordinate"], let position = told["position_us"]?.arrayValue,
            let height = told["height_us"]?.int32, let error = told["error_ppm"]?.int32
        else { return nil }
        let components = position.compactMap(\.int32)
        guard components.count == position.count else { return nil }
        return NetworkCoordinate(position: components, height: height, error: error)
    }
}

extension JSONValue {
    fileprivate var int32: Int32? { integerValue.flatMap { Int32(exactly: $0) } }
}
