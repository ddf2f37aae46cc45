package import Cedar
package import Directory

/// Looks at policies again, with the eyes of one request.
package struct Explainer {
    private let request: Request
    private let entities: any EntityProvider
    private var evaluator: Evaluator
    private var search: RepairSearch
    /// Rules of which may still be asked what would make them apply.
    private var searches = Self.maxSearches

    private static let maxSearches = 500
    private static let maxNearMisses = 10

    package init(request: Request, entities: any EntityProvider) {
        self.request = request
        self.entities = entities
        evaluator = Evaluator(request: request, entities: entities)
        search = RepairSearch(request: request, entities: entities)
    }

    /// The policies of these names, in the order of their sets.
    package mutating func deciding(
        _ references: some Collection<PolicyReference>,
        in sets: [ActivePolicySet]
    ) -> [Explanation.DecidingPolicy] {
        var found: [Explanation.DecidingPolicy] = []
        for set in sets {
            for number in set.rules.indices where references.contains(set.reference(of: number)) {
                found.append(deciding(number, in: set))
            }
        }
        return found
    }

    private mutating func deciding(_ number: Int, in set: ActivePolicySet) -> Explanation.DecidingPolicy {
        let policy = set.rules[number].policy
        return Explanation.DecidingPolicy(
            reference: set.reference(of: number),
            effect: policy.effect,
            text: set.excerpt(policy.range, of: number),
            subjectPath: path(from: request.principal, to: policy.scope.principal),
            resourcePath: path(from: request.resource, to: policy.scope.resource),
            conditions: conditions(number, in: set)
        )
    }

    /// Up to the first that could not be evaluated: those behind it were not looked at.
    private mutating func conditions(_ number: Int, in set: ActivePolicySet) -> [Explanation.ConditionTrace] {
        var traces: [Explanation.ConditionTrace] = []
        for place in set.rules[number].policy.conditions.indices where traces.last?.outcome != .error {
            traces.append(trace(number, place, in: set))
        }
        return traces
    }

    private func path(from uid: EntityUID, to constraint: EntityConstraint) -> [EntityUID] {
        switch constraint {
        case .memberOf(.entity(let group)), .isTypeIn(_, .entity(let group)):
            entities.path(from: uid, to: group) ?? []
        case .any, .equal, .isType, .memberOf(.slot), .isTypeIn(_, .slot): []
        }
    }

    private mutating func trace(_ number: Int, _ place: Int, in set: ActivePolicySet) -> Explanation.ConditionTrace {
        let condition = set.rules[number].policy.conditions[place]
        let culprit = evaluator.culprit(of: condition.body)
        return Explanation.ConditionTrace(
            place: place,
            kind: condition.kind,
            outcome: outcome(of: condition),
            text: set.excerpt(culprit.range, of: number),
            values: culprit.parts.map { .init(text: set.excerpt($0.range, of: number), result: $0.result) }
        )
    }

    private mutating func outcome(of condition: Condition) -> Explanation.ConditionTrace.Outcome {
        do throws(EvaluationError) {
            return try evaluator.bool(condition.body) == (condition.kind == .when) ? .satisfied : .unsatisfied
        } catch {
            return .error
        }
    }

    /// The permits that did not apply, the closest first; none where one is satisfied, since then they are not what is
    /// missing.
    package mutating func nearMisses(in sets: [ActivePolicySet]) -> [Explanation.NearMiss] {
        var misses: [Explanation.NearMiss] = []
        guard let missed = missed(in: sets) else { return [] }
        for permit in missed { if let miss = nearMiss(permit) { misses.append(miss) } }
        let order = misses.indices.sorted { (misses[$0].distance, $0) < (misses[$1].distance, $1) }
        return order.prefix(Self.maxNearMisses).map { misses[$0] }
    }

    /// A permit that does not apply, and why.
    private struct Missed {
        let set: ActivePolicySet
        let number: Int
        let obstacle: Explanation.NearMiss.Obstacle

        var policy: Policy { self.set.rules[number].policy }
    }

    /// Those for the action; nil where one is satisfied.
    private mutating func missed(in sets: [ActivePolicySet]) -> [Missed]? {
        var missed: [Missed] = []
        for set in sets {
            for number in set.rules.indices where set.rules[number].policy.effect == .permit {
                let outcome = evaluator.outcome(of: set.rules[number].policy)
                if case .satisfied = outcome { return nil }
                guard let obstacle = obstacle(outcome, of: number, in: set) else { continue }
                missed.append(Missed(set: set, number: number, obstacle: obstacle))
            }
        }
        return missed
    }

    private mutating func obstacle(
        _ outcome: PolicyOutcome,
        of number: Int,
        in set: ActivePolicySet
    ) -> Explanation.NearMiss.Obstacle? {
        switch outcome {
        case .satisfied, .notSatisfied(.action): nil
        case .notSatisfied(.principal): .principal
        case .notSatisfied(.resource): .resource
        case .notSatisfied(.condition(let place)): .condition(trace(number, place, in: set))
        case .failed(let error): .failed(error)
        }
    }

    private mutating func nearMiss(_ missed: Missed) -> Explanation.NearMiss? {
        var changes: [Change]?
        if searches > 0 {
            searches -= 1
            changes = search.changes(toSatisfy: missed.policy)
        }
        // Another scope is near only if something can be done about it.
        if changes == nil, missed.obstacle == .principal || missed.obstacle == .resource { return nil }
        let reference = missed.set.reference(of: missed.number)
        return Explanation.NearMiss(policy: reference, obstacle: missed.obstacle, changes: changes)
    }
}

extension Explanation.NearMiss {
    fileprivate var distance: Int { changes?.count ?? .max }
}
