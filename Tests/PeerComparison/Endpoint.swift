import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

/// How to speak to one node as a client.
struct Endpoint: Sendable {
    enum Kind: Hashable, Sendable {
        /// Either API of Reeve's.
        case http
        /// etcd's client port.
        case grpc
    }

    let kind: Kind
    let port: Int
    let tls: NIOSSLContext

    static let host = "127.0.0.1"

    /// Mutual TLS with files of PEM.
    static func context(roots: String, certificate: String, key: String, kind: Kind) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file(roots)
        configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
        configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
        if kind == .grpc { configuration.applicationProtocols = ["h2"] }
        // Reeve's certificates carry SPIFFE IDs; that they chain to the cluster's own root is enough here.
        configuration.certificateVerification = .noHostnameVerification
        return try NIOSSLContext(configuration: configuration)
    }

    /// An open connection that the server has answered on. Where 64 of them are opened at once, etcd spoils one now and then before
    /// anything was asked on it: another is tried.
    func connect(on group: any EventLoopGroup) async throws -> NIOLoopBoundConnection {
        for _ in 1..<Self.attempts {
            if let connection = try? await open(on: group) { return connection }
        }
        return try await open(on: group)
    }

    private static let attempts = 3

    private func open(on group: any EventLoopGroup) async throws -> NIOLoopBoundConnection {
        let loop = group.next()
        let secured = loop.makePromise(of: Void.self)
        let endpoint = self
        let connected = ClientBootstrap(group: loop)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .connectTimeout(.seconds(3))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLClientHandler(context: endpoint.tls, serverHostname: nil))
                    try pipeline.addHandler(HandshakeWait(secured))
                }
            }
            .connect(host: Self.host, port: port)
        connected.whenFailure { secured.fail($0) }
        let bound = connected.flatMapThrowing { channel in
            let connection: any PeerConnection =
                switch endpoint.kind {
                case .http: try HTTPConnection.add(to: channel, host: "\(Self.host):\(endpoint.port)")
                case .grpc: try GRPCConnection.add(to: channel, authority: "\(Self.host):\(endpoint.port)")
                }
            return NIOLoopBoundConnection(connection, loop: loop)
        }
        try await secured.futureResult.get()
        let connection = try await bound.get()
        try await connection.ready()
        return connection
    }
}

/// A connection that is used on its event loop alone.
struct NIOLoopBoundConnection: Sendable {
    let loop: any EventLoop
    private let box: NIOLoopBound<any PeerConnection>

    init(_ connection: any PeerConnection, loop: any EventLoop) {
        self.loop = loop
        self.box = NIOLoopBound(connection, eventLoop: loop)
    }

    /// On the event loop.
    var connection: any PeerConnection { box.value }

    func ready() async throws { try await loop.flatSubmit { connection.ready }.get() }
    func perform(_ operation: Operation) -> EventLoopFuture<Void> { loop.flatSubmit { connection.perform(operation) } }

    /// On the event loop. Any answer is one.
    func send(_ request: HTTPConnection.Request) -> EventLoopFuture<HTTPConnection.Answer> {
        guard let http = connection as? HTTPConnection else {
            return loop.makeFailedFuture(PeerError("this is no connection over HTTP/1.1"))
        }
        return http.send(request)
    }

    func close() { loop.execute { connection.channel.close(promise: nil) } }
}

private final class HandshakeWait: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let done: EventLoopPromise<Void>

    init(_ done: EventLoopPromise<Void>) { self.done = done }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { done.succeed() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        done.fail(error)
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        done.fail(PeerError("the server closed the connection"))
        context.fireChannelInactive()
    }
}
