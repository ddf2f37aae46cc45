import Foundation
import NIOCore

/// Three voters and any number of edges, each a process on loopback, and a warrant under which anybody may be revoked.
struct ReeveEdges {
    let voters: ReeveCluster
    let edges: [ServerProcess]
    let warrant: Warrant
    private let portBase: Int
    private let tls: Endpoint

    private static let warrantName = "comparison"
    /// As many statements as one warrant may make.
    static let budget = 10_000

    /// Starts everything, and returns once every node serves.
    ///
    /// - Parameter portBase: First of three ports a node.
    static func start(directory: String, reeve: String, count: Int, portBase: Int) async throws -> ReeveEdges {
        let voters = try ReeveCluster(directory: directory, reeve: reeve, portBase: portBase, settings: "")
        do {
            try voters.start()
            try await voters.waitUntilWhole()
            let file = "\(directory)/\(warrantName).warrant"
            try voters.command(
                "warrant",
                "issue",
                warrantName,
                "--level",
                "revoke",
                "--expires-in",
                "1d",
                "--budget",
                "\(budget)",
                "--everybody",
                "--out",
                file
            )
            var edges: [ServerProcess] = []
            do {
                for number in 0..<count {
                    let edge = try join("e\(number + 1)", voters, directory, reeve, port: portBase + 3 * (3 + number))
                    try edge.start()
                    edges.append(edge)
                }
                let all = ReeveEdges(
                    voters: voters,
                    edges: edges,
                    warrant: try Warrant(at: file),
                    portBase: portBase,
                    tls: voters.endpoints[0]
                )
                try await all.waitUntilReady()
                return all
            } catch {
                for edge in edges { edge.stop() }
                throw error
            }
        } catch {
            voters.stop()
            throw error
        }
    }

    private static func join(
        _ name: String,
        _ voters: ReeveCluster,
        _ directory: String,
        _ reeve: String,
        port: Int
    ) throws -> ServerProcess {
        let invitation = "\(directory)/\(name).join"
        let home = "\(directory)/nodes/\(name)"
        let place = "\(name)=\(Endpoint.host):\(port),\(port + 1),\(port + 2)"
        try voters.command("cluster", "add", place, "--edge", "--out", invitation)
        _ = try output(of: reeve, ["node", "join", "--file", invitation, "--dir", home])
        return ServerProcess(reeve, ["node", "run", "--config", "\(home)/node.yaml"], logFile: "\(home)/log")
    }

    var count: Int { voters.nodes.count + edges.count }

    /// Of a node, voters first.
    func administration(of node: Int) -> Endpoint { Endpoint(kind: .http, port: portBase + 3 * node + 1, tls: tls.tls) }
    func decisions(of node: Int) -> Endpoint { Endpoint(kind: .http, port: portBase + 3 * node + 2, tls: tls.tls) }

    func stop() {
        for edge in edges { edge.stop() }
        voters.stop()
    }

    var cpuSeconds: Double { voters.cpuSeconds + edges.reduce(0) { $0 + $1.cpuSeconds } }

    private func waitUntilReady() async throws {
        let end = ContinuousClock.now + .seconds(60)
        while !voters.statuses().allSatisfy(\.isReady) || voters.statuses().count != count {
            guard ContinuousClock.now < end else { throw PeerError("not every edge gets ready") }
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}
