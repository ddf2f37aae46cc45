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
    package let deciding: [PolicyReference]
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
        var found = Findings()
        for set in policies {
            evaluator.evaluate(set.source.compiled)
            for policy in evaluator.satisfied(inOrderOf: set.source.compiled) {
                found.note(PlacedRule(policy, in: set), circumstances)
            }
            for failure in evaluator.failures(inOrderOf: set.source.compiled) {
                found.note(PlacedRule(failure.policy, in: set), failure.error)
            }
        }
        found.steps = evaluator.steps
        found.isBeyondLimit = evaluator.isBeyondLimit
        self = found.verdict
    }

    /// Whether the verdict of one set is a permit, without what it rests on.
    package static func isPermitted(
        _ request: Request,
        by set: ActivePolicySet,
        entities: any EntityProvider,
        in circumstances: PermitCircumstances = PermitCircumstances()
    ) -> Bool {
        var evaluator = CompiledEvaluator(request, entities: entities)
        evaluator.evaluate(set.source.compiled)
        guard !evaluator.isBeyondLimit else { return false }
        guard !evaluator.failures.contains(where: { $0.policy.isForbid }) else { return false }
        var isPermitted = false
        for policy in evaluator.satisfied {
            if policy.isForbid { return false }
            if PlacedRule(policy, in: set).rule.standing(circumstances) == .applies {
                isPermitted = true
            }
        }
        return isPermitted
    }

    /// A rule, and where it stands.
    private struct PlacedRule {
        let set: ActivePolicySet
        let number: Int

        init(_ policy: CompiledPolicy, in set: ActivePolicySet) {
            self.set = set
            number = set.source.compiled.number(of: policy)
        }

        var rule: PolicyRule { self.set.rules[number] }
        var reference: PolicyReference { self.set.reference(of: number) }
    }

    /// Policies that are satisfied, by what that means.
    private struct Findings {
        var permits: [PlacedRule] = []
        var forbids: [PlacedRule] = []
        var stale: [PlacedRule] = []
        var restricted: [PlacedRule] = []
        var failures: [Failure] = []
        var steps = 0
        var isBeyondLimit = false

        mutating func note(_ found: PlacedRule, _ circumstances: PermitCircumstances) {
            let rule = found.rule
            guard rule.policy.effect == .permit else { return forbids.append(found) }
            switch rule.standing(circumstances) {
            case .restricted: restricted.append(found)
            case .stale: stale.append(found)
            case .applies: permits.append(found)
            }
        }

        mutating func note(_ found: PlacedRule, _ error: EvaluationError) {
            failures.append(Failure(policy: found.reference, effect: found.rule.policy.effect, error: error))
        }

        var verdict: PolicyVerdict {
            let failedForbids = failures.filter { $0.effect == .forbid }.map(\.policy)
            if !forbids.isEmpty { return verdict(.forbidden, forbids, DecisionDuties(of: forbids.map(\.rule))) }
            if !failedForbids.isEmpty || isBeyondLimit {
                return verdict(.failed, deciding: failedForbids)
            }
            if !permits.isEmpty { return verdict(.permitted, permits, DecisionDuties(of: permits.map(\.rule))) }
            if !stale.isEmpty { return verdict(.stale, stale) }
            if !restricted.isEmpty { return verdict(.restricted, restricted) }
            return verdict(.noPermit, [])
        }

        private func verdict(
            _ outcome: Outcome,
            _ deciding: [PlacedRule],
            _ duties: DecisionDuties = .none
        ) -> PolicyVerdict {
            verdict(outcome, deciding: deciding.map(\.reference), duties)
        }

        private func verdict(
            _ outcome: Outcome,
            deciding: [PolicyReference],
            _ duties: DecisionDuties = .none
        ) -> PolicyVerdict {
            PolicyVerdict(outcome: outcome, deciding: deciding, failures: failures, duties: duties, steps: steps)
        }
    }
}
