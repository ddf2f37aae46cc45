package import Cedar

/// What policies say to a request: Cedar's rule, made to fail closed.
///
/// Deny by default, and a forbid overrides. Departures from Cedar's own authorizer, each of which only denies more:
/// - A forbid that cannot be evaluated denies; Cedar would leave it out. A permit that cannot be is left out.
/// - A permit whose `@max_age`, or else the settings' bound for the action, is exceeded does not apply.
/// - Where an entity that a policy asks about has too many ancestors, nothing is permitted.
/// - For a restricted principal only permits marked `@allow_restricted` apply.
package struct PolicyVerdict: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        case permitted
        case forbidden
        /// A forbid could not be evaluated, or an entity has too many ancestors.
        case failed
        /// A permit would have applied with fresher knowledge.
        case stale
        /// A permit would have applied to somebody who is not restricted.
        case restricted
        case noPermit
    }

    package struct Failure: Hashable, Sendable {
        package let policy: PolicyReference
        package let effect: Effect
        package let error: EvaluationError
    }

    package let outcome: Outcome
    /// The policies that brought the outcome about: permits that applied, forbids, or permits that nearly applied.
    package let deciding: DecidingPolicies
    package let failures: [Failure]
    /// Of the permits or forbids that decided.
    package let duties: DecisionDuties
    /// That the policies took.
    package let steps: Int

    package var isPermitted: Bool { outcome == .permitted }
}

extension PolicyVerdict {
    package init(
        _ request: Request,
        policies: [ActivePolicySet],
        entities: any EntityProvider,
        in circumstances: PermitCircumstances = PermitCircumstances()
    ) {
        var evaluator = CompiledEvaluator(request, entities: entities)
        self.init(of: policies, by: &evaluator, in: circumstances)
    }

    /// On the request that the evaluator was turned to.
    package init(
        of policies: [ActivePolicySet],
        by evaluator: inout CompiledEvaluator,
        in circumstances: PermitCircumstances
    ) {
        var found = Findings()
        for set in policies {
            set.evaluate(by: &evaluator)
            for policy in evaluator.satisfied {
                found.note(PlacedRule(policy, in: set), circumstances)
            }
            for failure in evaluator.failures {
                found.note(PlacedRule(failure.policy, in: set), failure.error)
            }
        }
        self = found.verdict(steps: evaluator.steps, isBeyondLimit: evaluator.isBeyondLimit)
    }

    /// Whether the verdict of one set is a permit, without what it rests on.
    package static func isPermitted(
        by set: ActivePolicySet,
        _ evaluator: inout CompiledEvaluator,
        in circumstances: PermitCircumstances = PermitCircumstances()
    ) -> Bool {
        set.evaluate(by: &evaluator)
        guard !evaluator.isBeyondLimit else { return false }
        guard !evaluator.failures.contains(where: { $0.policy.isForbid }) else { return false }
        var isPermitted = false
        for policy in evaluator.satisfied {
            if policy.isForbid { return false }
            if PlacedRule(policy, in: set).rule.standing(circumstances) == .applies { isPermitted = true }
        }
        return isPermitted
    }

    /// What the policies that were looked at so far come to.
    private struct Findings {
        private var outcome = Outcome.noPermit
        private var deciding = DecidingPolicies.none
        private var failures: [Failure] = []

        /// Of a policy that is satisfied.
        mutating func note(_ found: PlacedRule, _ circumstances: PermitCircumstances) {
            let rule = found.rule
            guard rule.policy.effect == .permit else { return note(found, .forbidden) }
            switch rule.standing(circumstances) {
            case .restricted: note(found, .restricted)
            case .stale: note(found, .stale)
            case .applies: note(found, .permitted)
            }
        }

        mutating func note(_ found: PlacedRule, _ error: EvaluationError) {
            let effect = found.rule.policy.effect
            failures.append(Failure(policy: found.reference, effect: effect, error: error))
            if effect == .forbid { note(found, .failed) }
        }

        private mutating func note(_ found: PlacedRule, _ outcome: Outcome) {
            raise(to: outcome)
            if outcome == self.outcome { deciding.append(found) }
        }

        /// What brought a lesser outcome about decides nothing.
        private mutating func raise(to outcome: Outcome) {
            guard outcome.rank > self.outcome.rank else { return }
            self.outcome = outcome
            deciding = .none
        }

        mutating func verdict(steps: Int, isBeyondLimit: Bool) -> PolicyVerdict {
            if isBeyondLimit { raise(to: .failed) }
            return PolicyVerdict(
                outcome: outcome,
                deciding: deciding,
                failures: failures,
                duties: outcome == .permitted || outcome == .forbidden ? DecisionDuties(of: deciding) : .none,
                steps: steps
            )
        }
    }
}

extension PolicyVerdict.Outcome {
    /// Of two, the higher one counts.
    fileprivate var rank: Int {
        switch self {
        case .forbidden: 5
        case .failed: 4
        case .permitted: 3
        case .stale: 2
        case .restricted: 1
        case .noPermit: 0
        }
    }
}
