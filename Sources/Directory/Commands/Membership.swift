package import Kernel

/// A place in the cluster that an administrator holds free for one node, who proves by a secret that it is meant.
package struct JoinTicket: Hashable, Sendable {
    /// Of the node to come, as in its SPIFFE ID.
    package let name: String
    /// `host:port` for peers.
    package let raftAddress: String
    /// `host:port` for each API.
    package let apiAddresses: [String]
    /// SHA-256 of the secret, which is random and stays with the voter that drew it, who shows it once.
    package let secretDigest: Digest
    package let expiresAt: WallTime
    /// For an edge. Otherwise it is for a member, which joins as a learner.
    package let isEdge: Bool
    /// Of the node to come.
    package let labels: Labels

    package init(
        name: String,
        raftAddress: String,
        apiAddresses: [String],
        secretDigest: Digest,
        expiresAt: WallTime,
        isEdge: Bool = false,
        labels: Labels = .none
    ) {
        self.name = name
        self.raftAddress = raftAddress
        self.apiAddresses = apiAddresses
        self.secretDigest = secretDigest
        self.expiresAt = expiresAt
        self.isEdge = isEdge
        self.labels = labels
    }

    /// The ticket without what the voter drew.
    var withoutSecret: JoinTicket {
        JoinTicket(
            name: name,
            raftAddress: raftAddress,
            apiAddresses: apiAddresses,
            secretDigest: .zero,
            expiresAt: expiresAt,
            isEdge: isEdge,
            labels: labels
        )
    }
}

/// A node that takes the place of a ticket.
package struct Joining: Hashable, Sendable {
    package let name: String
    package let secretDigest: Digest
    /// Given by the voter that the node asked: new, or that of a former node of this name under a higher incarnation.
    package let id: MemberID
    /// SHA-256 of the DER-encoded public key that the node made for itself.
    package let keyFingerprint: Digest
    /// Names the node's data directory.
    package let instance: Digest

    package init(name: String, secretDigest: Digest, id: MemberID, keyFingerprint: Digest, instance: Digest) {
        self.name = name
        self.secretDigest = secretDigest
        self.id = id
        self.keyFingerprint = keyFingerprint
        self.instance = instance
    }
}

/// What a command does to who votes. It takes effect in consensus in the very entry that carries the command, if and only
/// if the command is carried out there.
package enum MemberChange: Hashable, Sendable {
    case addLearner(MemberID)
    case promote(MemberID)
    case remove(MemberID)
}

extension CommandBody {
    /// Whether a node that joins by it becomes an edge.
    var joinsEdge: Bool { if case .joinEdge = self { true } else { false } }

    /// Nil for commands that leave the members as they are.
    package var memberChange: MemberChange? {
        switch self {
        case .join(let joining): .addLearner(joining.id)
        case .promoteMember(let id): .promote(id)
        case .removeMember(let id): .remove(id)
        case .bootstrap, .put, .delete, .draftPolicies, .activatePolicies, .deletePolicySet, .issueToken, .revoke,
            .quarantine, .liftQuarantine, .raiseFeatureLevel, .putSettings, .addAdministrator, .removeAdministrator,
            .issueJoinTicket, .withdrawJoinTicket, .joinEdge, .removeEdge, .claimMember, .pinIssuer, .claimSealKey,
            .issueWarrant, .withdrawWarrant, .judgeStatement, .labelNode, .beginRollout,
            .steerRollout, .reportRollout:
            nil
        }
    }
}
