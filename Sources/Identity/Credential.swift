package import Kernel

/// What a caller has proved, after the shell that holds the connection has verified it.
///
/// A value of this type is never built from a request's body or from a header that the caller controls, but for the
/// token's secret, of which only the digest is kept.
package enum Credential: Hashable, Sendable, CustomStringConvertible {
    /// An administrator's key, by the SHA-256 of its DER-encoded public key.
    case administrator(fingerprint: Digest)
    /// A certificate whose SPIFFE ID names a principal of this trust domain.
    case principal(PrincipalID)
    /// An API token, by the SHA-256 of its secret. Whom it stands for is in the directory.
    case token(secretDigest: Digest)
    /// A member of the cluster, by a certificate whose key the log pins.
    case node(MemberID)

    package var description: String {
        switch self {
        case .administrator(let fingerprint): "administrator \(fingerprint)"
        case .principal(let principal): principal.description
        case .token(let digest): "token \(digest)"
        case .node(let member): "node \(member)"
        }
    }
}
