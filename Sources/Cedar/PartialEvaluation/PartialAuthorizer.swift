/// What is known of the answer to a request before all of it is known.
package struct PartialResponse: Hashable, Sendable {
    package let request: PartialRequest
    /// In the order of the policies.
    package let outcomes: [PolicyOutcome]

    package struct PolicyOutcome: Hashable, Sendable {
        package let policy: Policy
        package let outcome: PartialOutcome
    }

    /// Where it is the same for every request that this one admits.
    package var decision: Decision? {
        if contains(.forbid, { $0 == .satisfied }) || !contains(.permit, \.canBeSatisfied) { return .deny }
        if contains(.permit, { $0 == .satisfied }) && !contains(.forbid, \.canBeSatisfied) { return .allow }
        return nil
    }

    private func contains(_ effect: Effect, _ condition: (PartialOutcome) -> Bool) -> Bool {
        outcomes.contains { $0.policy.effect == effect && condition($0.outcome) }
    }

    /// The answer to a request that is known whole, from what was left open; nil where the partial one does not admit it.
    ///
    /// The same decision, reasons and errors as `authorize(_:policies:entities:limits:)`, within the limits on steps.
    package func completed(
        by request: Request,
        entities: any EntityProvider,
        limits: EvaluationLimits = .standard
    ) -> Response? {
        guard self.request.admits(request) else { return nil }
        var evaluator = Evaluator(request: request, entities: entities, limits: limits)
        var findings = Findings()
        for item in outcomes { findings.note(item.policy, evaluator.outcome(of: item.outcome)) }
        return findings.response
    }
}

/// Tests every policy for a request of which some parts are unknown.
package func authorize(
    _ request: PartialRequest,
    policies: PolicySet,
    entities: any EntityProvider,
    limits: EvaluationLimits = .standard
) -> PartialResponse {
    var evaluator = PartialEvaluator(request: request, entities: entities, limits: limits)
    let outcomes = policies.policies.map {
        PartialResponse.PolicyOutcome(policy: $0, outcome: evaluator.outcome(of: $0))
    }
    return PartialResponse(request: request, outcomes: outcomes)
}

extension PartialOutcome {
    /// A policy that ran out of steps could have been anything.
    fileprivate var canBeSatisfied: Bool {
        switch self {
        case .satisfied, .residual: true
        case .failed(let error): error.isExhaustion
        case .notSatisfied: false
        }
    }
}

extension Evaluator {
    fileprivate mutating func outcome(of outcome: PartialOutcome) -> PolicyOutcome {
        switch outcome {
        case .satisfied: return .satisfied
        case .notSatisfied: return .notSatisfied(.condition(0))
        case .failed(let error): return .failed(error)
        case .residual(let rest):
            do throws(EvaluationError) {
                return try bool(rest) ? .satisfied : .notSatisfied(.condition(0))
            } catch {
                return .failed(error)
            }
        }
    }
}
