internal import Glibc
internal import Keys
internal import NIOCore
internal import NIOSSL
internal import NIOTLS
internal import Synchronization

/// One connection's part in a link: what differs between the side that dials and the side that listens.
///
/// All calls come on the connection's event loop, in this order: `secured`, `accept`, `established`, any number of
/// `received` and `writable`, and at the end, whatever happened before, `ended`.
protocol LinkSession: AnyObject {
    /// TLS is up. The frame to send at once, if any.
    func secured(_ certificate: ParsedCertificate) throws(LinkFailure) -> FirstFrame?
    /// The peer's hello has come. The frame to send in answer, if any.
    func accept(_ hello: Hello, from certificate: ParsedCertificate) throws(LinkFailure) -> FirstFrame?
    func established(_ channel: any Channel)
    /// How long nothing more is to be read, and no frame to be looked at; nil for no pause.
    func received(_ frame: [UInt8]) throws(LinkFailure) -> TimeAmount?
    func writable()
    func ended(_ failure: LinkFailure)
}

/// Where the TLS callback, which runs on no event loop, leaves its reason for the handler to find.
final class RefusalRecord: Sendable {
    private let refusal = Mutex<PeerRefusal?>(nil)

    func set(_ refusal: PeerRefusal) { self.refusal.withLock { $0 = $0 ?? refusal } }
    var value: PeerRefusal? { refusal.withLock { $0 } }
}

/// Carries a link over a TLS connection: first the hellos, within their time, then frames.
final class LinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case securing
        case greeting(ParsedCertificate)
        case established
        case ended
    }

    private let session: any LinkSession
    private let tls: NIOSSLHandler
    private let refusal: RefusalRecord
    private let options: LinkOptions
    private var phase = Phase.securing
    private var decoder = FrameDecoder(limit: Hello.maximumByteCount)
    private var timeout: Scheduled<Void>?
    /// The end of a pause in which nothing is read; nil while there is none.
    private var reading: Scheduled<Void>?
    /// Why the connection is being closed; the first reason counts.
    private var failure: LinkFailure?

    init(session: any LinkSession, tls: NIOSSLHandler, refusal: RefusalRecord, options: LinkOptions) {
        self.session = session
        self.tls = tls
        self.refusal = refusal
        self.options = options
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timeout = context.eventLoop.scheduleTask(in: options.helloTimeout) {
            let (handler, context) = bound.value
            handler.fail(.helloTimeout, context: context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent, case .securing = phase { secured(context: context) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard failure == nil else { return }
        decoder.append(unwrapInboundIn(data))
        handleFrames(context: context)
    }

    /// Those that have come, up to a pause.
    private func handleFrames(context: ChannelHandlerContext) {
        do {
            while failure == nil, reading == nil, let frame = try nextFrame() { try handle(frame, context: context) }
        } catch {
            fail(error, context: context)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if case .established = phase, context.channel.isWritable { session.writable() }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(reason(of: error), context: context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if failure == nil {
            failure =
                refusal.value.map { .certificate($0) } ?? (isWithinFrame ? .frame(.truncated) : .closedByPeer)
        }
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    private func secured(context: ChannelHandlerContext) {
        do {
            guard let der = try? tls.peerCertificate?.toDERBytes() else {
                throw LinkFailure.certificate(.noCertificate)
            }
            let certificate: ParsedCertificate
            do { certificate = try ParsedCertificate(der: der) } catch { throw LinkFailure.certificate(error) }
            phase = .greeting(certificate)
            if let frame = try session.secured(certificate) { write(frame, context: context) }
        } catch let error as LinkFailure {
            fail(error, context: context)
        } catch {
            fail(.tls("\(error)"), context: context)
        }
    }

    private func nextFrame() throws(LinkFailure) -> [UInt8]? {
        do { return try decoder.next() } catch { throw .frame(error) }
    }

    private func handle(_ frame: [UInt8], context: ChannelHandlerContext) throws(LinkFailure) {
        switch phase {
        case .established:
            if let pause = try session.received(frame) { stopReading(for: pause, context: context) }
        case .greeting(let certificate): try greet(frame, from: certificate, context: context)
        case .securing, .ended: throw .unexpectedFrame
        }
    }

    /// What the peer sends meanwhile fills the buffers of the sockets, and then it has to wait. What had been read before, one reading at
    /// most, waits in the decoder.
    private func stopReading(for pause: TimeAmount, context: ChannelHandlerContext) {
        setReading(false, context: context)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        reading = context.eventLoop.scheduleTask(in: pause) {
            let (handler, context) = bound.value
            handler.reading = nil
            handler.handleFrames(context: context)
            if handler.reading == nil { handler.setReading(true, context: context) }
        }
    }

    private func setReading(_ isReading: Bool, context: ChannelHandlerContext) {
        // A channel that is closed meanwhile has nothing to read.
        _ = context.channel.setOption(.autoRead, value: isReading)
    }

    private func greet(
        _ frame: [UInt8],
        from certificate: ParsedCertificate,
        context: ChannelHandlerContext
    ) throws(LinkFailure) {
        let first: FirstFrame
        do { first = try FirstFrame(frame) } catch { throw .hello(error) }
        switch first {
        case .refusal(let refusal): throw .refusedByPeer(refusal)
        case .hello(let hello):
            if let answer = try session.accept(hello, from: certificate) { write(answer, context: context) }
            timeout?.cancel()
            phase = .established
            decoder.limit = options.maximumFrameByteCount
            session.established(context.channel)
        }
    }

    private func write(_ frame: FirstFrame, context: ChannelHandlerContext) {
        var bytes = context.channel.allocator.buffer(capacity: Hello.maximumByteCount)
        FrameDecoder.encode(frame.bytes, into: &bytes)
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    /// Closes, and says why to a peer whose hello was refused.
    private func fail(_ failure: LinkFailure, context: ChannelHandlerContext) {
        guard self.failure == nil else { return }
        self.failure = failure
        if case .hello(let refusal) = failure { write(.refusal(refusal), context: context) }
        context.close(promise: nil)
    }

    private func end() {
        timeout?.cancel()
        reading?.cancel()
        if case .ended = phase { return }
        phase = .ended
        session.ended(failure ?? .closedByPeer)
    }

    /// Whether the peer stopped before the end of what it began to say; in a pause nobody has looked.
    private var isWithinFrame: Bool { reading == nil && decoder.hasPartialFrame }

    private func reason(of error: any Error) -> LinkFailure {
        if let refusal = refusal.value { return .certificate(refusal) }
        // A peer that is killed closes its sockets without TLS's farewell, or resets them when it had not read everything.
        if case NIOSSLError.uncleanShutdown = error {
            return isWithinFrame ? .frame(.truncated) : .closedByPeer
        }
        if let error = error as? IOError, error.errnoCode == ECONNRESET || error.errnoCode == EPIPE {
            return .closedByPeer
        }
        let text = String("\(error)".prefix(200))
        return error is NIOSSLError || error is BoringSSLError ? .tls(text) : .connectionLost(text)
    }
}
