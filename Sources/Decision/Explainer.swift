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
        _ references: [PolicyReference],
        in sets: [ActivePolicySet]
    ) -> [Explanation.DecidingPolicy] {
        var found: [Explanation.DecidingPolicy] = []
        for set in sets {
            for rule in set.rules where references.contains(rule.reference) { found.append(deciding(rule, in: set)) }
        }
        return found
    }

    private mutating func deciding(_ rule: PolicyRule, in set: ActivePolicySet) -> Explanation.DecidingPolicy {
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

    /// The closest first.
    package mutating func nearMisses(in sets: [ActivePolicySet]) -> [Explanation.NearMiss] {
        var misses: [Explanation.NearMiss] = []
        for set in sets {
            for rule in set.rules { if let miss = nearMiss(rule, in: set) { misses.append(miss) } }
        }
        let order = misses.indices.sorted { (misses[$0].distance, $0) < (misses[$1].distance, $1) }
        return order.prefix(Self.maxNearMisses).map { misses[$0] }
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
