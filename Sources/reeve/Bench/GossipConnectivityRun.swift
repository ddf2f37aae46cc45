import Foundation
import Gossip
import JSON
import Simulator

/// Who is left alone when many are down: also at shares at which it can be counted, to compare with what is computed.
enum GossipConnectivityRun {
    static let columns = [
        Column("nodes", "nodes"), Column("down %", "downPercent"), Column("zones lost", "lostZones"),
        Column("isolated, computed", "expectedIsolated"), Column("counted", "countedIsolated"),
        Column("in parts", "worldsInParts"), Column("of", "worlds"),
    ]

    static func rows(nodes: Int, seeds: UInt64) -> [JSONValue] {
        let cases = [(0.2, 0), (0.2, 1), (0.5, 0), (0.7, 0), (0.7, 1)]
        var progress = ProgressBar("\(nodes) nodes")
        let rows = cases.enumerated().map { place, conditions in
            progress.show(done: Int64(place), of: Int64(cases.count), note: "\(place) of \(cases.count)")
            return row(nodes, downShare: conditions.0, lostZones: conditions.1, seeds)
        }
        progress.finish()
        return rows
    }

    private static func row(_ nodes: Int, downShare share: Double, lostZones lost: Int, _ seeds: UInt64) -> JSONValue {
        let computed = OverlayConnectivity(
            nodeCount: nodes,
            zoneCount: GossipNetwork.regionCount,
            downShare: share,
            lostZones: lost
        )
        let counted = GossipConnectivityCount(nodes: nodes, downShare: share, lostZones: lost, seeds: seeds)
        return .object([
            JSONMember(name: "nodes", value: .integer(Int64(nodes))),
            JSONMember(name: "downPercent", value: .integer(Int64((share * 100).rounded()))),
            JSONMember(name: "lostZones", value: .integer(Int64(lost))),
            JSONMember(name: "expectedIsolated", value: .decimal(String(format: "%.1e", computed.expectedIsolated))),
            JSONMember(name: "countedIsolated", value: .decimal(String(format: "%.2f", counted.isolated))),
            JSONMember(name: "worldsInParts", value: .integer(Int64(counted.apart))),
            JSONMember(name: "worlds", value: .integer(Int64(seeds))),
        ])
    }
}
