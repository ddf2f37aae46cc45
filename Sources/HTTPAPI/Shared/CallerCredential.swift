package import Identity
internal import JSON
package import Kernel
internal import Keys
package import Service

/// What a request proves of its sender: by an API token if it carries one, else by the certificate of its connection.
package enum CallerCredential {
    /// - Throws: `ServiceError` of kind `unauthenticated` for a request without either, or with a bad one. A bad token is
    ///   not made up for by a good certificate.
    package static func of(
        _ fields: RequestFields,
        peer: PeerIdentity,
        at now: WallTime
    ) throws(ServiceError) -> Credential {
        if fields.authorization == nil { try certificate(peer, at: now) } else { try token(fields) }
    }

    private static func token(_ fields: RequestFields) throws(ServiceError) -> Credential {
        guard let token = fields.bearerToken else {
            throw error("unsupported_authorization", "use Authorization: Bearer with an API token")
        }
        guard TokenSecret.isWellFormed(token) else {
            throw error("malformed_token", "this is not one of Reeve's API tokens")
        }
        return .token(secretDigest: .of(Array(token.utf8)))
    }

    private static func certificate(_ peer: PeerIdentity, at now: WallTime) throws(ServiceError) -> Credential {
        switch peer {
        case .none:
            throw error(
                "no_credential",
                "send an API token (Authorization: Bearer …) or connect with a client certificate"
            )
        case .refused(let refusal):
            throw error("certificate_\(refusal.code)", "client certificate: \(refusal)")
        case .verified(let identity, let credential):
            // The connection may outlive the certificate that it began with.
            guard identity.validity.notAfter > now else {
                throw error("certificate_expired", "the client certificate has expired; connect with a new one")
            }
            guard let credential else {
                throw error("not_a_principal", "\(identity.spiffeID) is neither a principal nor an administrator")
            }
            return credential
        }
    }

    private static func error(_ code: String, _ message: String) -> ServiceError {
        ServiceError(.unauthenticated, code: code, message: message)
    }
}

/// The token that a connection brought last, so that one that comes with every request is hashed once.
///
/// What it proves is only which token that is; whether the token is in force, each decision asks anew.
package final class TokenMemo {
    private var authorization = ""
    private var credential: Credential?

    package init() {}

    func credential(
        _ fields: RequestFields,
        peer: PeerIdentity,
        at now: WallTime
    ) throws(ServiceError) -> Credential {
        guard let given = fields.authorization else { return try CallerCredential.of(fields, peer: peer, at: now) }
        if let credential, given.isExactly(authorization) { return credential }
        let credential = try CallerCredential.of(fields, peer: peer, at: now)
        authorization = given
        self.credential = credential
        return credential
    }
}

extension PrincipalID {
    /// Of `spiffe://DOMAIN/KIND/NAME`; nil for any other form. The trust domain is for the caller to have checked.
    package init?(_ id: SPIFFEID) {
        let segments = id.segments
        guard segments.count == 2, let kind = PrincipalKind(rawValue: segments[0]) else { return nil }
        self.init(kind: kind, name: segments[1])
    }
}
