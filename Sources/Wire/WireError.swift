/// Why bytes from a peer or a disk are not what they should be. Says which field, and never holds the bytes themselves.
package enum WireError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not Protocol Buffers, or cut short.
    case malformed(String)
    case missing(String)
    case invalid(String, reason: String)
    /// Gossip, alone in its frame, that this program does not know or no node in good order sends. Its sender's budget pays.
    case unreadableGossip(reason: String)

    package var description: String {
        switch self {
        case .malformed(let type): "\(type): not a valid encoding"
        case .missing(let field): "\(field): missing"
        case .invalid(let field, let reason): "\(field): \(reason)"
        case .unreadableGossip(let reason): reason
        }
    }
}
