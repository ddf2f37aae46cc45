package import Keys
package import Logging
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import ServiceLifecycle

/// Serves a `DataPlaneResponder` over HTTP/1.1 and TLS on event loops of its own.
///
/// Bound on creation, so that an address in use is an error at start; serves until `run` is told to stop. On a graceful
/// shutdown it takes no more connections, answers what it has received, and closes each connection after that.
package struct DataPlaneServer<Responder: DataPlaneResponder>: ServiceLifecycle.Service, CustomStringConvertible {
    package struct Configuration: Sendable {
        package var host: String
        /// 0 lets the system choose.
        package var port: Int
        /// Nil serves without TLS, for tests.
        package var tls: ServerTLS?
        /// Judges the certificates that clients show. Without it nobody is known by a certificate.
        package var verifier: PeerVerifier?
        package var eventLoopCount: Int
        package var limits: DataPlaneLimits

        package init(
            host: String,
            port: Int,
            tls: ServerTLS?,
            verifier: PeerVerifier? = nil,
            eventLoopCount: Int = System.coreCount,
            limits: DataPlaneLimits = DataPlaneLimits()
        ) {
            self.host = host
            self.port = port
            self.tls = tls
            self.verifier = verifier
            self.eventLoopCount = max(1, eventLoopCount)
            self.limits = limits
        }
    }

    package let counters: DataPlaneCounters
    private let channel: any Channel
    private let group: MultiThreadedEventLoopGroup
    private let lanes: [NIOLoopBound<EventLane<Responder>>]
    private let limits: DataPlaneLimits
    private let logger: Logger

    /// Where it listens, such as `127.0.0.1:8443`.
    package var address: String { ListenError.text(channel.localAddress) }
    package var port: Int { channel.localAddress?.port ?? 0 }
    package var description: String { "data plane at \(address)" }

    package static func bind(
        _ configuration: Configuration,
        responder: Responder,
        logger: Logger
    ) async throws(ListenError) -> DataPlaneServer {
        let counters = DataPlaneCounters()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.eventLoopCount)
        do {
            var lanes: [NIOLoopBound<EventLane<Responder>>] = []
            for loop in group.makeIterator() {
                lanes.append(try await lane(on: loop, configuration, responder, counters).get())
            }
            let channel = try await bootstrap(configuration, group, lanes, counters)
                .bind(host: configuration.host, port: configuration.port).get()
            return DataPlaneServer(
                counters: counters,
                channel: channel,
                group: group,
                lanes: lanes,
                limits: configuration.limits,
                logger: logger
            )
        } catch {
            try? await group.shutdownGracefully()
            throw ListenError(error, host: configuration.host, port: configuration.port)
        }
    }

    package func run() async throws {
        // A closed channel has none any more.
        let address = "\(address)"
        logger.info("listening", metadata: ["address": "\(address)"])
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await channel.closeFuture.get()
        } onCancelOrGracefulShutdown: {
            channel.close(promise: nil)
        }
        await drain()
        try await group.shutdownGracefully()
        logger.info("stopped listening", metadata: ["address": "\(address)"])
    }

    /// Waits for the connections to end, and ends those that do not in time.
    private func drain() async {
        let ends = lanes.map { lane in
            let promise = lane.eventLoop.makePromise(of: Void.self)
            lane.eventLoop.execute { lane.value.drain(promise) }
            lane.eventLoop.scheduleTask(in: limits.drainTimeout) { lane.value.closeAll() }
            return promise.futureResult
        }
        for end in ends { try? await end.get() }
    }

    private static func lane(
        on loop: any EventLoop,
        _ configuration: Configuration,
        _ responder: Responder,
        _ counters: DataPlaneCounters
    ) -> EventLoopFuture<NIOLoopBound<EventLane<Responder>>> {
        loop.submit {
            let lane = EventLane(
                responder: responder,
                limits: configuration.limits,
                counters: counters,
                verifier: configuration.verifier,
                eventLoop: loop
            )
            lane.start()
            return NIOLoopBound(lane, eventLoop: loop)
        }
    }

    private static func bootstrap(
        _ configuration: Configuration,
        _ group: MultiThreadedEventLoopGroup,
        _ lanes: [NIOLoopBound<EventLane<Responder>>],
        _ counters: DataPlaneCounters
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelInitializer { channel in
                guard counters.opened(limit: configuration.limits.connections) else { return channel.close() }
                channel.closeFuture.whenComplete { _ in counters.closed() }
                return channel.eventLoop.makeCompletedFuture {
                    guard let lane = lanes.first(where: { $0.eventLoop === channel.eventLoop }) else {
                        throw ChannelError.operationUnsupported
                    }
                    if let tls = configuration.tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls.current))
                    }
                    try addHandlers(to: channel, lane: lane.value)
                }
            }
    }

    /// Serves channels that somebody else has made, all of one loop on which nothing else is served.
    package static func serve(
        _ channels: [any Channel],
        on eventLoop: any EventLoop,
        responder: Responder,
        limits: DataPlaneLimits = DataPlaneLimits(),
        peer: PeerIdentity = .none
    ) throws {
        let lane = EventLane(
            responder: responder,
            limits: limits,
            counters: DataPlaneCounters(),
            verifier: nil,
            eventLoop: eventLoop
        )
        lane.start()
        for channel in channels { try addHandlers(to: channel, lane: lane, peer: peer) }
    }

    /// Everything above TLS.
    private static func addHandlers(
        to channel: any Channel,
        lane: EventLane<Responder>,
        peer: PeerIdentity? = nil
    ) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = lane.limits.headerByteCount
        limits.maxHeaderListSize = lane.limits.headerByteCount
        limits.maxHeaderFieldCount = lane.limits.headerCount
        let decoder = HTTPRequestDecoder(limitConfiguration: limits)
        try channel.pipeline.syncOperations.addHandlers([
            ByteToMessageHandler(decoder),
            DataPlaneConnection(lane: lane, peer: peer),
        ])
    }
}
