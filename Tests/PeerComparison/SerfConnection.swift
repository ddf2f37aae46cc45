import NIOCore
import NIOPosix

/// A client's connection to a serf agent: its RPC over TCP, a header and for some a body, each a map of MessagePack.
///
/// Used on its event loop alone. Events are heard through the stream that `serf monitor` uses, which costs the agent no process
/// for each, as its event handlers do.
final class SerfConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let channel: any Channel
    private let heard: (_ payload: [UInt8], _ now: NIODeadline) -> Void
    private var buffer = ByteBuffer()
    private var sequence: Int64 = 0
    private var waiting: [Int64: EventLoopPromise<Void>] = [:]
    private var stream: Int64?
    /// Whether what comes next belongs to the event whose header has come.
    private var isBodyNext = false

    private init(channel: any Channel, heard: @escaping (_ payload: [UInt8], _ now: NIODeadline) -> Void) {
        self.channel = channel
        self.heard = heard
    }

    /// Shakes hands and asks for user events.
    static func connect(
        port: Int,
        on loop: any EventLoop,
        heard: @escaping @Sendable (_ payload: [UInt8], _ now: NIODeadline) -> Void
    ) async throws -> NIOLoopBound<SerfConnection> {
        let opened = ClientBootstrap(group: loop)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .connectTimeout(.seconds(3))
            .connect(host: Endpoint.host, port: port)
            .flatMapThrowing { channel in
                let connection = SerfConnection(channel: channel, heard: heard)
                try channel.pipeline.syncOperations.addHandler(connection)
                return NIOLoopBound(connection, eventLoop: loop)
            }
        let bound = try await opened.get()
        try await loop.flatSubmit { bound.value.open() }.get()
        return bound
    }

    private func open() -> EventLoopFuture<Void> {
        let greeted = call("handshake", .map(["Version": .integer(1)]))
        let streaming = call("stream", .map(["Type": .text("user")]))
        stream = sequence
        return greeted.and(streaming).map { _ in }
    }

    /// Sends an event to all agents, at once: where events of one name may be coalesced, serf waits a second or more for others.
    func send(_ name: String, payload: [UInt8]) -> EventLoopFuture<Void> {
        call("event", .map(["Name": .text(name), "Payload": .bytes(payload), "Coalesce": .bool(false)]))
    }

    private func call(_ command: String, _ body: MessagePack) -> EventLoopFuture<Void> {
        sequence += 1
        let promise = channel.eventLoop.makePromise(of: Void.self)
        guard channel.isActive else {
            promise.fail(PeerError("serf's agent has closed the connection"))
            return promise.futureResult
        }
        waiting[sequence] = promise
        var bytes = ByteBuffer()
        bytes.writeMessagePack(.map(["Command": .text(command), "Seq": .integer(sequence)]))
        bytes.writeMessagePack(body)
        channel.writeAndFlush(bytes, promise: nil)
        return promise.futureResult
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let now = NIODeadline.now()
        buffer.writeImmutableBuffer(unwrapInboundIn(data))
        do {
            while let value = try buffer.readMessagePack() { try take(value, now) }
            buffer.discardReadBytes()
        } catch {
            errorCaught(context: context, error: error)
        }
    }

    private func take(_ value: MessagePack, _ now: NIODeadline) throws {
        if isBodyNext {
            isBodyNext = false
            if case .bytes(let payload)? = value["Payload"] { heard(payload, now) }
            return
        }
        guard case .integer(let sequence)? = value["Seq"] else { throw PeerError("serf's answer has no number") }
        let error = value["Error"]?.string ?? ""
        if let promise = waiting.removeValue(forKey: sequence) {
            if error.isEmpty { promise.succeed() } else { promise.fail(PeerError("serf: \(error)")) }
        } else if sequence == stream {
            isBodyNext = true
        } else {
            throw PeerError("serf answers what was not asked")
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(PeerError("serf's agent has closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
        context.close(promise: nil)
    }

    private func fail(_ error: any Error) {
        let promises = waiting.values
        waiting = [:]
        for promise in promises { promise.fail(error) }
    }
}
