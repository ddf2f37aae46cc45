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
            conditions: policy.conditions.indices.map { trace(number, $0, in: set) }
        )
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
            text: set.excerpt(culprit.range, of: number),
            values: culprit.parts.map { .init(text: set.excerpt($0.range, of: number), result: $0.result) }
        )
    }

    /// The closest first.
    package mutating func nearMisses(in sets: [ActivePolicySet]) -> [Explanation.NearMiss] {
        var misses: [Explanation.NearMiss] = []
        for set in sets {
            for number in set.rules.indices { if let miss = nearMiss(number, in: set) { misses.append(miss) } }
        }
        let order = misses.indices.sorted { (misses[$0].distance, $0) < (misses[$1].distance, $1) }
        return order.prefix(Self.maxNearMisses).map { misses[$0] }
    }

    private mutating func nearMiss(_ number: Int, in set: ActivePolicySet) -> Explanation.NearMiss? {
        let policy = set.rules[number].policy
        guard policy.effect == .permit else { return nil }
        let obstacle: Explanation.NearMiss.Obstacle
        switch evaluator.outcome(of: policy) {
        case .satisfied, .notSatisfied(.action): return nil
        case .notSatisfied(.principal): obstacle = .principal
        case .notSatisfied(.resource): obstacle = .resource
        case .notSatisfied(.condition(let place)): obstacle = .condition(trace(number, place, in: set))
        case .failed(let error): obstacle = .failed(error)
        }
        var changes: [Change]?
        if searches > 0 {
            searches -= 1
            changes = search.changes(toSatisfy: policy)
        }
        // Another scope is near only if something can be done about it.
        if changes == nil, obstacle == .principal || obstacle == .resource { return nil }
        return Explanation.NearMiss(policy: set.reference(of: number), obstacle: obstacle, changes: changes)
    }
}

extension Explanation.NearMiss {
    fileprivate var distance: Int { changes?.count ?? .max }
}
