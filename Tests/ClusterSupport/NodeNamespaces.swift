internal import Foundation

/// A network namespace for each node, joined by a bridge in that of this process, which reaches every node whatever is cut.
///
/// What is cut off is sent to a hardware address that nobody has, so packets are lost and nobody is told. Not into a blackhole
/// route: of that the sender is told by EINVAL, at which swift-nio ends the process.
package struct NodeNamespaces: Sendable {
    /// Nothing that `from` sends reaches `to`.
    package struct Cut: Hashable, Comparable, Sendable {
        package let from: Int
        package let to: Int

        package init(from: Int, to: Int) {
            self.from = from
            self.to = to
        }

        package static func < (lhs: Self, rhs: Self) -> Bool { (lhs.from, lhs.to) < (rhs.from, rhs.to) }
    }

    private let names: [String]

    /// Makes them, in namespaces for networks and mounts that are this process's own: nobody takes them away again.
    package init(names: [String]) throws {
        self.names = names
        try Self.ip("link set lo up")
        try Self.ip("link add nodes type bridge")
        try Self.ip("addr add 10.77.0.254/24 dev nodes")
        try Self.ip("link set nodes up")
        for (name, host) in zip(names, hosts) {
            try Self.ip("netns add \(name)")
            try Self.ip("link add \(name) type veth peer name eth0 netns \(name)")
            try Self.ip("link set \(name) master nodes up")
            try Self.ip("-n \(name) addr add \(host)/24 dev eth0")
            try Self.ip("-n \(name) link set eth0 up")
            try Self.ip("-n \(name) link set lo up")
        }
    }

    package var hosts: [String] { names.indices.map { "10.77.0.\($0 + 1)" } }

    /// A command that becomes the node, with its arguments.
    package func wrapper(of name: String) -> [String] { ["/usr/bin/nsenter", "--net=/run/netns/\(name)"] }

    package func cut(_ cut: Cut) throws { try neighbor("replace", cut, "lladdr \(Self.nobody) nud permanent") }

    package func heal(_ cut: Cut) throws { try neighbor("del", cut) }

    /// Locally administered.
    private static let nobody = "02:00:00:00:00:ff"

    private func neighbor(_ change: String, _ cut: Cut, _ state: String = "") throws {
        try Self.ip("-n \(names[cut.from]) neigh \(change) \(hosts[cut.to]) dev eth0 \(state)")
    }

    private static func ip(_ arguments: String) throws {
        let words = arguments.split(separator: " ").map(String.init)
        let ended = try TestCluster.run(
            ["PATH=/usr/sbin:/sbin:/usr/bin:/bin", "ip"] + words,
            program: URL(filePath: "/usr/bin/env")
        )
        guard ended.status == 0 else { throw TestCluster.Failure("ip \(arguments): \(ended.output)") }
    }
}
