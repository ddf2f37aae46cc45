internal import Glibc
package import Kernel
package import Keys
package import Logging
package import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// Mutual-TLS connections between the members of a cluster, which carry frames of opaque bytes.
///
/// Each node dials every other, or those that its owner names, and sends its frames over the connection that it dialled;
/// connections that it accepted only receive. Both sides check the chain, the trust domain, the member's name and pinned key, the log's lineage and
/// both members' ids before any frame counts. Delivery is at most once, in order within a connection: what Raft needs.
package final class PeerLinks: Sendable {
    private struct State {
        var isStarted = false
        var isStopped = false
        var listener: (any Channel)?
        var outgoing: [MemberID: OutgoingLink] = [:]
    }

    private let roster: Roster
    private let options: LinkOptions
    private let group: any EventLoopGroup
    private let outgoing: LinkEnvironment
    private let incoming: IncomingLinks
    /// What this node shows to whom it dials, and to those that dial it.
    private let contexts: (client: PresentedContext, server: PresentedContext)
    private let counters: LinkCounters
    private let state = Mutex(State())

    /// - Parameters:
    ///   - local: This node, as the log names it. Its port is where to listen; 0 lets the system choose.
    ///   - instance: Names this node's data directory.
    ///   - clock: For the validity of certificates.
    package init(
        local: LinkMember,
        instance: Digest,
        roster: LinkRoster,
        credentials: NodeCredentials,
        lineage: Lineage,
        options: LinkOptions,
        clock: @escaping @Sendable () -> WallTime,
        group: any EventLoopGroup,
        delegate: any LinkDelegate,
        logger: Logger
    ) throws(LinksError) {
        let roster = Roster(local: local, lineage: lineage, instance: instance, roster: roster)
        let counters = LinkCounters()
        let contexts = (
            client: PresentedContext(try TLSContexts.peerClient(credentials)),
            server: PresentedContext(try TLSContexts.peerServer(credentials))
        )
        func environment(_ context: PresentedContext) -> LinkEnvironment {
            LinkEnvironment(
                roster: roster,
                verifier: credentials.verifier,
                context: context,
                options: options,
                clock: clock,
                counters: counters,
                delegate: delegate,
                logger: logger
            )
        }
        self.outgoing = environment(contexts.client)
        self.incoming = IncomingLinks(environment: environment(contexts.server))
        self.contexts = contexts
        self.roster = roster
        self.counters = counters
        self.options = options
        self.group = group
    }

    /// Listens, then dials. Returns once it listens; peers that are down are dialled until they are up.
    package func start() async throws(LinksError) {
        let isFirst = state.withLock { state in
            defer { state.isStarted = true }
            return !state.isStarted && !state.isStopped
        }
        guard isFirst else { throw .alreadyStarted }
        let listener = try await listen()
        let isStopped = state.withLock { state in
            state.listener = listener
            return state.isStopped
        }
        if isStopped { return listener.close(promise: nil) }
        dial()
    }

    /// The port that peers can dial, once started.
    package var listeningPort: Int? { state.withLock { $0.listener }?.localAddress?.port }

    /// Queues a frame for a member, or says why not. Never blocks and never waits; callable from any thread.
    package func send(_ frame: [UInt8], to member: MemberID) -> SendResult {
        guard !frame.isEmpty else { return drop(.empty) }
        guard frame.count <= options.maximumFrameByteCount else { return drop(.tooLarge) }
        guard let link = state.withLock({ $0.outgoing[member] }) else { return drop(.unknownMember) }
        return link.send(frame)
    }

    /// Replaces the members, and who of them is dialled. Connections of those that are unchanged stay as they are.
    package func update(_ roster: LinkRoster) {
        self.roster.replace(with: roster)
        dial()
        incoming.closeChanged()
    }

    /// Shows another certificate of the same key and roots on connections from now on; those that are open stay.
    package func present(_ credentials: NodeCredentials) throws(LinksError) {
        let client = try TLSContexts.peerClient(credentials)
        let server = try TLSContexts.peerServer(credentials)
        contexts.client.replace(by: client)
        contexts.server.replace(by: server)
    }

    package var statistics: LinkStatistics {
        var statistics = counters.snapshot
        let links = state.withLock { Array($0.outgoing.values) }
        statistics.peers = links.map(\.status).sorted { $0.member.id < $1.member.id }
        statistics.incomingConnections = incoming.count
        return statistics
    }

    /// Stops listening and closes every connection. The delegate is not called after it returns.
    package func shutdown() async {
        let (listener, links) = state.withLock { state in
            state.isStopped = true
            defer { state.outgoing = [:] }
            return (state.listener, Array(state.outgoing.values))
        }
        // Failures to close what is closed already are of no interest.
        try? await listener?.close().get()
        let closing = incoming.close() + links.map { $0.stop(.shutdown) }
        for future in closing { try? await future.get() }
    }

    /// Makes the links those of the roster.
    private func dial() {
        let (started, stopped) = state.withLock { state -> ([OutgoingLink], [OutgoingLink]) in
            guard state.isStarted, !state.isStopped else { return ([], []) }
            // Under the lock, so that of two updates the later has the last word.
            let wanted = Dictionary(roster.dialled.map { ($0.id, $0) }) { _, last in last }
            let stopped = state.outgoing.values.filter { wanted[$0.member.id] != $0.member }
            for link in stopped { state.outgoing[link.member.id] = nil }
            let started = wanted.values.filter { state.outgoing[$0.id] == nil }
                .map { OutgoingLink(to: $0, environment: outgoing, loop: group.next()) }
            for link in started { state.outgoing[link.member.id] = link }
            return (started, stopped)
        }
        for link in stopped { _ = link.stop(roster.peer(link.member.id) == link.member ? .notDialled : .memberChanged) }
        for link in started { link.start() }
    }

    private func listen() async throws(LinksError) -> any Channel {
        let host = options.listenHost ?? roster.local.host
        let address = host.contains(":") ? "[\(host)]:\(roster.local.port)" : "\(host):\(roster.local.port)"
        let incoming = incoming
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // No more than one reading, 64 KiB, is decrypted after the frame upon which a pause begins.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(Self.keepaliveIdleSeconds), value: 30)
            .childChannelOption(.tcpOption(Self.keepaliveIntervalSeconds), value: 10)
            .childChannelOption(.tcpOption(Self.keepaliveProbes), value: 3)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try incoming.admit(channel) }
            }
        do { return try await bootstrap.bind(host: host, port: roster.local.port).get() } catch {
            if let error = error as? IOError, error.errnoCode == EADDRINUSE { throw .addressInUse(address) }
            if let error = error as? IOError, error.errnoCode == EADDRNOTAVAIL {
                throw .cannotListen(address: address, reason: "this machine has no such address; see listen.raft")
            }
            throw .cannotListen(address: address, reason: "\(error)")
        }
    }

    /// Linux's numbers, see tcp(7): a peer that vanished without a word is noticed after a minute.
    private static let keepaliveIdleSeconds = NIOBSDSocket.Option(rawValue: 4)
    private static let keepaliveIntervalSeconds = NIOBSDSocket.Option(rawValue: 5)
    private static let keepaliveProbes = NIOBSDSocket.Option(rawValue: 6)

    private func drop(_ cause: DropCause) -> SendResult {
        counters.dropped(cause)
        return .dropped(cause)
    }
}
