package import Cedar
package import Directory
package import Kernel

/// Why a decision came out as it did. Raw values are part of the API: append, never change.
package enum DecisionCode: String, Hashable, Sendable, CaseIterable {
    case allowed
    /// No permit applied.
    case noPermit = "no_permit"
    case forbidden
    /// A forbid could not be evaluated, so it counts as one that applies; or more is above an entity than is looked at.
    case policyError = "policy_error"
    /// Permits would have applied with fresher knowledge.
    case stale
    case principalRevoked = "principal_revoked"
    case principalQuarantined = "principal_quarantined"
    /// Only permits marked `@allow_restricted` apply, and none did.
    case principalRestricted = "principal_restricted"
    /// The credential is good, but the directory does not know whose it is.
    case callerUnknown = "caller_unknown"
    case callerRevoked = "caller_revoked"
    case callerQuarantined = "caller_quarantined"
    case callerRestricted = "caller_restricted"
    case tokenUnknown = "token_unknown"
    case tokenExpired = "token_expired"
    case tokenRevoked = "token_revoked"
    /// The caller asked for somebody else without `Reeve::Action::"decideFor"`.
    case notAuthorizedForSubject = "not_authorized_for_subject"
    /// The request says other than the directory of the same attribute.
    case attributeConflict = "attribute_conflict"
    /// The node has not caught up since it started, has no proof of freshness, or cannot read its state.
    case notReady = "not_ready"
    /// What cannot be logged is denied. Given by the layer that logs.
    case logUnavailable = "log_unavailable"
}

/// The answer to a question, how old the knowledge behind it is, and what it rests on.
///
/// Callers get decision, code, age and duties; the rest only with `Reeve::Action::"explain"`, since a near miss guides an attacker.
package struct DecisionAnswer: Hashable, Sendable {
    package let code: DecisionCode
    package let revision: LogIndex
    package let epoch: UInt64
    /// Nil when the node has no proof of freshness.
    package let age: Span?
    /// Who asked, nil when that could not be told.
    package let caller: EntityUID?
    /// Policies that brought the answer about.
    package let policies: DecidingPolicies
    /// Policies that could not be evaluated.
    package let failures: [PolicyVerdict.Failure]
    /// Properties in the request that did not count, since the caller may not assert them.
    package let ignoredProperties: [IgnoredProperty]
    /// What statements against others took from the caller or the subject.
    package let cascades: [CascadeEffect]
    /// For the enforcement point, whoever that is.
    package let duties: DecisionDuties

    package struct IgnoredProperty: Hashable, Sendable {
        package let entity: EntityUID
        package let name: String
    }

    package var isAllowed: Bool { code == .allowed }

    /// The same question answered with a denial for a reason that lies outside of the policies.
    package func denied(_ code: DecisionCode) -> DecisionAnswer {
        DecisionAnswer(
            code: code,
            revision: revision,
            epoch: epoch,
            age: age,
            caller: caller,
            policies: .none,
            failures: [],
            ignoredProperties: ignoredProperties,
            cascades: cascades,
            duties: .none
        )
    }
}

/// The present, as far as a node knows it, at the time of a decision.
package struct DecisionMoment: Hashable, Sendable {
    package let interval: TimeInterval
    package let age: Span

    package init(interval: TimeInterval, age: Span) {
        self.interval = interval
        self.age = age
    }

    package init(_ freshness: Freshness, at now: Moment, rules: ClockRules) {
        let bounds = freshness.interval(at: now.monotonic, rules: rules)
        self.interval = TimeInterval(earliest: bounds.earliest, latest: bounds.latest)
        self.age = freshness.age(at: now)
    }
}
