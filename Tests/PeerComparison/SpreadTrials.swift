import Foundation
import NIOCore
import NIOHTTP1

/// Revocations at the edges of a cluster, each of an agent that every node permits something until then.
struct RevocationTrials {
    private let cluster: ReeveEdges
    private let interval: TimeAmount
    private let loop: any EventLoop
    /// To each node, voters first.
    private let deciders: [NIOLoopBoundConnection]
    /// To each edge.
    private let administration: [NIOLoopBoundConnection]

    /// Makes the agents and permits them what they ask for.
    init(cluster: ReeveEdges, agents: Int, interval: TimeAmount, loop: any EventLoop) async throws {
        self.cluster = cluster
        self.interval = interval
        self.loop = loop
        let voter = try await cluster.administration(of: 0).connect(on: loop)
        defer { voter.close() }
        func write(_ method: HTTPMethod, _ path: String, _ body: String) async throws {
            let answer = try await loop.flatSubmit { voter.send(.init(method: method, path: path, body: body)) }.get()
            guard answer.isSuccess else { throw PeerError("\(method) \(path): \(String(buffer: answer.body))") }
        }
        let policy = #"permit(principal, action == Action::\"read\", resource);"#
        try await write(.POST, "/v1/policy-sets/main/versions", #"{"text":"\#(policy)"}"#)
        try await write(.POST, "/v1/policy-sets/main/activate", #"{"version":1}"#)
        for number in 0..<agents { try await write(.PUT, "/v1/principals/\(Self.agent(number))", "{}") }
        var deciders: [NIOLoopBoundConnection] = []
        for node in 0..<cluster.count { deciders.append(try await cluster.decisions(of: node).connect(on: loop)) }
        var administration: [NIOLoopBoundConnection] = []
        for node in cluster.count - cluster.edges.count..<cluster.count {
            administration.append(try await cluster.administration(of: node).connect(on: loop))
        }
        self.deciders = deciders
        self.administration = administration
        // What is written last comes last.
        try await waitUntilPermitted(agents - 1)
    }

    /// - Parameter number: Of the agent, from 0, each once.
    func measure(_ number: Int) async throws -> Revocation.Times {
        let revocation = revocation(number)
        try await revocation.checkPermitted()
        let statement = try cluster.warrant.revocation(
            of: Self.agent(number),
            sequence: number + 1,
            reason: "measured"
        )
        return try await revocation.measure(bringing: statement, to: administration[number % administration.count])
    }

    private func waitUntilPermitted(_ number: Int) async throws {
        let end = ContinuousClock.now + .seconds(30)
        while true {
            do { return try await revocation(number).checkPermitted() } catch {
                guard ContinuousClock.now < end else { throw error }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    private func revocation(_ number: Int) -> Revocation {
        Revocation(of: "r\(number)", deciders: deciders, every: interval, on: loop)
    }

    private static func agent(_ number: Int) -> String { "agent/r\(number)" }
}

/// User events of serf, each until the last agent has it.
final class EventTrials: Sendable {
    private let loop: any EventLoop
    private let connections: [NIOLoopBound<SerfConnection>]
    private let current: NIOLoopBoundBox<(payload: [UInt8], arrivals: Arrivals)?>

    init(agents: SerfAgents, loop: any EventLoop) async throws {
        self.loop = loop
        let current = try await loop.submit {
            NIOLoopBoundBox<(payload: [UInt8], arrivals: Arrivals)?>(nil, eventLoop: loop)
        }.get()
        var connections: [NIOLoopBound<SerfConnection>] = []
        for number in agents.agents.indices {
            let connection = try await SerfConnection.connect(port: agents.rpcPort(number), on: loop) { payload, now in
                guard let trial = current.value, trial.payload == payload else { return }
                trial.arrivals.arrived(at: number, now)
            }
            connections.append(connection)
        }
        self.connections = connections
        self.current = current
    }

    /// Milliseconds.
    ///
    /// - Parameter number: From 0, each once.
    func measure(_ number: Int) async throws -> Double {
        // As long as a statement's id; a whole statement has four times as much.
        let payload = Array(String(format: "%064d", number).utf8)
        let arrivals = Arrivals(at: connections.indices, on: loop, of: "event \(number) of serf")
        let start = try await loop.submit {
            self.current.value = (payload, arrivals)
            let start = NIODeadline.now()
            self.connections[number % self.connections.count].value.send("revoke", payload: payload)
                .whenFailure { arrivals.failed($0) }
            return start
        }.get()
        return Double((try await arrivals.last() - start).nanoseconds) / 1e6
    }
}
