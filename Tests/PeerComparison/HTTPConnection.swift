import NIOCore
import NIOHTTP1

/// A connection to a port of Reeve's: HTTP/1.1, one request after the other.
final class HTTPConnection: PeerConnection, ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    struct Request: Sendable {
        let method: HTTPMethod
        let path: String
        /// JSON.
        var body: String?
    }

    struct Answer: Sendable {
        let status: HTTPResponseStatus
        let body: ByteBuffer

        var isSuccess: Bool { (200..<300).contains(status.code) }
    }

    let channel: any Channel
    private let host: String
    private var waiting: [EventLoopPromise<Answer>] = []
    private var status = HTTPResponseStatus.ok
    private var body = ByteBuffer()
    /// Why nothing more is answered.
    private var failure: (any Error)?

    private init(channel: any Channel, host: String) {
        self.channel = channel
        self.host = host
    }

    /// Behind TLS.
    static func add(to channel: any Channel, host: String) throws -> HTTPConnection {
        let connection = HTTPConnection(channel: channel, host: host)
        try channel.pipeline.syncOperations.addHTTPClientHandlers()
        try channel.pipeline.syncOperations.addHandler(connection)
        return connection
    }

    var ready: EventLoopFuture<Void> { channel.eventLoop.makeSucceededVoidFuture() }

    func perform(_ operation: Operation) -> EventLoopFuture<Void> {
        send(Self.request(operation)).flatMapThrowing { answer in
            guard answer.isSuccess else { throw PeerError("HTTP status \(answer.status.code)") }
        }
    }

    /// On the channel's event loop. Any answer is one.
    func send(_ request: Request) -> EventLoopFuture<Answer> {
        let promise = channel.eventLoop.makePromise(of: Answer.self)
        guard channel.isActive else {
            promise.fail(failure ?? PeerError("the connection is closed"))
            return promise.futureResult
        }
        waiting.append(promise)
        var headers: HTTPHeaders = ["Host": host]
        if let body = request.body {
            headers.add(name: "Content-Type", value: "application/json")
            headers.add(name: "Content-Length", value: "\(body.utf8.count)")
        }
        let head = HTTPRequestHead(version: .http1_1, method: request.method, uri: request.path, headers: headers)
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        if let body = request.body {
            channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(string: body))), promise: nil)
        }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        return promise.futureResult
    }

    private static func request(_ operation: Operation) -> Request {
        func path(_ key: Int) -> String { "/v1/resources/Bench%3A%3ARecord/\(key)" }
        return switch operation {
        case .put(let key, let round):
            Request(
                method: .PUT,
                path: path(key),
                body: #"{"attributes":{"payload":"\#(Operation.value(key: key, round: round))"}}"#
            )
        case .readLinearizable(let key): Request(method: .GET, path: path(key) + "?consistency=linearizable")
        case .readLocal(let key): Request(method: .GET, path: path(key))
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = head.status
            body.clear()
        case .body(let bytes): body.writeImmutableBuffer(bytes)
        case .end:
            guard !waiting.isEmpty else { return }
            waiting.removeFirst().succeed(Answer(status: status, body: body))
        }
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
        let promises = waiting
        waiting = []
        for promise in promises { promise.fail(error) }
    }
}
