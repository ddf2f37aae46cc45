import Kernel
import Keys
import Links
import NIOCore
import NIOPosix
import NIOSSL

/// The other end as an attacker or a broken peer would be: shows any certificate, checks nothing, writes any bytes.
enum RawPeer {
    /// Over plain TCP.
    static func dial(_ port: Int, writing bytes: [UInt8] = []) async throws -> any Channel {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port).get()
        if !bytes.isEmpty { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }
        return channel
    }

    /// Over TLS; the bytes go out when the handshake is done. Nil credentials show no certificate.
    static func dial(_ port: Int, showing credentials: NodeCredentials?, writing bytes: [UInt8]) async throws
        -> any Channel
    {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        if let credentials {
            configuration.certificateChain = try chain(credentials)
            configuration.privateKey = try key(credentials)
        }
        let context = try NIOSSLContext(configuration: configuration)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let tls = try NIOSSLClientHandler(context: context, serverHostname: nil)
                    try channel.pipeline.syncOperations.addHandlers([tls, Silence()])
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        return channel
    }

    /// Accepts anybody over TLS and writes the same bytes to each. With `reads` false it stops reading after them.
    static func listen(
        showing credentials: NodeCredentials,
        writing bytes: [UInt8],
        reads: Bool = true
    ) async throws -> any Channel {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try chain(credentials),
            privateKey: try key(credentials)
        )
        configuration.certificateVerification = .none
        let context = try NIOSSLContext(configuration: configuration)
        return try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let tls = NIOSSLServerHandler(context: context)
                    try channel.pipeline.syncOperations.addHandlers([tls, Silence(greeting: bytes, reads: reads)])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    static func frame(_ bytes: [UInt8]) -> [UInt8] {
        var buffer = ByteBuffer()
        FrameDecoder.encode(bytes, into: &buffer)
        return Array(buffer.readableBytesView)
    }

    static func hello(
        from sender: MemberID,
        named name: String,
        to receiver: MemberID,
        lineage: Lineage = lineage
    ) -> [UInt8] {
        let hello = Hello(lineage: lineage, sender: sender, senderName: name, instance: instance, receiver: receiver)
        return frame(FirstFrame.hello(hello).bytes)
    }

    private static func chain(_ credentials: NodeCredentials) throws -> [NIOSSLCertificateSource] {
        try credentials.chain.map { .certificate(try NIOSSLCertificate(bytes: $0.der, format: .der)) }
    }

    private static func key(_ credentials: NodeCredentials) throws -> NIOSSLPrivateKeySource {
        let der = unsafe credentials.key.pkcs8.withBytes { unsafe Array($0) }
        return .privateKey(try NIOSSLPrivateKey(bytes: der, format: .der))
    }

    /// Drops what comes, and errors with it.
    private final class Silence: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let greeting: [UInt8]
        private let reads: Bool
        private var hasGreeted = false

        init(greeting: [UInt8] = [], reads: Bool = true) {
            self.greeting = greeting
            self.reads = reads
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !hasGreeted, !greeting.isEmpty else { return }
            hasGreeted = true
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: greeting)), promise: nil)
            if !reads { _ = context.channel.setOption(.autoRead, value: false) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
