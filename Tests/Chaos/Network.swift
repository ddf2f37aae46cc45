import ClusterSupport
import Foundation
import Synchronization

/// The links between the nodes. Clients always reach every node.
///
/// In namespaces each node has one of its own, joined by a bridge in that of this process; what is cut off is sent to a
/// hardware address that nobody has, so packets are lost and nobody is told. Without, a node's links are refused and broken.
///
/// Not into a blackhole route: of that the sender is told by EINVAL, at which swift-nio ends the process.
final class Network: Sendable {
    /// Nothing that `from` sends reaches `to`.
    struct Cut: Hashable, Comparable, Sendable {
        let from: Int
        let to: Int

        static func < (lhs: Self, rhs: Self) -> Bool { (lhs.from, lhs.to) < (rhs.from, rhs.to) }
    }

    private let names: [String]
    private let isNamespaced: Bool
    private let inForce = Mutex<Set<Cut>>([])

    init(names: [String], isNamespaced: Bool) throws {
        self.names = names
        self.isNamespaced = isNamespaced
        if isNamespaced { try makeNamespaces() }
    }

    var hosts: [String] { names.indices.map { isNamespaced ? "10.77.0.\($0 + 1)" : "127.0.0.1" } }

    /// Never empty: libfaketime changes the environment of the first program that it is loaded into, after which Swift does not
    /// find the program's arguments. What that one becomes is spared.
    func wrapper(of name: String) -> [String] {
        isNamespaced ? ["/usr/bin/nsenter", "--net=/run/netns/\(name)"] : ["/usr/bin/env"]
    }

    private func makeNamespaces() throws {
        try ip("link set lo up")
        try ip("link add chaos type bridge")
        try ip("addr add 10.77.0.254/24 dev chaos")
        try ip("link set chaos up")
        for (name, host) in zip(names, hosts) {
            try ip("netns add \(name)")
            try ip("link add \(name) type veth peer name eth0 netns \(name)")
            try ip("link set \(name) master chaos up")
            try ip("-n \(name) addr add \(host)/24 dev eth0")
            try ip("-n \(name) link set eth0 up")
            try ip("-n \(name) link set lo up")
        }
    }

    /// Makes these the only cuts.
    func set(_ cuts: Set<Cut>, of cluster: TestCluster, _ orders: [FaultOrders]) throws {
        let old = inForce.withLock { inForce in
            defer { inForce = cuts }
            return inForce
        }
        if isNamespaced {
            for cut in old.subtracting(cuts).sorted() { try neighbor("del", cut) }
            for cut in cuts.subtracting(old).sorted() {
                try neighbor("replace", cut, "lladdr \(Self.nobody) nud permanent")
            }
        } else {
            for (node, orders) in orders.enumerated() {
                let refused = cuts.filter { $0.from == node }.sorted()
                try orders.refuse(refused.map { cluster.port(names[$0.to], 0) })
            }
        }
    }

    /// Locally administered.
    private static let nobody = "02:00:00:00:00:ff"

    private func neighbor(_ change: String, _ cut: Cut, _ state: String = "") throws {
        try ip("-n \(names[cut.from]) neigh \(change) \(hosts[cut.to]) dev eth0 \(state)")
    }

    private func ip(_ arguments: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            ["PATH=/usr/sbin:/sbin:/usr/bin:/bin", "ip"] + arguments.split(separator: " ").map(String.init)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw TestCluster.Failure("ip \(arguments): \(String(decoding: output, as: UTF8.self))")
        }
    }
}
