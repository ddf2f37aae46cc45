package import Identity
package import Kernel

/// What a command asks for. Indirect, since commands are remembered, compared and handed on more often than looked into.
package indirect enum CommandBody: Hashable, Sendable {
    /// The first entry of every log, and only that.
    case bootstrap(Genesis)

    /// Creates what is not there and replaces what is. An object equal to the stored one changes nothing.
    case put(DirectoryObject, Precondition)
    /// Removes an object that nothing else refers to; a principal's own assignments and tokens go with it.
    case delete(ObjectKey, Precondition)

    /// Adds a version to a policy set, creating the set when it is not there. Takes no effect before activation.
    case draftPolicies(PolicyDraft)
    /// Puts a version in force in place of the active one. An earlier version may be activated again: a roll-back.
    case activatePolicies(set: String, version: UInt64, Precondition)
    case deletePolicySet(String, Precondition)

    case issueToken(TokenGrant)

    /// For ever: the id never acts again, and never comes back. One that cascades takes everything below a principal, too.
    case revoke(RevocationSubject, reason: String, cascades: Bool = false)
    /// Takes a principal out of action until the statement is lifted; one that cascades, everything below it as well.
    case quarantine(PrincipalID, QuarantineLevel, reason: String, cascades: Bool = false)
    /// Lifts the statements named; those never act again.
    case liftQuarantine(statements: [Digest], reason: String)

    case issueWarrant(WarrantSpec)
    /// For ever. What was recorded under it stands.
    case withdrawWarrant(name: String)
    /// The calling voter brings a statement that was made outside the log, for the log to judge.
    case judgeStatement(SignedStatement)

    case raiseFeatureLevel(FeatureLevel)
    case putSettings(Settings, Precondition)
    case addAdministrator(fingerprint: Digest, name: String)
    case removeAdministrator(fingerprint: Digest)

    /// Invites a node. A second ticket for a name replaces the first.
    case issueJoinTicket(JoinTicket)
    case withdrawJoinTicket(name: String)
    /// Makes the holder of a ticket a learner, in the authority of whoever issued the ticket.
    case join(Joining)
    /// Makes the holder of a ticket for an edge one, in the same authority.
    case joinEdge(Joining)
    /// Makes a learner a voter.
    case promoteMember(MemberID)
    /// For ever: the node may come back only under a higher incarnation.
    case removeMember(MemberID)
    /// For ever, as for a member.
    case removeEdge(MemberID)
    /// The calling node names its data directory.
    case claimMember(instance: Digest)
    /// The public key of the authority by which a member issues certificates.
    case pinIssuer(MemberID, key: Digest)
    /// The calling node names the public key that it signs seals with: a compressed point of P-256.
    case claimSealKey([UInt8])
    /// Changes what a member or an edge is marked with.
    case labelNode(MemberID, LabelChange)

    /// Puts a version in force ring by ring. The precondition is of the set.
    case beginRollout(RolloutSpec, Precondition)
    case steerRollout(set: String, RolloutAct)
    /// The calling node says what it has counted.
    case reportRollout(RolloutReport)
}

/// What must hold of the object before a command may change it.
package enum Precondition: Hashable, Sendable {
    case none
    /// HTTP `If-None-Match: *`.
    case mustNotExist
    /// HTTP `If-Match: *`.
    case mustExist
    /// HTTP `If-Match` with an entity tag: the object's last change happened at this index.
    case revision(LogIndex)
}

/// An object that is described whole, in one declaration.
package enum DirectoryObject: Hashable, Sendable {
    case principal(PrincipalSpec)
    case role(RoleSpec)
    case assignment(AssignmentSpec)
    case resource(ResourceSpec)

    package var key: ObjectKey {
        switch self {
        case .principal(let spec): .principal(spec.id)
        case .role(let spec): .role(spec.name)
        case .assignment(let spec): .assignment(spec.id)
        case .resource(let spec): .resource(spec.id)
        }
    }
}

/// Names one object.
package enum ObjectKey: Hashable, Sendable, CustomStringConvertible {
    case principal(PrincipalID)
    case role(String)
    case assignment(String)
    case resource(EntityName)
    case token(String)

    package var description: String {
        switch self {
        case .principal(let id): id.description
        case .role(let name): "role/\(name)"
        case .assignment(let id): "assignment/\(id)"
        case .resource(let id): "resource/\(id)"
        case .token(let id): "token/\(id)"
        }
    }
}

/// A new version of a policy set.
package struct PolicyDraft: Hashable, Sendable {
    package let set: String
    /// Cedar policies, at most 256 KiB.
    package let text: String
    package let note: String
    /// Concerns the set, whose revision changes with each draft and activation.
    package let precondition: Precondition

    package init(set: String, text: String, note: String = "", precondition: Precondition = .none) {
        self.set = set
        self.text = text
        self.note = note
        self.precondition = precondition
    }
}

/// A new API token. The secret itself stays with the voter that drew it, which shows it once.
package struct TokenGrant: Hashable, Sendable {
    package let id: String
    package let principal: PrincipalID
    /// SHA-256 of the secret, which is random and long enough that guessing is hopeless without salt or stretching.
    package let secretDigest: Digest
    package let expiresAt: WallTime
    package let description: String

    package init(
        id: String,
        principal: PrincipalID,
        secretDigest: Digest,
        expiresAt: WallTime,
        description: String = ""
    ) {
        self.id = id
        self.principal = principal
        self.secretDigest = secretDigest
        self.expiresAt = expiresAt
        self.description = description
    }
}

/// What a revocation takes out of action.
package enum RevocationSubject: Hashable, Comparable, Sendable, CustomStringConvertible {
    case principal(PrincipalID)
    /// By id.
    case token(String)

    package var description: String {
        switch self {
        case .principal(let id): id.description
        case .token(let id): "token/\(id)"
        }
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.description < rhs.description }
}

/// How far a quarantine goes.
package enum QuarantineLevel: String, Hashable, Sendable, CaseIterable {
    /// Only what a policy marked `@allow_restricted` permits.
    case restrict
    /// Nothing.
    case quarantine
}
