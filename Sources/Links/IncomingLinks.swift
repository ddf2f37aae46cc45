internal import Kernel
internal import Keys
internal import Logging
internal import NIOCore
internal import NIOSSL
internal import Synchronization

/// The connections that other nodes have dialled: counted, bounded, and closed when their member goes.
final class IncomingLinks: Sendable {
    private struct Connection {
        let channel: any Channel
        /// From where it comes.
        let address: String
        /// Nil until its hello is accepted.
        var member: LinkMember?
        /// As its hello said.
        var instance: Digest?
        /// Told to end with this reason.
        var ending: LinkFailure?
    }

    private struct State {
        /// Ids count up, so that the smallest is the oldest.
        var connections: [UInt64: Connection] = [:]
        var nextID: UInt64 = 0
        var isClosed = false
        /// When a failure of this code was last written to the log. Anybody can cause failures: one a second is enough.
        var logged: [String: NIODeadline] = [:]
    }

    private let environment: LinkEnvironment
    private let state = Mutex(State())

    init(environment: LinkEnvironment) { self.environment = environment }

    /// Sets up an accepted connection. When too many have not said who they are it takes the place of another.
    func admit(_ channel: any Channel) throws {
        let limit = environment.options.maximumUnidentified
        let address = channel.remoteAddress?.ipAddress ?? ""
        let (id, replaced): (UInt64?, (any Channel)?) = state.withLock { state in
            guard !state.isClosed else { return (nil, nil) }
            state.nextID += 1
            state.connections[state.nextID] = Connection(channel: channel, address: address)
            let waiting = state.connections.filter { $0.value.member == nil && $0.value.ending == nil }
            guard waiting.count > limit, let replaced = Self.replaced(of: waiting.mapValues(\.address)) else {
                return (state.nextID, nil)
            }
            state.connections[replaced]?.ending = .tooManyUnidentified
            return (state.nextID, waiting[replaced]?.channel)
        }
        replaced?.close(promise: nil)
        guard let id else { return channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in self.state.withLock { $0.connections[id] = nil } }
        let record = RefusalRecord()
        let roster = environment.roster
        let verification = TLSContexts.verification(
            environment.verifier,
            of: .client,
            expecting: { roster.expectation },
            clock: environment.clock,
            refused: { record.set($0) }
        )
        let tls = NIOSSLServerHandler(
            context: environment.context.current,
            customVerificationCallback: verification
        )
        let session = IncomingSession(id: id, channel: channel, links: self)
        let handler = LinkHandler(session: session, tls: tls, refusal: record, options: environment.options)
        try channel.pipeline.syncOperations.addHandlers([tls, handler])
    }

    /// The oldest of the address from which most of them come, so that whoever opens many keeps out nobody else.
    ///
    /// - Parameter waiting: Addresses, by the ids of the connections.
    static func replaced(of waiting: [UInt64: String]) -> UInt64? {
        let groups = Dictionary(grouping: waiting.keys) { waiting[$0] }.values.compactMap { ids in
            ids.min().map { (count: ids.count, oldest: $0) }
        }
        return groups.max { ($0.count, $1.oldest) < ($1.count, $0.oldest) }?.oldest
    }

    var count: Int { state.withLock { $0.connections.count } }

    /// Closes the connections of members that are not what they were.
    func closeChanged() {
        let peers = Dictionary(environment.roster.all.map { ($0.id, $0) }) { _, last in last }
        let roster = environment.roster
        end(.memberChanged) { connection in
            guard let member = connection.member, let instance = connection.instance else { return false }
            return peers[member.id] != member || !roster.admits(instance, of: member.id)
        }
    }

    /// Completes once all are closed. None is admitted after.
    func close() -> [EventLoopFuture<Void>] {
        state.withLock { $0.isClosed = true }
        return end(.shutdown) { _ in true }
    }

    @discardableResult
    private func end(_ failure: LinkFailure, where matches: (Connection) -> Bool) -> [EventLoopFuture<Void>] {
        let channels = state.withLock { state in
            state.connections.filter { matches($0.value) }.map { id, connection in
                state.connections[id]?.ending = failure
                return connection.channel
            }
        }
        for channel in channels { channel.close(promise: nil) }
        return channels.map(\.closeFuture)
    }

    private func report(_ failure: LinkFailure, of channel: any Channel, member: LinkMember?) {
        environment.counters.failed(failure)
        let now = NIODeadline.now()
        let isDue = state.withLock { state in
            if let logged = state.logged[failure.code], now - logged < .seconds(1) { return false }
            state.logged[failure.code] = now
            return true
        }
        guard isDue else { return }
        environment.logger.notice(
            "incoming peer connection ended",
            metadata: [
                "peer": "\(member?.name ?? "unidentified")",
                "from": "\(channel.remoteAddress?.description ?? "unknown")",
                "code": "\(failure.code)", "reason": "\(failure)",
            ]
        )
    }
}

/// The listening side of one connection.
private final class IncomingSession: LinkSession {
    private let id: UInt64
    private let channel: any Channel
    private let links: IncomingLinks
    private var member: LinkMember?

    init(id: UInt64, channel: any Channel, links: IncomingLinks) {
        self.id = id
        self.channel = channel
        self.links = links
    }

    func secured(_ certificate: ParsedCertificate) throws(LinkFailure) -> FirstFrame? {
        try links.secured(certificate)
        return nil
    }

    func accept(_ hello: Hello, from certificate: ParsedCertificate) throws(LinkFailure) -> FirstFrame? {
        let member = try links.identify(id, by: hello, certificate: certificate)
        self.member = member
        return links.answer(to: member)
    }

    func established(_ channel: any Channel) {}
    func received(_ frame: [UInt8]) throws(LinkFailure) -> TimeAmount? {
        member.flatMap { links.received(frame, from: $0) }
    }
    func writable() {}
    func ended(_ failure: LinkFailure) { links.ended(id, failure, channel: channel, member: member) }
}

extension IncomingLinks {
    fileprivate func secured(_ certificate: ParsedCertificate) throws(LinkFailure) {
        do {
            // Again, since a resumed session skips the callback.
            try environment.verifier.check(
                certificate,
                as: .client,
                expecting: environment.roster.expectation,
                at: environment.clock()
            )
        } catch { throw .certificate(error) }
    }

    fileprivate func identify(
        _ id: UInt64,
        by hello: Hello,
        certificate: ParsedCertificate
    ) throws(LinkFailure) -> LinkMember {
        let member: LinkMember
        do { member = try environment.roster.accept(hello, certificate: certificate) } catch { throw .hello(error) }
        let limit = environment.options.maximumIncomingPerMember
        let oldest: (any Channel)? = state.withLock { state in
            state.connections[id]?.member = member
            state.connections[id]?.instance = hello.instance
            let own = state.connections.filter { $0.value.member?.id == member.id && $0.value.ending == nil }
            guard own.count > limit, let oldest = own.keys.min() else { return nil }
            state.connections[oldest]?.ending = .replaced
            return own[oldest]?.channel
        }
        oldest?.close(promise: nil)
        return member
    }

    fileprivate func answer(to member: LinkMember) -> FirstFrame { .hello(environment.roster.hello(to: member.id)) }

    fileprivate func received(_ frame: [UInt8], from member: LinkMember) -> TimeAmount? {
        environment.counters.received(bytes: frame.count + FrameDecoder.headerByteCount)
        return environment.delegate.received(frame, from: member.id)
    }

    fileprivate func ended(_ id: UInt64, _ failure: LinkFailure, channel: any Channel, member: LinkMember?) {
        let told = state.withLock { $0.connections[id]?.ending }
        report(told ?? failure, of: channel, member: member)
    }
}
