internal import Kernel
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

/// One client's connection: puts requests together, has them answered in order, and keeps to the limits.
///
///     TLS ── HTTP decoder ── this
///
/// Answers are written as bytes, below the decoder. Those of pipelined requests leave in one write.
final class DataPlaneConnection<Responder: DataPlaneResponder>: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case idle
        case receiving(HTTPRequestHead, RequestFields, body: ByteBuffer)
        /// For the revision that the request wants; whatever comes after it is kept. Indirect, so that the phases of every request
        /// stay small.
        indirect case waiting(DataPlaneRequest)
        /// An answer has been given that ends the connection; the rest of the request is dropped until it is complete.
        case discarding(remaining: Int)
        case closed
    }

    /// An answer in `output`, up to a position.
    private struct Held {
        let end: Int
        let decisions: DataPlaneResponse.Decisions
        let requestID: String
        let isHEAD: Bool
        let closes: Bool
    }

    private let lane: EventLane<Responder>
    private var phase = Phase.idle
    private var context: ChannelHandlerContext?
    private var peer: PeerIdentity?
    private let tokens = TokenMemo()
    /// What was received while a request waits: at most what had been read by then, since no more is read.
    private var backlog: [HTTPServerRequestPart] = []
    private var output = ByteBuffer()
    private var held: [Held] = []
    private var closesAfterRelease = false
    private(set) var deadline: NIODeadline

    init(lane: EventLane<Responder>, peer: PeerIdentity? = nil) {
        self.lane = lane
        self.peer = peer
        self.deadline = lane.eventLoop.now + lane.limits.handshakeTimeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        lane.add(self)
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .closed
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        phase = .closed
        self.context = nil
        lane.remove(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { receive(unwrapInboundIn(data), context) }

    private func receive(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch (part, phase) {
        case (.head(let head), .idle): begin(head, context)
        case (.body(let part), .receiving(let head, let fields, var body)):
            // Out of the phase while it grows, or each part would copy all before it.
            phase = .idle
            guard body.readableBytes + part.readableBytes <= lane.limits.bodyByteCount else {
                return refuse(head, fields, .bodyTooLarge(limit: lane.limits.bodyByteCount))
            }
            if body.readableBytes == 0 { body = part } else { body.writeImmutableBuffer(part) }
            phase = .receiving(head, fields, body: body)
        case (.end, .receiving(let head, let fields, let body)):
            phase = .idle
            let peer = identifiedPeer(context)
            answer(DataPlaneRequest(head: head, fields: fields, body: body, peer: peer, tokens: tokens))
        case (.body(let part), .discarding(let remaining)):
            if part.readableBytes > remaining {
                close()
            } else {
                phase = .discarding(remaining: remaining - part.readableBytes)
            }
        case (let part, .waiting): backlog.append(part)
        case (.end, .discarding): if held.isEmpty { close() } else { closesAfterRelease = true }
        // The decoder gives parts in order; after the last answer nothing is wanted.
        case (.head, _), (.body, _), (.end, _): break
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard !closesAfterRelease else { return }
        deadline = lane.eventLoop.now + lane.limits.requestTimeout
        let fields = RequestFields(head.headers)
        if let length = fields.contentLength.flatMap(Int.init), length > lane.limits.bodyByteCount {
            return refuse(head, fields, .bodyTooLarge(limit: lane.limits.bodyByteCount))
        }
        if fields.expectsContinue {
            output.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
            if held.isEmpty { flush(context) }
        }
        phase = .receiving(head, fields, body: ByteBuffer())
    }

    /// - Parameter waits: Whether the answer may be put off until the node has the revision that the request wants.
    private func answer(_ request: DataPlaneRequest, waits: Bool = true) {
        lane.response.reset()
        lane.responder.respond(to: request, on: &lane.state, with: &lane.response)
        if waits, let revision = lane.response.awaitedRevision { return wait(for: revision, with: request) }
        hold(request.head, asksForUpgrade: request.fields.asksForUpgrade)
        deadline = lane.eventLoop.now + lane.limits.idleTimeout
    }

    private func refuse(_ head: HTTPRequestHead, _ fields: RequestFields, _ problem: HTTPProblem) {
        lane.response.reset()
        lane.response.requestID = fields.requestID
        problem.write(to: &lane.response)
        lane.response.closesConnection = true
        phase = .discarding(remaining: 16 * lane.limits.bodyByteCount)
        hold(head, asksForUpgrade: false)
    }

    /// Takes over the lane's response.
    private func hold(_ head: HTTPRequestHead, asksForUpgrade: Bool) {
        // After a request to change the protocol the decoder stops, so that nothing that follows could be answered.
        let stops = head.method == .CONNECT || asksForUpgrade
        let closes = lane.response.closesConnection || !head.isKeepAlive || stops || lane.isDraining
        let isHEAD = head.method == .HEAD
        lane.counters.answered(lane.response.status.code)
        lane.head.append(lane.response, isHEAD: isHEAD, closes: closes, to: &output)
        held.append(
            Held(
                end: output.writerIndex,
                decisions: lane.response.decisions,
                requestID: lane.response.requestID,
                isHEAD: isHEAD,
                closes: closes
            )
        )
        if case .discarding = phase {} else if closes { closesAfterRelease = true }
        lane.hold(self, isFirst: held.count == 1)
    }

    /// Sends what is held, now that it has been recorded, or says no in its place.
    func release(isRecorded: Bool) {
        guard let context else { return held.removeAll() }
        if !isRecorded { replaceDecisions() }
        held.removeAll(keepingCapacity: true)
        flush(context)
        if closesAfterRelease { close() }
    }

    private func replaceDecisions() {
        let given = output
        var start = given.readerIndex
        output = ByteBuffer()
        for answer in held {
            if answer.decisions == .none {
                output.writeImmutableBuffer(given.getSlice(at: start, length: answer.end - start) ?? ByteBuffer())
            } else {
                lane.response.reset()
                lane.response.requestID = answer.requestID
                lane.responder.deny(answer.decisions, with: &lane.response)
                lane.head.append(lane.response, isHEAD: answer.isHEAD, closes: answer.closes, to: &output)
            }
            start = answer.end
        }
    }

    private func flush(_ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(output), promise: nil)
        output.clear()
    }
}

extension DataPlaneConnection {
    private func identifiedPeer(_ context: ChannelHandlerContext) -> PeerIdentity {
        if let peer { return peer }
        let identity = lane.identify(try? context.pipeline.syncOperations.nioSSL_peerCertificate())
        peer = identity
        return identity
    }

    private func wait(for revision: LogIndex, with request: DataPlaneRequest) {
        phase = .waiting(request)
        deadline = lane.eventLoop.now + lane.limits.idleTimeout
        updateReading()
        lane.wait(for: revision, self)
    }

    /// Answers the request that waits, from whatever the node has by now, and then those behind it.
    func resume() {
        guard let context, case .waiting(let request) = phase else { return }
        phase = .idle
        answer(request, waits: false)
        let parts = backlog
        backlog = []
        for part in parts { receive(part, context) }
        updateReading()
    }

    /// A client that does not take its answers gets no further requests read.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if !context.channel.isWritable { deadline = lane.eventLoop.now + lane.limits.writeTimeout }
        updateReading()
        context.fireChannelWritabilityChanged()
    }

    private func updateReading() {
        guard let channel = context?.channel else { return }
        var reads = channel.isWritable
        if case .waiting = phase { reads = false }
        try? channel.syncOptions?.setOption(.autoRead, value: reads)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.headerOverflow: reject(.headerTooLarge)
        case is HTTPParserError: reject(.malformedHTTP)
        case is NIOSSLError, is BoringSSLError:
            lane.counters.failedTLS()
            close()
        default: close()
        }
    }

    /// Answers bytes that are no request, after which nothing can be decoded any more.
    private func reject(_ problem: HTTPProblem) {
        switch phase {
        case .closed, .discarding, .waiting: return close()
        case .idle, .receiving: break
        }
        guard !closesAfterRelease else { return }
        phase = .idle
        closesAfterRelease = true
        lane.response.reset()
        problem.write(to: &lane.response)
        lane.response.closesConnection = true
        hold(HTTPRequestHead(version: .http1_1, method: .POST, uri: "/"), asksForUpgrade: false)
    }

    func expire() {
        lane.counters.timedOut()
        close()
    }

    func drain() {
        guard held.isEmpty, case .idle = phase else { return }
        close()
    }

    func close() {
        phase = .closed
        context?.close(promise: nil)
    }
}
