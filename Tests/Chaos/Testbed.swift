import ClusterSupport
import Foundation
import NIOCore

/// The cluster with everything around it that can go wrong.
struct Testbed: Sendable {
    let cluster: TestCluster
    let network: Network
    /// By node.
    let orders: [FaultOrders]

    /// Elections within half a second, and logs so short that nodes that were away need snapshots.
    private static let settings = """
        timers:
          heartbeat_ms: 50
          election_ms: 400
        limits:
          kept_entries: 500
          compaction_step: 500

        """

    /// - Parameter folder: Exists and is empty.
    init(folder: URL, _ equipment: Equipment) throws {
        let names = (1...FaultPlan.nodeCount).map { "n\($0)" }
        let network = try Network(names: names, isNamespaced: equipment.hasNamespaces)
        let orders = try names.map { name in
            let place = folder.appending(path: "faults/\(name)")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            return try FaultOrders(folder: place, data: folder.appending(path: "cluster/nodes/\(name)/data"))
        }
        cluster = try TestCluster(
            settings: Self.settings,
            folder: folder.appending(path: "cluster"),
            hosts: network.hosts
        ) { name in
            let node = names.firstIndex(of: name) ?? 0
            return .init(wrapper: network.wrapper(of: name), environment: orders[node].environment(equipment))
        }
        self.network = network
        self.orders = orders
    }

    /// Every write of the load carries a key, and all are one caller's: more of them than a caller usually may have at a time.
    func admitLoad() async throws {
        let answer = try await cluster.admin("PUT", "/v1/settings", body: #"{"idempotency_limit": 1000000}"#, at: "n1")
        guard answer.status == 200 else { throw TestCluster.Failure("the settings were refused: \(answer.body)") }
    }

    func name(_ node: Int) -> String { cluster.names[node] }

    func isRunning(_ node: Int) -> Bool { cluster.process(name(node))?.isRunning ?? false }

    func signal(_ node: Int, _ signal: Int32) {
        guard let process = cluster.process(name(node)), process.isRunning else { return }
        Glibc.kill(process.processIdentifier, signal)
    }

    /// Who says that it leads, nil if nobody answers so at once.
    func leader() async -> Int? {
        for node in cluster.names.indices {
            let status = try? await cluster.admin("GET", "/v1/node/status", at: name(node), within: .milliseconds(400))
            if status?.value("role") == "leader" { return node }
        }
        return nil
    }

    /// The last lines of a node's log.
    func lastWords(of node: Int) -> String { log(of: node).suffix(3).joined(separator: "\n") }

    /// How often nodes have said that they stop.
    var halts: Int { cluster.names.indices.reduce(0) { $0 + log(of: $1).count { $0.contains("node halts") } } }

    private func log(of node: Int) -> [Substring] { (try? cluster.log(of: name(node))) ?? [] }
}
