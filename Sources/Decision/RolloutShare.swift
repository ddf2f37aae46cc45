package import Directory
package import Identity
internal import Kernel

/// A node's part in a roll-out whose rings it is in.
package struct RolloutShare: Hashable, Sendable {
    package let stage: RolloutStage
    package let spec: RolloutSpec
    /// Otherwise it is halted, and nothing is reported.
    package let isRunning: Bool
    /// Whether the log takes the node's counts.
    package let isWitness: Bool
    /// In force everywhere else; nil where no version is.
    let base: ActivePolicySet?
    /// Why this node goes on deciding by the version before; nil where it decides by the new one.
    package let failure: String?

    package init(
        stage: RolloutStage,
        spec: RolloutSpec,
        isRunning: Bool,
        isWitness: Bool,
        base: ActivePolicySet? = nil,
        failure: String? = nil
    ) {
        self.stage = stage
        self.spec = spec
        self.isRunning = isRunning
        self.isWitness = isWitness
        self.base = base
        self.failure = failure
    }

    /// As the node tells it.
    package var isInForce: Bool { failure == nil }
}

/// What the decisions of a node would be without a roll-out that it takes part in.
package struct RolloutComparison: Sendable {
    package let stage: RolloutStage
    let snapshot: DecisionSnapshot

    package enum Outcome: Hashable, Sendable {
        case same
        case nowDenied
        case nowAllowed
        /// Decided alike, but a policy of the new version failed, and none of the one before.
        case failed
    }

    /// Decides once more, by the version before. Nil for what no policy decided.
    package func outcome(
        of answer: DecisionAnswer,
        to query: DecisionQuery,
        by credential: Credential,
        at moment: DecisionMoment?,
        using workspace: DecisionWorkspace
    ) -> Outcome? {
        guard answer.code.isOfPolicies else { return nil }
        let before = snapshot.decide(query, by: credential, at: moment, using: workspace)
        if before.isAllowed != answer.isAllowed { return answer.isAllowed ? .nowAllowed : .nowDenied }
        return !answer.failures.isEmpty && before.failures.isEmpty ? .failed : .same
    }
}

extension DecisionSnapshot {
    /// One for each roll-out by whose version this node decides.
    package var rolloutComparisons: [RolloutComparison] {
        rollouts.filter { $0.isInForce && $0.isRunning }.map { share in
            RolloutComparison(stage: share.stage, snapshot: deciding(by: share.base, in: share.stage.set))
        }
    }
}

extension DecisionCode {
    /// Whether the policies were asked.
    fileprivate var isOfPolicies: Bool {
        switch self {
        case .allowed, .noPermit, .forbidden, .policyError, .stale, .principalRestricted: true
        case .principalRevoked, .principalQuarantined, .callerUnknown, .callerRevoked, .callerQuarantined,
            .callerRestricted, .tokenUnknown, .tokenExpired, .tokenRevoked, .notAuthorizedForSubject,
            .attributeConflict, .notReady, .logUnavailable:
            false
        }
    }
}
