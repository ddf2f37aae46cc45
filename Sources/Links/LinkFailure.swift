package import Keys

/// Why a connection to or from a peer ended or did not come about.
package enum LinkFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// No connection: the operating system's reason.
    case unreachable(String)
    case tls(String)
    /// Its certificate is not accepted here.
    case certificate(PeerRefusal)
    /// Its hello is not accepted here.
    case hello(HelloRefusal)
    /// It does not accept ours.
    case refusedByPeer(HelloRefusal)
    case frame(FrameError)
    /// A frame where none belongs: connections carry frames one way.
    case unexpectedFrame
    case helloTimeout
    case closedByPeer
    case connectionLost(String)
    /// Too many connections of this member; this was the oldest.
    case replaced
    /// Too many connections whose peer is not known yet; this was the oldest.
    case tooManyUnidentified
    /// No longer a member, or one with another address or key.
    case memberChanged
    /// Still a member, whom this node has no more frames for.
    case notDialled
    case shutdown

    /// A short stable name, for counters and log fields.
    package var code: String {
        switch self {
        case .unreachable: "unreachable"
        case .tls: "tls"
        case .certificate(let refusal): "certificate_\(refusal.code)"
        case .hello(let refusal): "hello_\(refusal.code)"
        case .refusedByPeer(let refusal): "refused_by_peer_\(refusal.code)"
        case .frame(let error): "frame_\(error.code)"
        case .unexpectedFrame: "unexpected_frame"
        case .helloTimeout: "hello_timeout"
        case .closedByPeer: "closed_by_peer"
        case .connectionLost: "connection_lost"
        case .replaced: "replaced"
        case .tooManyUnidentified: "too_many_unidentified"
        case .memberChanged: "member_changed"
        case .notDialled: "not_dialled"
        case .shutdown: "shutdown"
        }
    }

    package var description: String {
        switch self {
        case .unreachable(let reason): "cannot connect: \(reason)"
        case .tls(let reason): "TLS failed: \(reason)"
        case .certificate(let refusal): "certificate refused: \(refusal)"
        case .hello(let refusal): "hello refused: \(refusal)"
        case .refusedByPeer(let refusal): "the peer refused our hello: \(refusal)"
        case .frame(let error): "\(error)"
        case .unexpectedFrame: "a frame on a connection that carries none in this direction"
        case .helloTimeout: "no hello in time"
        case .closedByPeer: "closed by the peer"
        case .connectionLost(let reason): "connection lost: \(reason)"
        case .replaced: "replaced by a newer connection of the same member"
        case .tooManyUnidentified: "too many connections that have not said who they are"
        case .memberChanged: "the member was removed, or changed its address or key"
        case .notDialled: "no link to the member is wanted any more"
        case .shutdown: "shutting down"
        }
    }
}
