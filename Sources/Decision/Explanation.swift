package import Cedar
package import Directory
package import Identity

/// Why a decision came out as it did, in a form for people. For callers with `Reeve::Action::"explain"` alone.
package struct Explanation: Hashable, Sendable {
    /// A policy and its text.
    package struct PolicyText: Hashable, Sendable {
        package let reference: PolicyReference
        package let effect: Effect
        package let text: String
    }

    /// By which roles a policy's scope was met: the entities from the principal or resource to the one that the policy names.
    package struct Path: Hashable, Sendable {
        package let policy: PolicyReference
        package let entities: [EntityUID]
    }

    /// A permit whose scope was met and whose conditions were not.
    package struct NearMiss: Hashable, Sendable {
        package let policy: PolicyReference
        /// Place among the policy's conditions, from 0.
        package let condition: Int
        package let kind: Condition.Kind
        package let text: String
    }

    package let answer: DecisionAnswer
    package let policies: [PolicyText]
    package let paths: [Path]
    package let nearMisses: [NearMiss]
}

extension DecisionSnapshot {
    /// The answer that `decide` gives, and what led to it.
    package func explain(_ query: DecisionQuery, by credential: Credential, at moment: DecisionMoment?) -> Explanation {
        var work = DecisionWork(snapshot: self, moment: moment)
        let code: DecisionCode
        do throws(Denial) { code = try work.decide(query, credential) } catch { code = error.code }
        let answer = work.answer(code)
        guard let moment, let request = work.request else {
            return Explanation(answer: answer, policies: [], paths: [], nearMisses: [])
        }
        let entities = work.entities(moment)
        let rules = policies.flatMap { set in set.rules.map { (set: set, rule: $0) } }
        let deciding = rules.filter { answer.policies.contains($0.rule.reference) }
        var evaluator = Evaluator(request: request, entities: entities)
        return Explanation(
            answer: answer,
            policies: deciding.map { .init($0.rule, in: $0.set) },
            paths: deciding.flatMap { Self.paths($0.rule, request, entities) },
            nearMisses: rules.compactMap { .init($0.rule, in: $0.set, evaluator.outcome(of: $0.rule.policy)) }
        )
    }

    private static func paths(
        _ rule: PolicyRule,
        _ request: Request,
        _ entities: EntityView
    ) -> [Explanation.Path] {
        [(rule.policy.scope.principal, request.principal), (rule.policy.scope.resource, request.resource)]
            .compactMap { constraint, uid in
                constraint.group.flatMap { entities.path(from: uid, to: $0) }
                    .map { Explanation.Path(policy: rule.reference, entities: $0) }
            }
    }
}

extension EntityConstraint {
    /// The entity that the scope asks to be in.
    fileprivate var group: EntityUID? {
        switch self {
        case .memberOf(.entity(let uid)), .isTypeIn(_, .entity(let uid)): uid
        case .any, .equal, .isType, .memberOf(.slot), .isTypeIn(_, .slot): nil
        }
    }
}

extension Explanation.PolicyText {
    fileprivate init(_ rule: PolicyRule, in set: ActivePolicySet) {
        self.init(reference: rule.reference, effect: rule.policy.effect, text: set.excerpt(rule.policy.range))
    }
}

extension Explanation.NearMiss {
    fileprivate init?(_ rule: PolicyRule, in set: ActivePolicySet, _ outcome: PolicyOutcome) {
        guard rule.policy.effect == .permit, case .notSatisfied(.condition(let place)) = outcome,
            rule.policy.conditions.indices.contains(place)
        else { return nil }
        let condition = rule.policy.conditions[place]
        self.init(
            policy: rule.reference,
            condition: place,
            kind: condition.kind,
            text: set.excerpt(condition.body.range)
        )
    }
}

extension ActivePolicySet {
    fileprivate func excerpt(_ range: SourceRange) -> String {
        let bytes = text.utf8.dropFirst(Int(range.start)).prefix(Int(range.end) - Int(min(range.start, range.end)))
        return String(decoding: bytes, as: UTF8.self)
    }
}
