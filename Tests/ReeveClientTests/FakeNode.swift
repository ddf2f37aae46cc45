import Foundation
import Identity
import Kernel
import Keys
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ReeveClient
import Synchronization

/// A server that speaks as a node does, over TLS on a port of loopback, and misbehaves as it is told.
final class FakeNode: Sendable {
    enum Behaviour: Sendable {
        /// Allows, from the state at this revision, after so long.
        case allow(revision: Int, after: TimeAmount = .zero)
        case answer(status: Int, String)
        /// Ends the connection in place of an answer.
        case close
        case hang
    }

    struct Heard: Sendable {
        var path: String
        var authorization: String?
        /// Whether the client showed a certificate, and which: its serial number's bytes.
        var certificate: [UInt8]?
    }

    private struct State {
        var behaviour: Behaviour
        var members = "[]"
        var heard: [Heard] = []
    }

    private let state: Mutex<State>
    private let channel: Mutex<(any Channel)?> = Mutex(nil)
    private let open = Mutex<[ObjectIdentifier: any Channel]>([:])
    let port: Int

    init(_ authority: FakeAuthority, _ behaviour: Behaviour = .allow(revision: 1)) async throws {
        state = Mutex(State(behaviour: behaviour))
        let context = try authority.serverContext()
        let box = Weak()
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(box))
                }
            }
        let channel = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
        self.channel.withLock { $0 = channel }
        box.node.withLock { $0 = self }
    }

    var seed: Seed { Seed(decisions: "https://127.0.0.1:\(port)") }
    var heard: [Heard] { state.withLock { $0.heard } }
    /// Requests for decisions.
    var questionCount: Int { heard.count { $0.path.hasPrefix("/access") } }

    func behave(_ behaviour: Behaviour) { state.withLock { $0.behaviour = behaviour } }
    func list(_ members: String) { state.withLock { $0.members = members } }

    /// As a process that is killed: no port and no connection any more.
    func kill() async {
        try? await channel.withLock { $0 }?.close()
        for channel in open.withLock({ Array($0.values) }) { try? await channel.close() }
    }

    final class Weak: Sendable { let node = Mutex<FakeNode?>(nil) }

    fileprivate func respond(_ heard: Heard) -> Behaviour {
        state.withLock { state in
            state.heard.append(heard)
            if heard.path.hasPrefix("/v1/members") {
                return .answer(status: 200, #"{"items":\#(state.members),"next":null}"#)
            }
            // The probe finds a node well that only its calls know to be ill.
            if heard.path.hasPrefix("/.well-known") {
                if case .allow(_, let delay) = state.behaviour { return .allow(revision: 0, after: delay) }
                if case .hang = state.behaviour { return .hang }
                return .answer(status: 200, "{}")
            }
            return state.behaviour
        }
    }

    fileprivate func opened(_ channel: any Channel) {
        open.withLock { $0[ObjectIdentifier(channel)] = channel }
        channel.closeFuture.whenComplete { _ in self.open.withLock { $0[ObjectIdentifier(channel)] = nil } }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let box: Weak
        private var head: HTTPRequestHead?

        init(_ box: Weak) { self.box = box }

        func channelActive(context: ChannelHandlerContext) {
            box.node.withLock { $0 }?.opened(context.channel)
            context.fireChannelActive()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body: break
            case .end:
                guard let head, let node = box.node.withLock({ $0 }) else { return }
                let certificate = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
                    .peerCertificate
                let heard = Heard(
                    path: head.uri,
                    authorization: head.headers.first(name: "Authorization"),
                    certificate: certificate.flatMap { try? $0.toDERBytes() }
                )
                carryOut(node.respond(heard), context)
            }
        }

        private func carryOut(_ behaviour: Behaviour, _ context: ChannelHandlerContext) {
            switch behaviour {
            case .hang: break
            case .close: context.close(promise: nil)
            case .answer(let status, let text): write(status, text, context)
            case .allow(let revision, let delay):
                let text = #"{"decision":true,"context":{"reason":"allowed","revision":\#(revision),"epoch":0}}"#
                guard delay > .zero else { return write(200, text, context) }
                context.eventLoop.assumeIsolated().scheduleTask(in: delay) { self.write(200, text, context) }
            }
        }

        private func write(_ status: Int, _ text: String, _ context: ChannelHandlerContext) {
            var headers = HTTPHeaders([("Content-Type", "application/json")])
            headers.add(name: "Content-Length", value: String(text.utf8.count))
            let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}

/// A trust domain for fakes and their clients, its files in a folder that goes with it.
final class FakeAuthority: Sendable {
    let folder: URL
    private let issuer: CertificateIssuer
    private let domain: TrustDomain
    private static let validity = CertificateValidity(
        notBefore: WallTime(milliseconds: UInt64((Date.now.timeIntervalSince1970 - 3600) * 1000)),
        notAfter: WallTime(milliseconds: UInt64((Date.now.timeIntervalSince1970 + 3600) * 1000))
    )

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "reeve-client-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        domain = try TrustDomain(parsing: "test.internal")
        issuer = try CertificateIssuer.selfSigned(trustDomain: domain, key: PrivateKey(), validity: Self.validity)
        try issuer.certificate.pem.write(to: folder.appending(path: "roots.crt"), atomically: true, encoding: .utf8)
        try renew()
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var identity: ReeveIdentity { .certificate(chainFile: path("client.crt"), keyFile: path("client.key")) }
    var trust: ReeveTrust { .roots(file: path("roots.crt")) }
    func path(_ name: String) -> String { folder.appending(path: name).path() }

    /// Another key and certificate for the client, in the files that it reads.
    ///
    /// - Returns: The certificate, in DER.
    @discardableResult
    func renew(keyToo: Bool = true) throws -> [UInt8] {
        let key = PrivateKey()
        let id = try SPIFFEID(trustDomain: domain, path: "/service/gateway")
        let certificate = try issuer.issueClient(id, publicKey: key.publicKey, validity: Self.validity)
        if keyToo {
            let text = try PrivateKeyFile.pem(key, protection: .plainForDevelopment, place: "client")
            try text.write(toFile: path("client.key"), atomically: true, encoding: .utf8)
        }
        try certificate.pem.write(toFile: path("client.crt"), atomically: true, encoding: .utf8)
        return certificate.der
    }

    func serverContext() throws -> NIOSSLContext {
        let key = PrivateKey()
        let leaf = try issuer.issueNode(
            "n1",
            publicKey: key.publicKey,
            hosts: ["127.0.0.1"],
            validity: Self.validity
        )
        let pem = try PrivateKeyFile.pem(key, protection: .plainForDevelopment, place: "node")
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(try NIOSSLCertificate(bytes: leaf.der, format: .der))],
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(pem.utf8), format: .pem))
        )
        configuration.minimumTLSVersion = .tlsv13
        configuration.certificateVerification = .optionalVerification
        configuration.trustRoots = .certificates([
            try NIOSSLCertificate(bytes: issuer.certificate.der, format: .der)
        ])
        return try NIOSSLContext(configuration: configuration)
    }
}
