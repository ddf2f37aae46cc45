import Glibc
import NIOCore
import NIOPosix

/// How long a cluster takes no write when its leader is gone.
struct FailOver {
    enum Cause: String, CaseIterable {
        case killed = "kill -9"
        /// The leader's connections stay open and its kernel goes on to acknowledge what is sent to it.
        case silent = "SIGSTOP"
    }

    /// A new write is begun this often, so that one that went to the old leader and is lost costs nobody more than that.
    private static let interval = TimeAmount.milliseconds(5)
    private static let giveUp = TimeAmount.seconds(20)
    /// HTTP/1.1 carries one request at a time, so each write has a connection of its own, opened beforehand. A follower
    /// that holds a write back until there is a leader answers the first ones anyhow.
    private static let connectionsANode = 24

    let cause: Cause
    let group: any EventLoopGroup

    /// Milliseconds from the leader's end to the first acknowledgement of a write that was sent after it.
    func measure(_ cluster: some PeerCluster, round: Int) async throws -> Double {
        let leader = try await cluster.currentLeader()
        var writers: [[NIOLoopBoundConnection]] = []
        for (number, endpoint) in cluster.endpoints.enumerated() where number != leader {
            let count = endpoint.kind == .grpc ? 1 : Self.connectionsANode
            var connections: [NIOLoopBoundConnection] = []
            for _ in 0..<count { connections.append(try await endpoint.connect(on: group)) }
            // Both sides have sent all that they send first.
            try await connections[0].perform(.put(key: number, round: round)).get()
            writers.append(connections)
        }
        defer { for connection in writers.joined() { connection.close() } }
        let first = group.next().makePromise(of: NIODeadline.self)
        let start = NIODeadline.now()
        cluster.nodes[leader].signal(cause == .killed ? SIGKILL : SIGSTOP)
        let attempts = Attempts(writers: writers, round: round, first: first)
        let task = group.next().scheduleRepeatedTask(initialDelay: .zero, delay: Self.interval) { _ in attempts.next() }
        let timeout = group.next().scheduleTask(in: Self.giveUp) {
            first.fail(PeerError("no write was taken for \(Self.giveUp.nanoseconds / 1_000_000_000) s"))
        }
        defer { timeout.cancel() }
        let end: NIODeadline
        do { end = try await first.futureResult.get() } catch {
            task.cancel()
            throw error
        }
        task.cancel()
        try await restore(cluster, leader)
        return Double((end - start).nanoseconds) / 1e6
    }

    private func restore(_ cluster: some PeerCluster, _ node: Int) async throws {
        switch cause {
        case .killed:
            cluster.nodes[node].waitUntilExit()
            try cluster.nodes[node].start()
        case .silent:
            cluster.nodes[node].signal(SIGCONT)
        }
        try await cluster.waitUntilWhole()
        // What was sent meanwhile is over, and nobody campaigns any more.
        try await Task.sleep(for: .milliseconds(500))
        try await cluster.waitUntilWhole()
    }
}

/// Writes on their way to the nodes that are left, in turn.
private final class Attempts: @unchecked Sendable {
    // Safe: touched by one repeated task of one event loop alone.
    private let writers: [[NIOLoopBoundConnection]]
    private let round: Int
    private let first: EventLoopPromise<NIODeadline>
    private var count = 0

    init(writers: [[NIOLoopBoundConnection]], round: Int, first: EventLoopPromise<NIODeadline>) {
        self.writers = writers
        self.round = round
        self.first = first
    }

    func next() {
        for connections in writers {
            // Where every connection waits for an answer already, one more write would wait behind it.
            guard connections.count == 1 || count < connections.count else { continue }
            let connection = connections[connections.count == 1 ? 0 : count]
            connection.perform(.put(key: count % Operation.keyCount, round: round << 20 + count)).whenSuccess { _ in
                self.first.succeed(.now())
            }
        }
        count += 1
    }
}
