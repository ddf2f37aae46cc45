import NIOCore
import NIOHTTP1

/// A connection to Reeve's admin API: HTTP/1.1, one request after the other.
final class HTTPConnection: PeerConnection, ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    let channel: any Channel
    private let host: String
    private var waiting: [EventLoopPromise<Void>] = []
    private var status = HTTPResponseStatus.ok
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
        let promise = channel.eventLoop.makePromise(of: Void.self)
        guard channel.isActive else {
            promise.fail(failure ?? PeerError("the connection is closed"))
            return promise.futureResult
        }
        waiting.append(promise)
        var headers: HTTPHeaders = ["Host": host]
        var body: ByteBuffer?
        if case .put(let key, let round) = operation {
            let json = #"{"attributes":{"payload":"\#(Operation.value(key: key, round: round))"}}"#
            headers.add(name: "Content-Type", value: "application/json")
            headers.add(name: "Content-Length", value: "\(json.utf8.count)")
            body = ByteBuffer(string: json)
        }
        let (method, path) = Self.request(operation)
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        if let body { channel.write(HTTPClientRequestPart.body(.byteBuffer(body)), promise: nil) }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        return promise.futureResult
    }

    private static func request(_ operation: Operation) -> (HTTPMethod, String) {
        func path(_ key: Int) -> String { "/v1/resources/Bench%3A%3ARecord/\(key)" }
        return switch operation {
        case .put(let key, _): (.PUT, path(key))
        case .readLinearizable(let key): (.GET, path(key) + "?consistency=linearizable")
        case .readLocal(let key): (.GET, path(key))
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): status = head.status
        case .body: break
        case .end:
            guard !waiting.isEmpty else { return }
            let promise = waiting.removeFirst()
            if (200..<300).contains(status.code) {
                promise.succeed()
            } else {
                promise.fail(PeerError("HTTP status \(status.code)"))
            }
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
