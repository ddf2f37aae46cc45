internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Kernel
package import Keys
package import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import Service
internal import ServiceLifecycle

/// Serves the admin API over HTTP/1.1 and TLS 1.3 until it is told to stop.
package struct AdminServer: ServiceLifecycle.Service {
    package struct Configuration: Sendable {
        package let host: String
        package let port: Int
        package let tls: ServerTLS
        /// Judges the certificates that clients show.
        package let verifier: PeerVerifier

        package init(host: String, port: Int, tls: ServerTLS, verifier: PeerVerifier) {
            self.host = host
            self.port = port
            self.tls = tls
            self.verifier = verifier
        }
    }

    /// A further one waits until another ends: descriptors are left for the decision port and for the links between nodes.
    package static let maximumConnections = 1000

    private let api: AdminAPI
    private let configuration: Configuration
    private let logger: Logger

    package init(_ api: AdminAPI, _ configuration: Configuration, logger: Logger) {
        self.api = api
        self.configuration = configuration
        self.logger = logger
    }

    /// - Throws: `ListenError` when the port cannot be had.
    package func run() async throws {
        let tls = configuration.tls
        let responder = AdminResponder(api: api, identities: ConnectionIdentities(verifier: configuration.verifier))
        let application = Application(
            responder: responder,
            server: HTTPServerBuilder { responder in
                let base = HTTP1Channel(responder: responder, configuration: .init(idleTimeout: .seconds(75)))
                return RenewableTLSChannel(base: base, tls: tls)
            },
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                serverName: "reeve",
                availableConnectionsDelegate: MaximumAvailableConnections(Self.maximumConnections)
            ),
            logger: Self.quiet(logger)
        )
        do { try await application.run() } catch let error as IOError {
            throw ListenError(error, host: configuration.host, port: configuration.port)
        }
    }

    /// The framework's own lines tell operators nothing that they can act on.
    private static func quiet(_ logger: Logger) -> Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }
}

/// TLS below HTTP; the framework's own keeps for ever the certificate that it began with.
private struct RenewableTLSChannel<Base: ServerChildChannel>: ServerChildChannel {
    let base: Base
    let tls: ServerTLS

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls.current))
        }.flatMap { base.setup(channel: channel, logger: logger) }
    }

    func handle(value: Base.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

/// Carries requests from the framework to the API.
struct AdminResponder: HTTPResponder {
    let api: AdminAPI
    let identities: ConnectionIdentities

    func respond(to request: Request, context: AdminContext) async throws -> Response {
        let answer = await self.answer(request, context)
        var headers = HTTPFields()
        headers[.contentType] = answer.mediaType
        headers[.cacheControl] = "no-store"
        for header in answer.headers {
            if let name = HTTPField.Name(header.name) { headers[name] = header.value }
        }
        if let name = HTTPField.Name("X-Request-ID"), let id = request.headers[name] {
            headers[name] = RequestIDText.sanitized(id)
        }
        let isHead = request.method == .head
        return Response(
            status: .init(code: answer.status),
            headers: headers,
            body: isHead ? ResponseBody() : Self.body(of: answer)
        )
    }

    private static func bodyError(_ error: any Error) -> ServiceError {
        guard error is NIOTooManyBytesError else {
            return ServiceError(.invalid, code: "incomplete_body", message: "the body did not arrive whole")
        }
        let message = "the body has more than \(AdminAPI.bodyLimit) bytes"
        return ServiceError(.tooLarge, code: "body_too_large", message: message)
    }

    private static func body(of answer: AdminResponse) -> ResponseBody {
        guard let source = answer.stream else { return ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)) }
        // The client's reading sets the pace. A failure breaks the connection off before the end, which the client sees.
        return ResponseBody { writer in
            while let piece = try await source.next() { try await writer.write(ByteBuffer(bytes: piece)) }
            try await writer.finish(nil)
        }
    }

    private func answer(_ request: Request, _ context: AdminContext) async -> AdminResponse {
        let body: ByteBuffer
        do { body = try await request.body.collect(upTo: AdminAPI.bodyLimit) } catch {
            return .problem(ProblemDetails(Self.bodyError(error)))
        }
        var headers = HTTPHeaders()
        for field in request.headers { headers.add(name: field.name.rawName, value: field.value) }
        return await api.respond(
            to: AdminRequest(
                method: request.method.rawValue,
                target: request.head.path ?? "",
                headers: headers,
                body: Array(body.readableBytesView),
                peer: await identities.identity(of: context.channel, at: api.client.now().wall)
            )
        )
    }
}

/// Keeps hold of the connection of a request.
struct AdminContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: Source) {
        self.coreContext = .init(source: source)
        self.channel = source.channel
    }
}
