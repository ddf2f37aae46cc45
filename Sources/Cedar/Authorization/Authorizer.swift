/// Decides by testing every policy.
///
/// One satisfied forbid denies. Otherwise one satisfied permit allows. Otherwise the answer is deny. A policy that
/// fails is left out and named among the errors, so a failing forbid does not deny. That is the language's rule; what
/// protects from it is validation. Only a decision that exceeds its limit is always a deny: what was not tested could
/// have been a forbid. So it is where an entity has too many ancestors.
package func authorize(
    _ request: Request,
    policies: PolicySet,
    entities: any EntityProvider,
    limits: EvaluationLimits = .standard
) -> Response {
    var evaluator = Evaluator(request: request, entities: entities, limits: limits)
    var findings = Findings()
    for policy in policies.policies { findings.note(policy, evaluator.outcome(of: policy)) }
    if evaluator.isBeyondLimit { findings.isComplete = false }
    return findings.response
}

/// What became of the policies, one after the other.
struct Findings {
    private var permits: [PolicyID] = []
    private var forbids: [PolicyID] = []
    private var errors: [Response.PolicyFailure] = []
    var isComplete = true

    mutating func note(_ policy: Policy, _ outcome: PolicyOutcome) {
        switch outcome {
        case .satisfied where policy.effect == .permit: permits.append(policy.id)
        case .satisfied: forbids.append(policy.id)
        case .notSatisfied: return
        case .failed(let error):
            errors.append(Response.PolicyFailure(policy: policy.id, error: error))
            if error.isExhaustion { isComplete = false }
        }
    }

    var response: Response {
        let errors = errors.sorted { $0.policy < $1.policy }
        if !forbids.isEmpty { return Response(decision: .deny, reasons: forbids.sorted(), errors: errors) }
        guard isComplete, !permits.isEmpty else { return Response(decision: .deny, reasons: [], errors: errors) }
        return Response(decision: .allow, reasons: permits.sorted(), errors: errors)
    }
}

extension EvaluationError {
    /// Whether it says nothing of the expression, only that there were no steps left.
    package var isExhaustion: Bool { if case .tooManySteps = reason { true } else { false } }
}

extension Evaluator {
    /// Tests the scope and then the conditions in the order of the text, up to the first that does not hold.
    package mutating func outcome(of policy: Policy) -> PolicyOutcome {
        if !matches(policy.scope.principal, Place.principal) { return .notSatisfied(.principal) }
        if !matches(policy.scope.action) { return .notSatisfied(.action) }
        if !matches(policy.scope.resource, Place.resource) { return .notSatisfied(.resource) }
        do throws(EvaluationError) {
            try spend(1, at: policy.range)
            for (index, condition) in policy.conditions.enumerated()
            where try bool(condition.body) != (condition.kind == .when) {
                return .notSatisfied(.condition(index))
            }
            return .satisfied
        } catch {
            return .failed(error)
        }
    }

    mutating func matches(_ constraint: EntityConstraint, _ place: Int) -> Bool {
        switch constraint {
        case .any: true
        case .equal(.entity(let other)): uid(at: place) == other
        case .memberOf(.entity(let group)): isIn(place, group)
        case .isType(let type): uid(at: place).type == type
        case .isTypeIn(let type, .entity(let group)): uid(at: place).type == type && isIn(place, group)
        // A template applies to nothing.
        case .equal(.slot), .memberOf(.slot), .isTypeIn(_, .slot): false
        }
    }

    mutating func matches(_ constraint: ActionConstraint) -> Bool {
        switch constraint {
        case .any: true
        case .equal(let action): request.action == action
        case .memberOf(let group): isIn(Place.action, group)
        case .memberOfAny(let groups): groups.contains { isIn(Place.action, $0) }
        }
    }
}
