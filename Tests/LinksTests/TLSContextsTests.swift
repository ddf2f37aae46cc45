import Identity
import Kernel
import Keys
import Links
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Testing

/// The ports that clients call, with the certificate that the server sees in the end.
@Suite("TLS for clients")
struct TLSContextsTests {
    @Test("a client's certificate names it", arguments: [TLSContexts.ClientCertificates.required, .optional])
    func named(clients: TLSContexts.ClientCertificates) async throws {
        let authority = try Authority()
        let client = try agent("spiffe://reeve.example/agent/bot", of: authority)
        let outcome = try await call(authority, clients: clients, with: try configuration(authority, client))
        #expect(outcome.identity?.spiffeID.description == "spiffe://reeve.example/agent/bot")
        #expect(outcome.identity?.fingerprint == client.fingerprint)
        #expect(outcome.hasAnswer)
    }

    @Test("a client without one is served where certificates are optional, and only there")
    func anonymous() async throws {
        let authority = try Authority()
        let configuration = try configuration(authority, nil)
        let served = try await call(authority, clients: .optional, with: configuration)
        #expect(served.hasAnswer && served.identity == nil)
        #expect(try await !call(authority, clients: .required, with: configuration).hasAnswer)
    }

    @Test("certificates that are no good are refused also where they are optional")
    func refused() async throws {
        let authority = try Authority()
        let past = CertificateValidity(notBefore: now.reduced(by: .seconds(9)), notAfter: now.reduced(by: .seconds(2)))
        let clients = [
            try agent("spiffe://reeve.example/agent/bot", of: try Authority()),
            try agent("spiffe://other.example/agent/bot", of: try Authority("other.example")),
            try agent("spiffe://reeve.example/agent/bot", of: authority, validity: past),
        ]
        for client in clients {
            for mode in [TLSContexts.ClientCertificates.required, .optional] {
                let outcome = try await call(authority, clients: mode, with: try configuration(authority, client))
                #expect(!outcome.hasAnswer && outcome.identity == nil)
            }
        }
    }

    @Test("nothing older than TLS 1.3 is spoken")
    func version() async throws {
        let authority = try Authority()
        var old = try configuration(authority, nil)
        old.minimumTLSVersion = .tlsv12
        old.maximumTLSVersion = .tlsv12
        #expect(try await !call(authority, clients: .optional, with: old).hasAnswer)
    }

    @Test("a client believes only its own roots, and only for the host that it called")
    func server() async throws {
        // Here the library verifies, by the real clock.
        let century = CertificateValidity(notBefore: .distantPast, notAfter: WallTime(milliseconds: 4_102_444_800_000))
        let authority = try Authority(validity: century)
        let own = try TLSContexts.client(roots: [authority.issuer.certificate], credentials: nil)
        let other = try TLSContexts.client(
            roots: [try Authority(validity: century).issuer.certificate],
            credentials: nil
        )
        func hasAnswer(_ client: TLSConfiguration, host: String?, of hosts: [String]) async throws -> Bool {
            let node = try authority.credentials("n1", hosts: hosts, validity: century)
            return try await call(authority, node: node, clients: .optional, with: client, host: host).hasAnswer
        }
        #expect(try await hasAnswer(own, host: "localhost", of: ["localhost"]))
        #expect(try await hasAnswer(own, host: nil, of: ["127.0.0.1"]))
        #expect(try await !hasAnswer(own, host: "localhost", of: ["elsewhere.example", "127.0.0.2"]))
        #expect(try await !hasAnswer(own, host: nil, of: ["127.0.0.2"]))
        #expect(try await !hasAnswer(other, host: "localhost", of: ["localhost"]))
    }

    private struct Outcome {
        let hasAnswer: Bool
        let identity: ClientIdentity?
    }

    /// Connects once; the server greets whom it accepts.
    private func call(
        _ authority: Authority,
        node: NodeCredentials? = nil,
        clients: TLSContexts.ClientCertificates,
        with client: TLSConfiguration,
        host: String? = nil
    ) async throws -> Outcome {
        let node = try node ?? authority.credentials("n1")
        let verifier = node.verifier
        let context = try NIOSSLContext(configuration: try TLSContexts.clientFacing(node, clients: clients))
        let verification = TLSContexts.verifyClients(verifier) { now }
        let seen = Seen()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let tls = NIOSSLServerHandler(context: context, customVerificationCallback: verification)
                    let greeter = Greeter(tls: tls, verifier: verifier, seen: seen)
                    try channel.pipeline.syncOperations.addHandlers([tls, greeter])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let clientContext = try NIOSSLContext(configuration: client)
        let answer = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: Bool.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let tls = try NIOSSLClientHandler(context: clientContext, serverHostname: host)
                    try channel.pipeline.syncOperations.addHandlers([tls, Caller(answer: answer)])
                }
            }
            .connect(host: "127.0.0.1", port: try #require(listener.localAddress?.port)).get()
        let hasAnswer = try await answer.futureResult.get()
        try? await channel.close()
        try await listener.close()
        return Outcome(hasAnswer: hasAnswer, identity: seen.identity.withLock { $0 })
    }

    private func agent(
        _ id: String,
        of authority: Authority,
        validity: CertificateValidity = year
    ) throws -> NodeCredentials {
        let key = PrivateKey()
        let leaf = try authority.issuer.issueClient(
            try SPIFFEID(parsing: id),
            publicKey: key.publicKey,
            validity: validity
        )
        return try NodeCredentials(chain: [leaf], key: key, roots: [authority.issuer.certificate])
    }

    /// The library reads the real clock where it verifies by itself; tests run at a fixed time, so the client of
    /// those that look at the server's side checks nothing.
    private func configuration(_ authority: Authority, _ client: NodeCredentials?) throws -> TLSConfiguration {
        var configuration = try TLSContexts.client(roots: [authority.issuer.certificate], credentials: client)
        configuration.certificateVerification = .none
        return configuration
    }

    private final class Seen: Sendable {
        let identity = Mutex<ClientIdentity?>(nil)
    }

    private final class Greeter: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let tls: NIOSSLHandler
        private let verifier: PeerVerifier
        private let seen: Seen

        init(tls: NIOSSLHandler, verifier: PeerVerifier, seen: Seen) {
            self.tls = tls
            self.verifier = verifier
            self.seen = seen
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if let der = try? tls.peerCertificate?.toDERBytes() {
                let identity = try? ClientIdentity(leaf: der, verifier: verifier, at: now)
                seen.identity.withLock { $0 = identity }
            }
            context.writeAndFlush(data, promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private final class Caller: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let answer: EventLoopPromise<Bool>

        init(answer: EventLoopPromise<Bool>) { self.answer = answer }

        func channelActive(context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "hello")), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { answer.succeed(true) }
        func channelInactive(context: ChannelHandlerContext) { answer.succeed(false) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
