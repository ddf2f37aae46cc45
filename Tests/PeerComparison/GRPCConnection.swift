import NIOCore
import NIOHPACK
import NIOHTTP2

/// A connection to etcd: its own gRPC service `etcdserverpb.KV` over HTTP/2, as its clients speak it. Frames are written and
/// read without channels for streams, which would cost the generator more than the rest.
final class GRPCConnection: PeerConnection, ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    let channel: any Channel
    private let authority: String
    private var nextStream: Int32 = 1
    private var waiting: [HTTP2StreamID: EventLoopPromise<Void>] = [:]
    private var receivedBytes = 0
    /// Why nothing more is answered.
    private var failure: (any Error)?
    private let opened: EventLoopPromise<Void>

    /// Half of what the protocol lets a server send before it is told that it was read.
    private static let windowStep = 32 * 1024

    private init(channel: any Channel, authority: String) {
        self.channel = channel
        self.authority = authority
        opened = channel.eventLoop.makePromise(of: Void.self)
    }

    /// The server has said what it takes. RFC 9113 section 3.4: that comes first.
    var ready: EventLoopFuture<Void> { opened.futureResult }

    /// Behind TLS.
    static func add(to channel: any Channel, authority: String) throws -> GRPCConnection {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        // A gRPC server measures its connections by pings.
        configuration.controlFrameRateLimit.maximumCount = 1_000_000
        let connection = GRPCConnection(channel: channel, authority: authority)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(NIOHTTP2Handler(mode: .client, connectionConfiguration: configuration))
        try pipeline.addHandler(connection)
        return connection
    }

    func perform(_ operation: Operation) -> EventLoopFuture<Void> {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        guard channel.isActive else {
            promise.fail(failure ?? PeerError("the connection is closed"))
            return promise.futureResult
        }
        let stream = HTTP2StreamID(Int(nextStream))
        nextStream += 2
        waiting[stream] = promise
        let (method, message) = Self.request(operation)
        let headers: HPACKHeaders = [
            ":method": "POST", ":scheme": "https", ":path": "/etcdserverpb.KV/\(method)", ":authority": authority,
            "content-type": "application/grpc", "te": "trailers",
        ]
        // Length-prefixed message: not compressed, its length, its bytes.
        var data = ByteBuffer(bytes: [0])
        data.writeInteger(UInt32(message.count))
        data.writeBytes(message)
        let body = HTTP2Frame.FramePayload.Data(data: .byteBuffer(data), endStream: true)
        channel.write(HTTP2Frame(streamID: stream, payload: .headers(.init(headers: headers))), promise: nil)
        channel.writeAndFlush(HTTP2Frame(streamID: stream, payload: .data(body)), promise: nil)
        return promise.futureResult
    }

    /// `PutRequest`: key 1, value 2. `RangeRequest`: key 1, serializable 7.
    private static func request(_ operation: Operation) -> (String, [UInt8]) {
        func key(_ number: Int) -> [UInt8] { field(1, "record/\(number)") }
        return switch operation {
        case .put(let number, let round): ("Put", key(number) + field(2, Operation.value(key: number, round: round)))
        case .readLinearizable(let number): ("Range", key(number))
        case .readLocal(let number): ("Range", key(number) + [7 << 3, 1])
        }
    }

    private static func field(_ number: UInt8, _ text: String) -> [UInt8] {
        var length = text.utf8.count
        var bytes = [number << 3 | 2]
        while length > 127 {
            bytes.append(UInt8(length & 127) | 128)
            length >>= 7
        }
        return bytes + [UInt8(length)] + text.utf8
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.payload {
        case .headers(let headers) where headers.endStream:
            let status = headers.headers["grpc-status"].first ?? "missing"
            end(frame.streamID, status == "0" ? nil : PeerError("gRPC status \(status)"))
        case .data(let data):
            acknowledge(data.data.readableBytes, context: context)
        case .rstStream(let code):
            end(frame.streamID, PeerError("the stream was reset: \(code)"))
        case .settings:
            opened.succeed()
        case .goAway:
            context.close(promise: nil)
        default:
            break
        }
    }

    private func acknowledge(_ byteCount: Int, context: ChannelHandlerContext) {
        receivedBytes += byteCount
        guard receivedBytes >= Self.windowStep else { return }
        let update = HTTP2Frame(streamID: .rootStream, payload: .windowUpdate(windowSizeIncrement: receivedBytes))
        receivedBytes = 0
        context.writeAndFlush(wrapOutboundOut(update), promise: nil)
    }

    private func end(_ stream: HTTP2StreamID, _ error: PeerError?) {
        guard let promise = waiting.removeValue(forKey: stream) else { return }
        if let error { promise.fail(error) } else { promise.succeed() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(PeerError("the server closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
        context.close(promise: nil)
    }

    private func fail(_ error: any Error) {
        failure = failure ?? error
        opened.fail(error)
        let promises = waiting.values
        waiting = [:]
        for promise in promises { promise.fail(error) }
    }
}
