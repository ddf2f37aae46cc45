import Foundation
import Histogram
import Kernel
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOTLS

/// What is asked, and where.
struct LoadTarget: Sendable {
    let host: String
    let port: Int
    let path: String
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
        let done = group.next().makePromise(of: LoadOutcome.self)
        let request = Self.request(of: target)
        let pipelining = pipelining
        let tls = target.tls
        do {
            _ = try await ClientBootstrap(group: group)
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .connectTimeout(.seconds(3))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        // Loopback addresses are in the certificates; SNI takes names alone.
                        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil))
                        try pipeline.addHandler(HTTPRequestEncoder())
                        try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder()))
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

    private static func request(of target: LoadTarget) -> LoadRequest {
        let headers: HTTPHeaders = [
            "Host": target.host, "Content-Type": "application/json", "Content-Length": "\(target.body.count)",
        ]
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: target.path, headers: headers)
        return LoadRequest(head: head, body: ByteBuffer(bytes: target.body))
    }
}

/// One request, ready to be sent any number of times.
private struct LoadRequest: Sendable {
    let head: HTTPRequestHead
    let body: ByteBuffer
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
private final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: LoadRequest
    private let pipelining: Int
    private let end: NIODeadline
    private let done: EventLoopPromise<LoadOutcome>
    private var outcome = LoadOutcome()
    private var started: [NIODeadline] = []
    private var begin = NIODeadline.now()
    private var isFinished = false

    init(request: LoadRequest, pipelining: Int, end: NIODeadline, done: EventLoopPromise<LoadOutcome>) {
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
        switch unwrapInboundIn(data) {
        case .head(let head): if head.status != .ok { outcome.failed += 1 }
        case .body: break
        case .end: answered(context)
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
        context.write(wrapOutboundOut(.head(request.head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(request.body))), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: nil)
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
