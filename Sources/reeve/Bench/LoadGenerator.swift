import Foundation
import Histogram
import Kernel
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

/// What is asked, and where.
struct LoadTarget: Sendable {
    let host: String
    let port: Int
    let path: String
    /// For `Authorization`.
    let token: String?
    let body: [UInt8]
    let tls: NIOSSLContext
}

/// Sends one request over and over on several connections and times the answers.
struct LoadGenerator {
    private let target: LoadTarget
    private let connections: Int
    private let pipelining: Int
    private let group: MultiThreadedEventLoopGroup

    init(_ target: LoadTarget, connections: Int, pipelining: Int, group: MultiThreadedEventLoopGroup) {
        self.target = target
        self.connections = connections
        self.pipelining = pipelining
        self.group = group
    }

    func run(for span: Kernel.Span) async throws -> LoadResult {
        let end = NIODeadline.now() + .microseconds(Int64(clamping: span.microseconds))
        let outcomes = try await withThrowingTaskGroup(of: LoadOutcome.self) { tasks in
            for _ in 0..<connections { tasks.addTask { try await connect(until: end) } }
            return try await tasks.reduce(into: []) { $0.append($1) }
        }
        var histogram = LoadOutcome.emptyHistogram
        var failed = 0
        var seconds = 0.0
        for outcome in outcomes {
            for latency in outcome.latencies { histogram.record(latency) }
            failed += outcome.failed
            seconds = max(seconds, outcome.seconds)
        }
        let answered = outcomes.reduce(0) { $0 + $1.latencies.count }
        return LoadResult(perSecond: Double(answered) / max(seconds, 0.001), failed: failed, histogram: histogram)
    }

    private func connect(until end: NIODeadline) async throws -> LoadOutcome {
        let loop = group.next()
        let done = loop.makePromise(of: LoadOutcome.self)
        let request = Self.request(of: target)
        let pipelining = pipelining
        let tls = target.tls
        do {
            _ = try await ClientBootstrap(group: loop)
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .connectTimeout(.seconds(3))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        // Loopback addresses are in the certificates; SNI takes names alone.
                        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil))
                        try pipeline.addHandler(
                            LoadConnection(request: request, pipelining: pipelining, end: end, done: done)
                        )
                    }
                }
                .connect(host: target.host, port: target.port).get()
        } catch {
            done.fail(error)
        }
        return try await done.futureResult.get()
    }

    /// One request in HTTP/1.1, ready to be sent any number of times.
    private static func request(of target: LoadTarget) -> ByteBuffer {
        var lines = ["POST \(target.path) HTTP/1.1", "Host: \(target.host)", "Content-Type: application/json"]
        if let token = target.token { lines.append("Authorization: Bearer \(token)") }
        lines.append("Content-Length: \(target.body.count)")
        var bytes = ByteBuffer(string: lines.map { $0 + "\r\n" }.joined() + "\r\n")
        bytes.writeBytes(target.body)
        return bytes
    }
}

/// What one connection saw.
struct LoadOutcome: Sendable {
    /// Microseconds.
    var latencies: [UInt64] = []
    var failed = 0
    var seconds = 0.0

    static var emptyHistogram: Histogram<UInt64> {
        Histogram<UInt64>(highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)
    }
}

/// Keeps a number of requests under way until the end, then waits for the rest.
///
/// Above TLS there is no HTTP codec: what asks must cost less than what answers, or it is the former that is measured.
private final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: ByteBuffer
    private let pipelining: Int
    private let end: NIODeadline
    private let done: EventLoopPromise<LoadOutcome>
    private var outcome = LoadOutcome()
    private var reader = AnswerReader()
    private var started: [NIODeadline] = []
    private var begin = NIODeadline.now()
    private var isFinished = false

    init(request: ByteBuffer, pipelining: Int, end: NIODeadline, done: EventLoopPromise<LoadOutcome>) {
        self.request = request
        self.pipelining = pipelining
        self.end = end
        self.done = done
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSUserEvent, case .handshakeCompleted = event {
            begin = .now()
            for _ in 0..<pipelining { send(context) }
            context.flush()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        reader.append(unwrapInboundIn(data))
        do throws(CommandError) {
            while let status = try reader.next() {
                if status != 200 { outcome.failed += 1 }
                answered(context)
            }
        } catch {
            errorCaught(context: context, error: error)
        }
    }

    private func answered(_ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        if !started.isEmpty {
            outcome.latencies.append(UInt64(clamping: (now - started.removeFirst()).nanoseconds / 1000))
        }
        if now < end {
            send(context)
            context.flush()
        } else if started.isEmpty {
            finish(context, at: now)
        }
    }

    private func send(_ context: ChannelHandlerContext) {
        started.append(.now())
        context.write(wrapOutboundOut(request), promise: nil)
    }

    private func finish(_ context: ChannelHandlerContext, at now: NIODeadline) {
        guard !isFinished else { return }
        isFinished = true
        outcome.seconds = Double((now - begin).nanoseconds) / 1e9
        done.succeed(outcome)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isFinished {
            isFinished = true
            done.fail(CommandError("the server closed a connection"))
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !isFinished {
            isFinished = true
            done.fail(error)
        }
        context.close(promise: nil)
    }
}
