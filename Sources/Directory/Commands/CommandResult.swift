package import Kernel

/// What became of a command. Recorded with its idempotency key, so that a retry gets the same answer.
package enum CommandResult: Hashable, Sendable {
    case done(Done)
    case refused(Refusal)

    package struct Done: Hashable, Sendable {
        /// Log index of the command: a read at this revision sees its effect.
        package let revision: LogIndex
        /// Last change of the object; lower than `revision` when the command found it as it wished it to be.
        package let objectRevision: LogIndex
        /// Ids that the command made: a policy version's number, a statement's digest in hexadecimal.
        package let created: [String]

        package init(revision: LogIndex, objectRevision: LogIndex, created: [String] = []) {
            self.revision = revision
            self.objectRevision = objectRevision
            self.created = created
        }
    }

    /// Why a command was not carried out.
    ///
    /// What is recorded is a code and the names concerned, never prose: prose differs between versions of the program,
    /// and replicas of different versions must hold equal bytes.
    package struct Refusal: Hashable, Sendable, Error {
        package let code: RefusalCode
        package let names: [String]

        package init(_ code: RefusalCode, _ names: [String] = []) {
            self.code = code
            self.names = names
        }
    }
}

/// Stable codes for refusals. Raw values are part of the API and of the log: append, never change.
package enum RefusalCode: String, Hashable, Sendable, CaseIterable {
    /// The log time is past the command's not-after.
    case late
    /// Not-after lies more than 24 hours ahead.
    case notAfterTooFar = "not_after_too_far"
    /// The key was used with another body.
    case idempotencyConflict = "idempotency_conflict"
    /// The caller has too many keys within their retention.
    case tooManyPending = "too_many_pending"
    case unauthorized
    case callerRevoked = "caller_revoked"
    case callerQuarantined = "caller_quarantined"
    /// The log has no first entry yet.
    case notBootstrapped = "not_bootstrapped"
    case alreadyBootstrapped = "already_bootstrapped"
    /// The command needs a feature level that the cluster has not reached.
    case featureLevel = "feature_level"
    /// A value breaks its grammar or bounds.
    case invalid
    case tooLarge = "too_large"
    case notFound = "not_found"
    case alreadyExists = "already_exists"
    /// The object changed since the revision that the caller named.
    case revisionMismatch = "revision_mismatch"
    /// A role, principal or resource that the object refers to is not there.
    case unknownReference = "unknown_reference"
    /// The object would be its own ancestor.
    case cycle
    case tooDeep = "too_deep"
    /// Other objects refer to it.
    case inUse = "in_use"
    /// A field that may not change after creation.
    case immutable
    /// The subject is revoked, and stays so.
    case revoked
    case invalidPolicy = "invalid_policy"
    /// Nobody could activate policies any more.
    case lockout
    /// Only statements of quarantine can be lifted.
    case notLiftable = "not_liftable"
    case limitReached = "limit_reached"
    /// There is no such ticket, it has expired, or another node has used it.
    case ticketInvalid = "ticket_invalid"
    /// The very node that asks has joined by this ticket before.
    case alreadyJoined = "already_joined"
    case alreadyVoter = "already_voter"
    /// Nobody would be left to vote.
    case lastVoter = "last_voter"
    /// The id was a member's under this incarnation or a higher one.
    case incarnationUsed = "incarnation_used"
    /// Another data directory holds what this member promised.
    case identityClaimed = "identity_claimed"
    /// Who votes can change only by an entry that says so to consensus as well.
    case notAChange = "not_a_change"
    /// The object is there and must not be, or the reverse.
    case preconditionFailed = "precondition_failed"
    /// The node that authenticated the caller is no voter, or no longer one.
    case notAVoter = "not_a_voter"
    /// The member has named another key by which its seals are checked.
    case sealKeyClaimed = "seal_key_claimed"
    /// All voters sign seals, and this member has not named a key for it.
    case sealKeyMissing = "seal_key_missing"
}
