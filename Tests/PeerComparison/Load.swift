import Histogram
import NIOCore
import NIOPosix

/// Clients that each send one request after the other, and what they saw.
struct Load: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case puts, linearizableReads = "linearizable reads", localReads = "local reads"
    }

    let kind: Kind
    let clients: Int
    let endpoint: Endpoint

    struct Result: Sendable {
        let perSecond: Double
        let p50Microseconds: UInt64
        let p99Microseconds: UInt64
        let answered: Int
        let failed: Int
    }

    /// - Parameter round: Differs between runs, so that no put writes what is there.
    func run(for duration: TimeAmount, round: Int, group: any EventLoopGroup) async throws -> Result {
        let outcomes = try await withThrowingTaskGroup(of: Client.Outcome.self) { tasks in
            let connections = try await connect(group)
            let start = NIODeadline.now()
            for (number, connection) in connections.enumerated() {
                let client = Client(kind: kind, number: number, of: clients, round: round, end: start + duration)
                tasks.addTask { try await client.run(on: connection) }
            }
            defer { for connection in connections { connection.close() } }
            return try await tasks.reduce(into: []) { $0.append($1) }
        }
        var histogram = Histogram<UInt64>(highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)
        for latency in outcomes.lazy.flatMap(\.latencies) { histogram.record(latency) }
        return Result(
            perSecond: Double(histogram.totalCount) / (Double(duration.nanoseconds) / 1e9),
            p50Microseconds: histogram.valueAtPercentile(50),
            p99Microseconds: histogram.valueAtPercentile(99),
            answered: Int(histogram.totalCount),
            failed: outcomes.reduce(0) { $0 + $1.failed }
        )
    }

    private func connect(_ group: any EventLoopGroup) async throws -> [NIOLoopBoundConnection] {
        var connections: [NIOLoopBoundConnection] = []
        for _ in 0..<clients { connections.append(try await endpoint.connect(on: group)) }
        return connections
    }
}

/// One client, on the event loop of its connection.
private final class Client: @unchecked Sendable {
    // Safe: after `run` has begun, touched on the connection's event loop alone.
    private let kind: Load.Kind
    private var random: UInt64
    private var round: Int
    private let end: NIODeadline
    private var outcome = Outcome()

    struct Outcome: Sendable {
        /// Microseconds.
        var latencies: [UInt64] = []
        var failed = 0
        /// What the later ones are often only the consequence of.
        var firstError: (any Error)?
    }

    init(kind: Load.Kind, number: Int, of clients: Int, round: Int, end: NIODeadline) {
        self.kind = kind
        self.random = UInt64(round * clients + number) &* 0x9E37_79B9_7F4A_7C15 | 1
        self.round = round << 32
        self.end = end
    }

    func run(on bound: NIOLoopBoundConnection) async throws -> Outcome {
        let done = bound.loop.makePromise(of: Outcome.self)
        bound.loop.execute { self.next(bound, done) }
        return try await done.futureResult.get()
    }

    private func next(_ bound: NIOLoopBoundConnection, _ done: EventLoopPromise<Outcome>) {
        let begin = NIODeadline.now()
        guard begin < end else { return done.succeed(outcome) }
        bound.connection.perform(operation()).whenComplete { result in
            switch result {
            case .success:
                // What ends after the end does not count.
                let now = NIODeadline.now()
                if now <= self.end { self.outcome.latencies.append(UInt64((now - begin).nanoseconds / 1000)) }
            case .failure(let error):
                let first = self.outcome.firstError ?? error
                self.outcome.firstError = first
                self.outcome.failed += 1
                guard self.outcome.failed < 1000 else { return done.fail(first) }
            }
            self.next(bound, done)
        }
    }

    private func operation() -> Operation {
        // Xorshift: which key comes next is to cost nothing.
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        let key = Int(random % UInt64(Operation.keyCount))
        round += 1
        return switch kind {
        case .puts: .put(key: key, round: round)
        case .linearizableReads: .readLinearizable(key: key)
        case .localReads: .readLocal(key: key)
        }
    }
}
