package import Cedar
package import Directory
package import Identity

/// Why a decision came out as it did, in a form for people. For callers with `Reeve::Action::"explain"` alone, since a near
/// miss guides an attacker.
package struct Explanation: Hashable, Sendable {
    /// A policy that brought the answer about.
    package struct DecidingPolicy: Hashable, Sendable {
        package let reference: PolicyReference
        package let effect: Effect
        package let text: String
        /// From the principal to the role or group that the policy's scope names; empty where it names none.
        package let subjectPath: [EntityUID]
        /// From the resource to the container that the scope names.
        package let resourcePath: [EntityUID]
        /// What made each of its conditions hold.
        package let conditions: [ConditionTrace]
    }

    /// What made a condition come out as it did.
    package struct ConditionTrace: Hashable, Sendable {
        /// Among the policy's conditions, from 0.
        package let place: Int
        package let kind: Condition.Kind
        /// The smallest part of it that decided.
        package let text: String
        package let values: [NamedValue]
    }

    /// An expression in a condition, and what it came to.
    package struct NamedValue: Hashable, Sendable {
        package let text: String
        package let result: Result<Value, EvaluationError>
    }

    /// A permit for this action that did not apply.
    package struct NearMiss: Hashable, Sendable {
        package enum Obstacle: Hashable, Sendable {
            /// Its scope asks for another principal or resource.
            case principal, resource
            case condition(ConditionTrace)
            case failed(EvaluationError)
        }

        package let policy: PolicyReference
        package let obstacle: Obstacle
        /// The fewest changes found by which it would apply.
        package let changes: [Change]?
    }

    package let answer: DecisionAnswer
    package let policies: [DecidingPolicy]
    /// For a denial because no permit applied: the closest first.
    package let nearMisses: [NearMiss]

    static let maxNearMisses = 10
}

extension DecisionSnapshot {
    /// The answer that `decide` gives, and what led to it.
    package func explain(_ query: DecisionQuery, by credential: Credential, at moment: DecisionMoment?) -> Explanation {
        var work = DecisionWork(snapshot: self, moment: moment)
        let code: DecisionCode
        do throws(Denial) { code = try work.decide(query, credential) } catch { code = error.code }
        let answer = work.answer(code)
        guard let moment, let request = work.request else {
            return Explanation(answer: answer, policies: [], nearMisses: [])
        }
        var explainer = Explainer(request: request, entities: work.entities(moment))
        let rules = policies.flatMap { set in set.rules.map { (set: set, rule: $0) } }
        return Explanation(
            answer: answer,
            policies: rules.filter { answer.policies.contains($0.rule.reference) }
                .map { explainer.deciding($0.rule, in: $0.set) },
            nearMisses: code == .noPermit ? explainer.nearMisses(among: rules) : []
        )
    }
}

/// Looks at policies again, with the eyes of one request.
private struct Explainer {
    private let request: Request
    private let entities: EntityView
    private var evaluator: Evaluator
    private var search: RepairSearch
    /// Rules of which may still be asked what would make them apply.
    private var searches = Self.maxSearches

    private static let maxSearches = 500

    init(request: Request, entities: EntityView) {
        self.request = request
        self.entities = entities
        evaluator = Evaluator(request: request, entities: entities)
        search = RepairSearch(request: request, entities: entities)
    }

    mutating func deciding(_ rule: PolicyRule, in set: ActivePolicySet) -> Explanation.DecidingPolicy {
        Explanation.DecidingPolicy(
            reference: rule.reference,
            effect: rule.policy.effect,
            text: set.excerpt(rule.policy.range),
            subjectPath: path(from: request.principal, to: rule.policy.scope.principal),
            resourcePath: path(from: request.resource, to: rule.policy.scope.resource),
            conditions: rule.policy.conditions.indices.map { trace(rule, $0, in: set) }
        )
    }

    private func path(from uid: EntityUID, to constraint: EntityConstraint) -> [EntityUID] {
        switch constraint {
        case .memberOf(.entity(let group)), .isTypeIn(_, .entity(let group)):
            entities.path(from: uid, to: group) ?? []
        case .any, .equal, .isType, .memberOf(.slot), .isTypeIn(_, .slot): []
        }
    }

    private mutating func trace(_ rule: PolicyRule, _ place: Int, in set: ActivePolicySet) -> Explanation.ConditionTrace
    {
        let condition = rule.policy.conditions[place]
        let culprit = evaluator.culprit(of: condition.body)
        return Explanation.ConditionTrace(
            place: place,
            kind: condition.kind,
            text: set.excerpt(culprit.range),
            values: culprit.parts.map { .init(text: set.excerpt($0.range), result: $0.result) }
        )
    }

    mutating func nearMisses(among rules: [(set: ActivePolicySet, rule: PolicyRule)]) -> [Explanation.NearMiss] {
        let misses = rules.compactMap { nearMiss($0.rule, in: $0.set) }
        let order = misses.indices.sorted { (misses[$0].distance, $0) < (misses[$1].distance, $1) }
        return order.prefix(Explanation.maxNearMisses).map { misses[$0] }
    }

    private mutating func nearMiss(_ rule: PolicyRule, in set: ActivePolicySet) -> Explanation.NearMiss? {
        guard rule.policy.effect == .permit else { return nil }
        let obstacle: Explanation.NearMiss.Obstacle
        switch evaluator.outcome(of: rule.policy) {
        case .satisfied, .notSatisfied(.action): return nil
        case .notSatisfied(.principal): obstacle = .principal
        case .notSatisfied(.resource): obstacle = .resource
        case .notSatisfied(.condition(let place)): obstacle = .condition(trace(rule, place, in: set))
        case .failed(let error): obstacle = .failed(error)
        }
        var changes: [Change]?
        if searches > 0 {
            searches -= 1
            changes = search.changes(toSatisfy: rule.policy)
        }
        // Another scope is near only if something can be done about it.
        if changes == nil, obstacle == .principal || obstacle == .resource { return nil }
        return Explanation.NearMiss(policy: rule.reference, obstacle: obstacle, changes: changes)
    }
}

extension Explanation.NearMiss {
    fileprivate var distance: Int { changes?.count ?? .max }
}

extension ActivePolicySet {
    fileprivate func excerpt(_ range: SourceRange) -> String {
        let bytes = text.utf8.dropFirst(Int(range.start)).prefix(Int(range.end) - Int(min(range.start, range.end)))
        return String(decoding: bytes, as: UTF8.self)
    }
}
