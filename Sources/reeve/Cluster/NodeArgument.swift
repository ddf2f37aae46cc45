import ArgumentParser
import Identity

/// A node on the command line: `NAME=HOST:RAFT,ADMIN,DECISIONS`, one host and three ports.
struct NodeArgument: ExpressibleByArgument, Hashable, Sendable {
    let name: String
    let host: String
    let raftPort: Int
    let adminPort: Int
    let decisionsPort: Int

    static let grammar = "NAME=HOST:RAFTPORT,ADMINPORT,DECISIONPORT"

    init(name: String, host: String, raftPort: Int, adminPort: Int, decisionsPort: Int) {
        self.name = name
        self.host = host
        self.raftPort = raftPort
        self.adminPort = adminPort
        self.decisionsPort = decisionsPort
    }

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "=") else { return nil }
        let name = String(argument[..<equals])
        let parts = argument[argument.index(after: equals)...].split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 3, let address = HostPort(parsing: String(parts[0])),
            let admin = Int(parts[1]), let decisions = Int(parts[2]), (try? SPIFFEID.checkNodeName(name)) != nil,
            (1...65_535).contains(admin), (1...65_535).contains(decisions),
            Set([address.port, admin, decisions]).count == 3
        else { return nil }
        self.init(name: name, host: address.host, raftPort: address.port, adminPort: admin, decisionsPort: decisions)
    }

    var raft: HostPort { HostPort(host: host, port: raftPort) }
    var admin: HostPort { HostPort(host: host, port: adminPort) }
    var decisions: HostPort { HostPort(host: host, port: decisionsPort) }

    /// The first voters of a cluster.
    static func validate(_ nodes: [NodeArgument]) throws {
        guard !nodes.isEmpty, !nodes.count.isMultiple(of: 2), nodes.count <= 7 else {
            throw ValidationError("Give 1, 3, 5 or 7 nodes with --node, not \(nodes.count).")
        }
        guard Set(nodes.map(\.name)).count == nodes.count else {
            throw ValidationError("Two nodes have the same name.")
        }
        let addresses = nodes.flatMap { [$0.raft, $0.admin, $0.decisions] }
        guard Set(addresses).count == addresses.count else { throw ValidationError("Two nodes share an address.") }
    }
}
