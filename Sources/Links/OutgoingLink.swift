internal import Kernel
internal import Keys
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// The connection that carries frames to one member. Dials, and dials again, until it is stopped.
final class OutgoingLink: Sendable {
    private struct State {
        var channel: (any Channel)?
        var backoff: Backoff
        var establishedAt: NIODeadline?
        var isStopped = false
        var retry: Scheduled<Void>?
        /// The failure that the log was told of, so that a peer that is down is not told of each second.
        var loggedFailure: String?
    }

    let member: LinkMember
    private let environment: LinkEnvironment
    private let loop: any EventLoop
    private let queue: SendQueue
    private let state: NIOLoopBoundBox<State>
    private let failure = Mutex<LinkFailure?>(nil)

    /// Bytes of small frames that go into one write.
    private static let batchByteCount = 256 * 1024

    init(to member: LinkMember, environment: LinkEnvironment, loop: any EventLoop) {
        self.member = member
        self.environment = environment
        self.loop = loop
        self.queue = SendQueue(
            byteLimit: max(environment.options.maximumQueuedByteCount, environment.options.maximumFrameByteCount),
            frameLimit: environment.options.maximumQueuedFrameCount
        )
        self.state = NIOLoopBoundBox.makeBoxSendingValue(
            State(backoff: Backoff(environment.options.retry)),
            eventLoop: loop
        )
    }

    func start() { loop.execute { self.connectLater() } }

    /// Completes once the connection is closed. Nothing is dialled after.
    func stop(_ reason: LinkFailure) -> EventLoopFuture<Void> {
        loop.flatSubmit {
            self.state.withValue { state in
                state.isStopped = true
                state.retry?.cancel()
            }
            guard let channel = self.state.value.channel else { return self.loop.makeSucceededVoidFuture() }
            self.failure.withLock { $0 = reason }
            channel.close(promise: nil)
            return channel.closeFuture
        }
    }

    /// Never blocks; see `PeerLinks.send`.
    func send(_ frame: [UInt8]) -> SendResult {
        switch queue.offer(frame) {
        case .queued: return .queued
        case .firstQueued:
            // On the next turn of the loop, so that what else is sent in this one goes along.
            loop.execute { self.drain() }
            return .queued
        case .refused(let cause):
            environment.counters.dropped(cause)
            return .dropped(cause)
        }
    }

    var status: LinkStatistics.Peer {
        let state = queue.state
        return LinkStatistics.Peer(
            member: member,
            isConnected: state.isOpen,
            queuedByteCount: state.byteCount,
            lastFailure: failure.withLock { $0 }
        )
    }

    private func connectLater() {
        guard !state.value.isStopped else { return }
        var random = SystemRandomNumberGenerator()
        let delay = state.withValue { $0.backoff.next(using: &random) }
        let retry = loop.scheduleTask(in: delay) { self.connect() }
        state.withValue { $0.retry = retry }
    }

    private func connect() {
        guard !state.value.isStopped else { return }
        let options = environment.options
        let unacknowledged = ChannelOptions.Types.SocketOption(level: .tcp, name: Self.tcpUserTimeout)
        // TLS comes after the connection, not in an initialiser: of several addresses of a name some are dialled in vain.
        ClientBootstrap(group: loop)
            .connectTimeout(options.connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(unacknowledged, value: .init(options.unacknowledgedTimeout.nanoseconds / 1_000_000))
            .channelOption(.writeBufferWaterMark, value: .init(low: 512 * 1024, high: 1024 * 1024))
            .connect(host: member.host, port: member.port)
            .hop(to: loop)
            .whenComplete { result in
                switch result {
                case .failure(let error): self.ended(.unreachable(String("\(error)".prefix(200))))
                case .success(let channel): self.connected(channel)
                }
            }
    }

    /// Linux's number of the option that bounds how long sent bytes may stay unacknowledged; see tcp(7).
    private static let tcpUserTimeout = NIOBSDSocket.Option(rawValue: 18)

    /// From here on the session says when the connection has ended.
    private func connected(_ channel: any Channel) {
        if state.value.isStopped { return channel.close(promise: nil) }
        do {
            try secure(channel)
            state.withValue { $0.channel = channel }
        } catch {
            channel.close(promise: nil)
            ended(.connectionLost(String("\(error)".prefix(200))))
        }
    }

    private func secure(_ channel: any Channel) throws {
        let record = RefusalRecord()
        let member = member
        let verification = TLSContexts.verification(
            environment.verifier,
            of: .server,
            expecting: { .member(name: member.name, key: member.keyFingerprint) },
            clock: environment.clock,
            refused: { record.set($0) }
        )
        let tls = try NIOSSLClientHandler(
            context: environment.context.current,
            serverHostname: nil,
            customVerificationCallback: verification
        )
        let handler = LinkHandler(
            session: OutgoingSession(self),
            tls: tls,
            refusal: record,
            options: environment.options
        )
        // The handshake starts when TLS is added, and whoever is behind it must hear of it.
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.pipeline.syncOperations.addHandler(tls, position: .first)
    }

    private func drain() {
        guard let channel = state.value.channel, state.value.establishedAt != nil else { return }
        var hasWritten = false
        // When the channel is full the drain stays open, so that senders do not wake this loop in vain; it goes on
        // when the channel is writable again.
        while channel.isWritable {
            let frames = queue.take(byteCount: Self.batchByteCount)
            if frames.isEmpty { break }
            let byteCount = frames.reduce(0) { $0 + $1.count + FrameDecoder.headerByteCount }
            var bytes = channel.allocator.buffer(capacity: byteCount)
            for frame in frames { FrameDecoder.encode(frame, into: &bytes) }
            channel.write(bytes, promise: nil)
            environment.counters.sent(frames: frames.count, bytes: byteCount)
            hasWritten = true
        }
        if hasWritten { channel.flush() }
    }
}

/// The dialling side of one connection.
private final class OutgoingSession: LinkSession {
    private let link: OutgoingLink

    init(_ link: OutgoingLink) { self.link = link }

    func secured(_ certificate: ParsedCertificate) throws(LinkFailure) -> FirstFrame? {
        try link.secured(certificate)
    }

    func accept(_ hello: Hello, from certificate: ParsedCertificate) throws(LinkFailure) -> FirstFrame? {
        try link.accept(hello, from: certificate)
        return nil
    }

    func established(_ channel: any Channel) { link.established(channel) }
    /// The peer sends its frames over the connection that it dialled.
    func received(_ frame: [UInt8]) throws(LinkFailure) -> TimeAmount? { throw .unexpectedFrame }
    func writable() { link.writable() }
    func ended(_ failure: LinkFailure) { link.ended(failure) }
}

extension OutgoingLink {
    fileprivate func secured(_ certificate: ParsedCertificate) throws(LinkFailure) -> FirstFrame? {
        do {
            // Again, since a resumed session skips the callback.
            try environment.verifier.check(
                certificate,
                as: .server,
                expecting: .member(name: member.name, key: member.keyFingerprint),
                at: environment.clock()
            )
        } catch { throw .certificate(error) }
        return .hello(environment.roster.hello(to: member.id))
    }

    fileprivate func accept(_ hello: Hello, from certificate: ParsedCertificate) throws(LinkFailure) {
        let sender: LinkMember
        do { sender = try environment.roster.accept(hello, certificate: certificate) } catch { throw .hello(error) }
        guard sender == member else { throw .hello(.unknownSender) }
    }

    fileprivate func established(_ channel: any Channel) {
        state.withValue { state in
            state.channel = channel
            state.establishedAt = .now()
            state.loggedFailure = nil
        }
        failure.withLock { $0 = nil }
        queue.open()
        environment.logger.info(
            "connected to peer",
            metadata: ["peer": "\(member.name)", "address": "\(member.address)"]
        )
        environment.delegate.connected(member.id)
    }

    fileprivate func writable() { drain() }

    fileprivate func ended(_ reason: LinkFailure) {
        let establishedAt = state.value.establishedAt
        let isStopped = state.value.isStopped
        let reason = isStopped ? failure.withLock { $0 } ?? reason : reason
        environment.counters.dropped(.connectionEnded, count: queue.close())
        failure.withLock { $0 = reason }
        state.withValue { state in
            state.channel = nil
            state.establishedAt = nil
            if let establishedAt { state.backoff.reset(after: .now() - establishedAt) }
        }
        log(reason, isStopped: isStopped)
        if establishedAt != nil { environment.delegate.disconnected(member.id, reason: reason) }
        connectLater()
    }

    private func log(_ reason: LinkFailure, isStopped: Bool) {
        environment.counters.failed(reason)
        guard !isStopped, state.value.loggedFailure != reason.code else { return }
        state.withValue { $0.loggedFailure = reason.code }
        environment.logger.warning(
            "no connection to peer",
            metadata: [
                "peer": "\(member.name)", "address": "\(member.address)", "code": "\(reason.code)",
                "reason": "\(reason)",
            ]
        )
    }
}
