package import Cedar
package import Decision
internal import Directory
package import Identity
package import Kernel

/// Decisions, as plain functions of what is asked and what is known, so that the simulator calls what servers call.
package struct DecisionService: Sendable {
    package let rules: ClockRules

    package init(rules: ClockRules = ClockRules()) { self.rules = rules }

    /// Costs about a microsecond and never waits. Everything that is doubtful is a denial with a code.
    ///
    /// - Parameter workspace: Of the thread that decides.
    package func decide(
        _ query: DecisionQuery,
        by credential: Credential,
        in state: DecisionState,
        at now: Moment,
        using workspace: DecisionWorkspace = DecisionWorkspace()
    ) -> DecisionAnswer {
        state.snapshot.decide(query, by: credential, at: moment(state, now), using: workspace)
    }

    /// A page of what `decide` would allow. Bounded to what some hundred decisions cost.
    package func search(
        _ query: SearchQuery,
        _ page: SearchPage,
        by credential: Credential,
        in state: DecisionState,
        at now: Moment
    ) -> SearchAnswer {
        state.snapshot.search(query, page, by: credential, at: moment(state, now))
    }

    /// The same answer, with what led to it. Costs more.
    package func explain(
        _ query: DecisionQuery,
        by credential: Credential,
        in state: DecisionState,
        at now: Moment
    ) -> Explanation {
        state.snapshot.explain(query, by: credential, at: moment(state, now))
    }

    /// Whether the caller may see what a decision about the subject rests on.
    package func mayExplain(
        _ query: DecisionQuery,
        by credential: Credential,
        in state: DecisionState,
        at now: Moment
    ) -> Bool {
        state.snapshot
            .authorize(credential, action: "explain", on: query.subject.uid, at: moment(state, now)).isAllowed
    }

    /// Whether the caller may do something to Reeve itself, such as read the audit log.
    package func authorize(
        _ credential: Credential,
        action: String,
        on resource: EntityUID = EntityUIDs.cluster,
        context: Cedar.Record = .empty,
        in state: DecisionState,
        at now: Moment
    ) throws(ServiceError) {
        let answer = state.snapshot.authorize(
            credential,
            action: action,
            on: resource,
            context: context,
            at: moment(state, now)
        )
        guard !answer.isAllowed else { return }
        if let error = Self.authenticationError(answer.code) { throw error }
        if answer.code == .notReady { throw Self.notReady }
        throw ServiceError(
            .forbidden,
            code: answer.code.rawValue,
            message: "the policies of reeve.admin do not permit \(action) on \(resource)"
        )
    }

    /// Whether the node knows who shows this, be it only that it is revoked.
    package func knows(_ credential: Credential, in state: DecisionState, at now: Moment) -> Bool {
        switch state.snapshot.exclusion(of: credential, at: moment(state, now)) {
        case .tokenUnknown, .callerUnknown, .notReady: false
        default: true
        }
    }

    /// - Throws: Where the caller may do nothing at all. What this node does not know yet is no reason, since the others may.
    package func refuseExcluded(
        _ credential: Credential,
        in state: DecisionState,
        at now: Moment
    ) throws(ServiceError) {
        switch state.snapshot.exclusion(of: credential, at: moment(state, now)) {
        case .callerRevoked: throw ServiceError(CommandResult.Refusal(.callerRevoked))
        case .callerQuarantined, .callerRestricted: throw ServiceError(CommandResult.Refusal(.callerQuarantined))
        case let code? where code == .tokenExpired || code == .tokenRevoked:
            if let error = Self.authenticationError(code) { throw error }
        default: return
        }
    }

    /// What a caller is told instead of a decision when it is the caller that is in doubt; nil for decisions proper.
    package static func authenticationError(_ code: DecisionCode) -> ServiceError? {
        let message: String
        switch code {
        case .tokenUnknown: message = "there is no such token"
        case .tokenExpired: message = "the token has expired; issue a new one"
        case .tokenRevoked: message = "the token is revoked"
        case .callerUnknown: message = "the directory does not know the holder of this credential"
        case .allowed, .noPermit, .forbidden, .policyError, .stale, .principalRevoked, .principalQuarantined,
            .principalRestricted, .callerRevoked, .callerQuarantined, .callerRestricted, .notAuthorizedForSubject,
            .attributeConflict, .notReady, .logUnavailable:
            return nil
        }
        return ServiceError(.unauthenticated, code: code.rawValue, message: message)
    }

    /// Another node may be able to answer.
    package static let notReady = ServiceError(
        .unavailable,
        code: DecisionCode.notReady.rawValue,
        message: "this node has not caught up with the cluster yet; ask another"
    )

    /// Nil while the node must not decide, which denies.
    private func moment(_ state: DecisionState, _ now: Moment) -> DecisionMoment? {
        guard state.isServing, let freshness = state.freshness else { return nil }
        return DecisionMoment(freshness, at: now, rules: rules)
    }
}
