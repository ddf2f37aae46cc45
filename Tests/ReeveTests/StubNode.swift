import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

@testable import reeve

/// A server on a port of loopback that hears what a node would, and answers what it is told to. Without TLS. It serves until the
/// tests' process ends.
final class StubNode: Sendable {
    struct Heard: Sendable {
        /// Such as `GET /v1/members?limit=5`.
        var line: String
        var headers: HTTPHeaders
        var body: JSONValue
    }

    enum Answer: Sendable {
        case json(Int, JSONValue, tag: String? = nil)
        /// Ends the connection in place of an answer.
        case close
        /// Says that the answer has more bytes than these, and ends the connection after them.
        case broken(String)

        static func problem(_ status: Int, _ code: String) -> Answer { .json(status, ["code": .string(code)]) }
    }

    typealias Respond = @Sendable (Heard) -> Answer

    private final class State: Sendable {
        let heard = Mutex<[Heard]>([])
        let respond: Respond

        init(_ respond: @escaping Respond) { self.respond = respond }
    }

    private let state: State
    let node: ClusterContext.Node

    init(_ name: String, _ respond: @escaping Respond) async throws {
        let state = State(respond)
        self.state = state
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(state))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        node = Self.node(name, port: channel.localAddress?.port ?? 0)
    }

    var heard: [Heard] { state.heard.withLock { $0 } }

    /// One that refuses connections.
    static func away(_ name: String) -> ClusterContext.Node { node(name, port: 1) }

    private static func node(_ name: String, port: Int) -> ClusterContext.Node {
        let address = "http://127.0.0.1:\(port)"
        return ClusterContext.Node(name: name, admin: address, decisions: address)
    }

    static func withClient<Result>(
        _ nodes: ClusterContext.Node...,
        body: (ClusterClient) async throws -> Result
    ) async throws -> Result {
        try await ClusterClient.with(nodes, .makeClientConfiguration(), body)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let state: State
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(_ state: State) { self.state = state }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): (self.head, body) = (head, [])
            case .body(let bytes): body += bytes.readableBytesView
            case .end:
                guard let head else { return }
                let heard = Heard(
                    line: "\(head.method) \(head.uri)",
                    headers: head.headers,
                    body: (try? JSONValue.parse(body)) ?? .null
                )
                state.heard.withLock { $0.append(heard) }
                carryOut(state.respond(heard), context)
            }
        }

        private func carryOut(_ answer: Answer, _ context: ChannelHandlerContext) {
            switch answer {
            case .close: context.close(promise: nil)
            case .broken(let text):
                write(200, text, byteCount: text.utf8.count + 1, tag: nil, context)
                context.close(promise: nil)
            case .json(let status, let value, let tag):
                let text = value.prettyPrinted()
                write(status, text, byteCount: text.utf8.count, tag: tag, context)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }

        private func write(
            _ status: Int,
            _ text: String,
            byteCount: Int,
            tag: String?,
            _ context: ChannelHandlerContext
        ) {
            var headers = HTTPHeaders([("Content-Length", String(byteCount))])
            if let tag { headers.add(name: "ETag", value: "\"\(tag)\"") }
            let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        }
    }
}

/// What an operation ends with, as a person would read it.
func message(_ body: () async throws -> Void) async -> String {
    do {
        try await body()
        return "no error"
    } catch { return "\(error)" }
}
