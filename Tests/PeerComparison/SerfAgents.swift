import Foundation
import NIOCore

/// Agents of Debian's serf on loopback with their default profile, that of a local network, and all else as it comes: nothing is
/// encrypted, and nothing is kept on disk.
struct SerfAgents {
    let agents: [ServerProcess]
    private let serf: String
    private let portBase: Int

    /// - Parameter portBase: First of two ports an agent.
    init(directory: String, serf: String, count: Int, portBase: Int) throws {
        self.serf = serf
        self.portBase = portBase
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        agents = (0..<count).map { number in
            let join = number == 0 ? [] : ["-join", "\(Endpoint.host):\(portBase)"]
            return ServerProcess(
                serf,
                [
                    "agent", "-node", "s\(number + 1)", "-bind", "\(Endpoint.host):\(portBase + 2 * number)",
                    "-rpc-addr", "\(Endpoint.host):\(portBase + 2 * number + 1)", "-log-level", "warn",
                ] + join,
                logFile: "\(directory)/s\(number + 1).log"
            )
        }
    }

    func rpcPort(_ number: Int) -> Int { portBase + 2 * number + 1 }

    /// Until every agent knows of all the others.
    func start() async throws {
        // An agent ends when nobody answers whom it is to join.
        try agents[0].start()
        try await wait { alive(at: 0) == 1 }
        for agent in agents.dropFirst() { try agent.start() }
        try await wait { agents.indices.allSatisfy { alive(at: $0) == agents.count } }
    }

    func stop() { for agent in agents { agent.stop() } }

    var cpuSeconds: Double { agents.reduce(0) { $0 + $1.cpuSeconds } }

    private func wait(_ condition: () -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while !condition() {
            guard ContinuousClock.now < end else { throw PeerError("the agents of serf do not come together") }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private struct Members: Decodable {
        struct Member: Decodable { let status: String }
        let members: [Member]
    }

    private func alive(at number: Int) -> Int? {
        let arguments = ["members", "-format", "json", "-rpc-addr", "\(Endpoint.host):\(rpcPort(number))"]
        let data = try? output(of: serf, arguments)
        return data.flatMap { try? JSONDecoder().decode(Members.self, from: $0) }?.members.count {
            $0.status == "alive"
        }
    }
}
