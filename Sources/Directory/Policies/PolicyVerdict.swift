package import Cedar
package import Kernel

/// What policies say to a request: Cedar's rule, made to fail closed.
///
/// Deny by default, and a forbid overrides. Departures from Cedar's own authorizer, each of which only denies more:
/// - A forbid that cannot be evaluated denies; Cedar would leave it out. A permit that cannot be is left out.
/// - A permit whose `@max_age` is exceeded does not apply.
/// - For a restricted principal only permits marked `@allow_restricted` apply.
package struct PolicyVerdict: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        case permitted
        case forbidden
        /// A forbid could not be evaluated.
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

    package var isPermitted: Bool { outcome == .permitted }
}

extension PolicyVerdict {
    /// `age` is how old the knowledge is that the answer rests on.
    package init(
        _ request: Request,
        policies: [ActivePolicySet],
        entities: any EntityProvider,
        age: Span = .zero,
        isRestricted: Bool = false
    ) {
        var evaluator = Evaluator(request: request, entities: entities)
        var found = Findings()
        let isInNoGroup = evaluator.isActionInNoGroup
        for set in policies {
            let rules = isInNoGroup ? set.rules(for: request.action) : set.rules
            for rule in rules { found.note(rule, evaluator.outcome(of: rule.policy), age, isRestricted) }
        }
        self = found.verdict
    }

    /// Whether the verdict of one set is a permit, without what it rests on: of the permits, it looks for one only.
    package static func isPermitted(
        _ request: Request,
        by set: ActivePolicySet,
        entities: any EntityProvider,
        age: Span = .zero,
        isRestricted: Bool = false
    ) -> Bool {
        var evaluator = Evaluator(request: request, entities: entities)
        var isPermitted = false
        for rule in evaluator.isActionInNoGroup ? set.rules(for: request.action) : set.rules {
            let isForbid = rule.policy.effect == .forbid
            guard isForbid || !isPermitted else { continue }
            switch evaluator.outcome(of: rule.policy) {
            case .notSatisfied: continue
            case .failed where isForbid, .satisfied where isForbid: return false
            case .failed: continue
            case .satisfied: isPermitted = rule.standing(age: age, isRestricted: isRestricted) == .applies
            }
        }
        return isPermitted
    }

    /// Policies that are satisfied, by what that means.
    private struct Findings {
        var permits: [PolicyReference] = []
        var forbids: [PolicyReference] = []
        var stale: [PolicyReference] = []
        var restricted: [PolicyReference] = []
        var failures: [Failure] = []

        mutating func note(_ rule: PolicyRule, _ outcome: PolicyOutcome, _ age: Span, _ isRestricted: Bool) {
            switch (outcome, rule.policy.effect) {
            case (.notSatisfied, _):
                return
            case (.failed(let error), let effect):
                failures.append(Failure(policy: rule.reference, effect: effect, error: error))
            case (.satisfied, .forbid):
                forbids.append(rule.reference)
            case (.satisfied, .permit):
                switch rule.standing(age: age, isRestricted: isRestricted) {
                case .restricted: restricted.append(rule.reference)
                case .stale: stale.append(rule.reference)
                case .applies: permits.append(rule.reference)
                }
            }
        }

        var verdict: PolicyVerdict {
            let failedForbids = failures.filter { $0.effect == .forbid }.map(\.policy)
            if !forbids.isEmpty { return verdict(.forbidden, forbids) }
            if !failedForbids.isEmpty { return verdict(.failed, failedForbids) }
            if !permits.isEmpty { return verdict(.permitted, permits) }
            if !stale.isEmpty { return verdict(.stale, stale) }
            if !restricted.isEmpty { return verdict(.restricted, restricted) }
            return verdict(.noPermit, [])
        }

        private func verdict(_ outcome: Outcome, _ deciding: [PolicyReference]) -> PolicyVerdict {
            PolicyVerdict(outcome: outcome, deciding: deciding, failures: failures)
        }
    }
}
