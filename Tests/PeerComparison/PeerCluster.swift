import Foundation
import NIOCore
import NIOPosix

/// Timers of both systems. etcd calls them heartbeat interval and election timeout.
struct Timers: Hashable, Sendable {
    let heartbeatMilliseconds: Int
    let electionMilliseconds: Int

    static let short = Timers(heartbeatMilliseconds: 20, electionMilliseconds: 200)
    /// etcd's defaults.
    static let long = Timers(heartbeatMilliseconds: 100, electionMilliseconds: 1000)

    var description: String { "\(heartbeatMilliseconds)/\(electionMilliseconds) ms" }
}

/// Three nodes of one system on this machine.
protocol PeerCluster {
    static var name: String { get }
    var nodes: [ServerProcess] { get }
    var endpoints: [Endpoint] { get }
    /// Index of the node that a majority takes for the leader; nil while there is none or a node does not answer.
    func leader() -> Int?
    /// Whether every node answers and follows the leader.
    func isWhole() -> Bool
}

extension PeerCluster {
    func start() throws { for node in nodes { try node.start() } }
    func stop() { for node in nodes { node.stop() } }
    var cpuSeconds: Double { nodes.reduce(0) { $0 + $1.cpuSeconds } }

    func waitUntilWhole(within timeout: Duration = .seconds(60)) async throws {
        let end = ContinuousClock.now + timeout
        while !isWhole() || leader() == nil {
            guard ContinuousClock.now < end else { throw PeerError("the \(Self.name) cluster does not come together") }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    func currentLeader() async throws -> Int {
        try await waitUntilWhole()
        guard let leader = leader() else { throw PeerError("\(Self.name) has no leader") }
        return leader
    }

    /// Puts each key once, so that every read finds something.
    func putEachKey(group: any EventLoopGroup) async throws {
        let endpoint = endpoints[try await currentLeader()]
        let width = 64
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for first in 0..<width {
                let connection = try await endpoint.connect(on: group)
                tasks.addTask {
                    for key in stride(from: first, to: Operation.keyCount, by: width) {
                        try await connection.perform(.put(key: key, round: 0)).get()
                    }
                    connection.close()
                }
            }
            try await tasks.waitForAll()
        }
    }
}
