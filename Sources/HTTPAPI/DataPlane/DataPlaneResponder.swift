package import Kernel
package import NIOCore
package import NIOHTTP1

/// What answers the requests of a `DataPlaneServer`: decisions on a node, a constant in the bench's yardstick.
///
/// Called on event loops only, and never suspends: an answer takes microseconds.
package protocol DataPlaneResponder: Sendable {
    /// State of one event loop, used by that loop alone.
    associatedtype Lane

    func makeLane() -> Lane

    /// Of the state that answers are made from now; it never goes back.
    var revision: LogIndex { get }

    /// Fills in the answer. Every request gets one.
    func respond(to request: DataPlaneRequest, on lane: inout Lane, with response: inout DataPlaneResponse)

    /// Records what the answers since the last call have decided. They leave after it has returned true; after false,
    /// `deny` takes the place of each that holds decisions.
    func commit(_ lane: inout Lane) -> Bool

    /// Fills in what is said in place of decisions that could not be recorded.
    func deny(_ decisions: DataPlaneResponse.Decisions, with response: inout DataPlaneResponse)
}

/// One request, received whole.
package struct DataPlaneRequest {
    package let head: HTTPRequestHead
    package let fields: RequestFields
    package let body: ByteBuffer
    package let peer: PeerIdentity
    /// Of the request's connection.
    package let tokens: TokenMemo

    package init(
        head: HTTPRequestHead,
        fields: RequestFields,
        body: ByteBuffer,
        peer: PeerIdentity = .none,
        tokens: TokenMemo = TokenMemo()
    ) {
        self.head = head
        self.fields = fields
        self.body = body
        self.peer = peer
        self.tokens = tokens
    }
}

/// An answer, apart from what every answer has.
package struct DataPlaneResponse {
    /// What of the answer must not leave before it has been recorded.
    package enum Decisions: Hashable, Sendable {
        case none
        case one
        case several(Int)
        case search
    }

    package var status: HTTPResponseStatus = .ok
    package var mediaType: StaticString = "application/json"
    /// Further header lines, each with its line end.
    package var headerLines: StaticString = ""
    /// Without line breaks or other control characters; empty is none.
    package var requestID = ""
    package var body: [UInt8] = []
    package var decisions = Decisions.none
    /// Of a state that the request wants and that is not there yet. The answer says that; there is a better one once it is.
    package var awaitedRevision: LogIndex?
    package var closesConnection = false

    package init() {}

    /// Ready for the next request, with the memory of the last.
    package mutating func reset() {
        status = .ok
        mediaType = "application/json"
        headerLines = ""
        requestID = ""
        body.removeAll(keepingCapacity: true)
        decisions = .none
        awaitedRevision = nil
        closesConnection = false
    }
}

/// Bounds on what one client may take of a server.
package struct DataPlaneLimits: Hashable, Sendable {
    package var bodyByteCount = 256 * 1024
    /// Names and values of one request's header, together.
    package var headerByteCount = 16 * 1024
    package var headerCount = 64
    /// Open at the same time; further ones are closed unread.
    package var connections = 10_000
    /// From the connection to its first request, TLS handshake included.
    package var handshakeTimeout = TimeAmount.seconds(10)
    /// From the first byte of a request that has been decoded to its last.
    package var requestTimeout = TimeAmount.seconds(10)
    /// Between requests.
    package var idleTimeout = TimeAmount.seconds(75)
    /// For the revision that a request wants the answer to reflect. Less than what clients give a node to answer in, so that
    /// they hear that it is behind and need not guess why it is silent.
    package var revisionTimeout = TimeAmount.milliseconds(250)
    /// For answers to be taken by the client.
    package var writeTimeout = TimeAmount.seconds(20)
    /// For what is under way when the server stops.
    package var drainTimeout = TimeAmount.seconds(5)

    package init() {}
}
