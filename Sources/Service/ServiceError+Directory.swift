package import Directory

extension ServiceError {
    /// Of a command that the directory did not carry out; the code is the directory's own.
    package init(_ refusal: CommandResult.Refusal) {
        let names = refusal.names.joined(separator: ", ")
        self.init(
            Self.kind(of: refusal.code),
            code: refusal.code.rawValue,
            message: names.isEmpty ? Self.text(of: refusal.code) : Self.text(of: refusal.code, names)
        )
    }

    private static func text(of code: RefusalCode, _ names: String) -> String {
        switch code {
        case .notFound, .unknownReference: "there is no \(names)"
        default: "\(text(of: code)): \(names)"
        }
    }

    package init(_ damage: StateDamage) {
        self.init(.unavailable, code: "state_damaged", message: damage.description)
    }

    private static func kind(of code: RefusalCode) -> Kind {
        switch code {
        case .late, .notAfterTooFar, .invalid, .unknownReference, .cycle, .tooDeep, .invalidPolicy, .notLiftable:
            .invalid
        case .unauthorized, .callerRevoked, .callerQuarantined, .ticketInvalid: .forbidden
        case .notFound: .notFound
        case .idempotencyConflict, .alreadyBootstrapped, .alreadyExists, .inUse, .immutable, .revoked, .lockout,
            .featureLevel, .alreadyJoined, .alreadyVoter, .lastVoter, .incarnationUsed, .identityClaimed, .notAChange,
            .sealKeyClaimed, .sealKeyMissing, .limitReached:
            .conflict
        case .revisionMismatch, .preconditionFailed: .preconditionFailed
        case .tooLarge: .tooLarge
        case .tooManyPending: .overloaded
        case .notBootstrapped, .notAVoter: .unavailable
        }
    }

    /// What the code means and what to do about it; the names concerned follow.
    private static func text(of code: RefusalCode) -> String {
        switch code {
        case .late: "the command's not-after time has passed; send it again with a new idempotency key"
        case .notAfterTooFar: "the not-after time lies more than 24 hours ahead"
        case .idempotencyConflict: "the idempotency key was used for another command; use a new key"
        case .tooManyPending: "too many idempotency keys are in force for this caller; wait or reuse them"
        case .unauthorized: "the policies of reeve.admin do not permit this"
        case .callerRevoked: "the caller is revoked"
        case .callerQuarantined: "the caller is restricted or quarantined"
        case .notBootstrapped: "the cluster has not been initialised"
        case .alreadyBootstrapped: "the cluster has been initialised already"
        case .featureLevel: "the cluster's feature level is too low for this"
        case .invalid: "not well-formed"
        case .tooLarge: "too large"
        case .notFound: "not found"
        case .alreadyExists: "exists already"
        case .revisionMismatch: "it has changed since that revision; read it again"
        case .unknownReference: "there is nothing of the name that it refers to"
        case .cycle: "would be its own ancestor"
        case .tooDeep: "the hierarchy would be too deep or have too many ancestors"
        case .inUse: "others refer to it"
        case .immutable: "cannot be changed after creation"
        case .revoked: "is revoked, which is for ever; create one with another name"
        case .invalidPolicy: "the policies are not valid"
        case .lockout: "nobody could activate policies any more"
        case .notLiftable: "only statements of quarantine and restriction can be lifted"
        case .limitReached: "a limit of the directory is reached, and something has to be removed first"
        case .ticketInvalid:
            "there is no such invitation: it has expired, another node has used it, or a later one has replaced it; issue one with "
                + "`reeve cluster add`"
        case .alreadyJoined: "this node has joined by this ticket"
        case .alreadyVoter: "votes already"
        case .lastVoter: "nobody would be left to vote"
        case .incarnationUsed: "was a member and cannot come back under this incarnation"
        case .identityClaimed:
            "this member's log is in another data directory; if that is lost, remove the member and add it again"
        case .sealKeyClaimed:
            "this member has named another key for seals; if that is lost, remove the member and add it again"
        case .sealKeyMissing:
            "has not named the key that it signs seals with; it does so by itself once it runs and has caught up"
        case .notAChange: "members change only by entries that consensus knows to change them"
        case .notAVoter: "the node that took the request is no voter of the cluster; send it to another"
        case .preconditionFailed: "is there and must not be yet, or must be and is not"
        }
    }
}
