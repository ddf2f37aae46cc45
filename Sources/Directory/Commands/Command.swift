package import Identity
package import Kernel

/// One administrative act as it stands in the log: who, vouched for by which voter, what, and until when.
///
/// The time at which it happens is not in here: it is the timestamp that the leader gave the log entry.
package struct Command: Hashable, Sendable {
    /// The lowest replicated feature level under which the body may be applied.
    package let featureLevel: FeatureLevel
    package let caller: Caller
    /// The voter that verified the caller's credential and proposed the command. Of another the command is refused.
    package let authenticatedBy: MemberID
    /// Chosen by the caller, 1 to 128 printable ASCII bytes. A retry carries the same key and has no further effect.
    package let idempotencyKey: String
    /// The command is refused at a later log time, so that a caller knows when a lost one can no longer take effect.
    /// At most 24 hours after the time at which it is applied.
    package let notAfter: WallTime
    package let body: CommandBody

    /// - Parameter featureLevel: The body's own unless another is given.
    package init(
        featureLevel: FeatureLevel? = nil,
        caller: Caller,
        authenticatedBy: MemberID,
        idempotencyKey: String,
        notAfter: WallTime,
        body: CommandBody
    ) {
        self.featureLevel = featureLevel ?? body.featureLevel
        self.caller = caller
        self.authenticatedBy = authenticatedBy
        self.idempotencyKey = idempotencyKey
        self.notAfter = notAfter
        self.body = body
    }
}

/// Who asked for a command, as authenticated by a voter.
package enum Caller: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The holder of a key that the directory lists, by the SHA-256 of its DER-encoded public key.
    case administrator(fingerprint: Digest)
    /// A principal, by its certificate or by a token of its own.
    case principal(PrincipalID, token: String?)
    case node(MemberID)
    /// The first entry of a log only.
    case bootstrap

    package var description: String {
        switch self {
        case .administrator(let fingerprint): "administrator/\(fingerprint.hex)"
        case .principal(let principal, _): principal.description
        case .node(let member): "node/\(member.uuid)"
        case .bootstrap: "bootstrap"
        }
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.description < rhs.description }

    /// The caller, with whichever of its credentials it came.
    package var withoutToken: Caller {
        switch self {
        case .principal(let id, _): .principal(id, token: nil)
        case .administrator, .node, .bootstrap: self
        }
    }
}

/// How much of the log's language all voters understand. Raised by command, never lowered.
package struct FeatureLevel: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: UInt32

    package init(_ number: UInt32) { self.number = number }

    package static let first = FeatureLevel(1)
    /// Statements may cascade.
    package static let cascades = FeatureLevel(2)
    /// Settings may bound the age of knowledge by action.
    package static let actionAges = FeatureLevel(3)
    /// Members may name the keys that they sign seals with.
    package static let seals = FeatureLevel(4)
    /// Nodes may join that never vote.
    package static let edges = FeatureLevel(5)
    /// Nodes may be labelled, and policies rolled out over them.
    package static let labels = FeatureLevel(6)
    /// The highest that this program can apply.
    package static let supported = labels

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.number < rhs.number }
    package var description: String { "level \(number)" }
}

extension CommandBody {
    /// The lowest level at which all that the body says is understood: a program below it would take less away than is meant.
    package var featureLevel: FeatureLevel {
        switch self {
        case .revoke(_, _, let cascades), .quarantine(_, _, _, let cascades): cascades ? .cascades : .first
        case .issueWarrant(let spec): spec.cascades ? .cascades : .first
        case .judgeStatement(let signed): signed.statement.cascades ? .cascades : .first
        case .bootstrap(let genesis): genesis.settings.featureLevel
        case .putSettings(let settings, _): settings.featureLevel
        case .claimSealKey: .seals
        case .issueJoinTicket(let ticket): ticket.labels.isEmpty ? ticket.isEdge ? .edges : .first : .labels
        case .joinEdge, .removeEdge: .edges
        case .labelNode, .beginRollout, .steerRollout, .reportRollout: .labels
        case .put, .delete, .draftPolicies, .activatePolicies, .deletePolicySet, .issueToken,
            .liftQuarantine, .withdrawWarrant, .raiseFeatureLevel, .addAdministrator,
            .removeAdministrator, .withdrawJoinTicket, .join, .promoteMember, .removeMember, .claimMember,
            .pinIssuer:
            .first
        }
    }
}
