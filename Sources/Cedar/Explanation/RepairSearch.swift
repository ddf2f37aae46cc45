/// What would have to be otherwise for a policy to apply: the fewest changes of attributes, context, roles and groups that
/// it finds.
///
/// Follows the policy's own structure, once from its beginning and once from its end, so it does not see that parts of it
/// exclude each other. What it proposes has been tried, though: after the changes the policy is satisfied, and without any
/// one of them it is not. What no change of facts can bring about, such as
/// another principal or action, is not proposed. For people who may see decisions explained.
package struct RepairSearch {
    private let request: Request
    private let entities: any EntityProvider
    /// Whether parts are gone through from the last one on.
    private var isReversed = false
    /// Expressions that may still be looked at, each way.
    private var budget = Self.maxExpressions

    private static let maxExpressions = 2000
    /// Each of them is evaluated anew.
    private static let limits = EvaluationLimits(maxSteps: 10_000)
    /// A policy that lacks more than this is nowhere near.
    private static let maxChanges = 8

    package init(request: Request, entities: any EntityProvider) {
        self.request = request
        self.entities = entities
    }

    /// Nil when none were found; empty for a policy that is satisfied as it is.
    package mutating func changes(toSatisfy policy: Policy) -> [Change]? {
        let first = changes(toSatisfy: policy, fromEnd: false)
        // What one change brings about is not to be had for less.
        if let first, first.count < 2 { return first }
        return Self.shorter(first, changes(toSatisfy: policy, fromEnd: true))
    }

    private mutating func changes(toSatisfy policy: Policy, fromEnd: Bool) -> [Change]? {
        (budget, isReversed) = (Self.maxExpressions, fromEnd)
        guard let found = fromEnd ? conditionsThenScope(policy) : scopeThenConditions(policy) else { return nil }
        let changes = Self.withoutRepetition(found)
        guard isSatisfied(policy, after: changes) else { return nil }
        let needed = withoutNeedless(changes, for: policy)
        return needed.count <= Self.maxChanges ? needed : nil
    }

    private mutating func scopeThenConditions(_ policy: Policy) -> [Change]? {
        scope(of: policy, after: []).flatMap { conditions(of: policy, after: $0) }
    }

    private mutating func conditionsThenScope(_ policy: Policy) -> [Change]? {
        conditions(of: policy, after: []).flatMap { scope(of: policy, after: $0) }
    }

    private func scope(of policy: Policy, after changes: [Change]) -> [Change]? {
        let scope = policy.scope
        return scopeChanges(scope.principal, request.principal, after: changes)
            .flatMap { scopeChanges(scope.resource, request.resource, after: $0) }
    }

    private mutating func conditions(of policy: Policy, after changes: [Change]) -> [Change]? {
        all(policy.conditions.map { ($0.body, $0.kind == .when) }, changes)
    }

    private func isSatisfied(_ policy: Policy, after changes: [Change]) -> Bool {
        var evaluator = evaluator(after: changes)
        return evaluator.outcome(of: policy) == .satisfied
    }

    /// Those that the policy still needs when all the others are made: one may bring about what another was made for.
    private func withoutNeedless(_ changes: [Change], for policy: Policy) -> [Change] {
        changes.reduce(changes) { kept, change in
            let fewer = kept.filter { $0 != change }
            return isSatisfied(policy, after: fewer) ? fewer : kept
        }
    }

    private func evaluator(after changes: [Change]) -> Evaluator {
        let hypothesis = Hypothesis(request, entities, changes)
        return Evaluator(request: hypothesis.request, entities: hypothesis, limits: Self.limits)
    }

    private func scopeChanges(
        _ constraint: EntityConstraint,
        _ uid: EntityUID,
        after changes: [Change]
    ) -> [Change]? {
        switch constraint {
        case .any: return changes
        case .equal(let reference): return reference == .entity(uid) ? changes : nil
        case .isType(let type): return uid.type == type ? changes : nil
        case .memberOf(.entity(let group)): return joining(uid, group, after: changes)
        case .isTypeIn(let type, .entity(let group)):
            return uid.type == type ? joining(uid, group, after: changes) : nil
        case .memberOf(.slot), .isTypeIn(_, .slot): return nil
        }
    }

    /// No hierarchy has circles, and what an action is cannot be changed.
    private func joining(_ uid: EntityUID, _ group: EntityUID, after changes: [Change]) -> [Change]? {
        let hypothesis = Hypothesis(request, entities, changes)
        if uid == group || hypothesis.isDescendant(uid, of: group) { return changes }
        guard uid != request.action, !hypothesis.isDescendant(group, of: uid) else { return nil }
        return changes + [.join(uid, group)]
    }

    private static func withoutRepetition(_ changes: [Change]) -> [Change] {
        var kept: [Change] = []
        for change in changes where !kept.contains(change) {
            // That there be a value says less than which.
            if case .provide(let place) = change, changes.contains(where: { $0 != change && $0.place == place }) {
                continue
            }
            kept.append(change)
        }
        return kept
    }
}

extension RepairSearch {
    /// The changes so far and those by which the expression becomes what is wanted in the world after them; nil when it
    /// cannot, as far as is seen.
    private mutating func repair(_ expression: Expression, to wanted: Bool, after changes: [Change]) -> [Change]? {
        guard budget > 0, changes.count <= Self.maxChanges * 2 else { return nil }
        budget -= 1
        var evaluator = evaluator(after: changes)
        if (try? evaluator.bool(expression)) == wanted { return changes }
        switch expression.kind {
        case .and(let operands):
            return wanted ? all(operands, true, changes) : fewest(operands, of: expression, false, changes)
        case .or(let operands):
            return wanted ? fewest(operands, of: expression, true, changes) : all(operands, false, changes)
        case .not(let operand): return repair(operand, to: !wanted, after: changes)
        case .conditional(let condition, let then, let otherwise):
            return Self.shorter(
                all([(condition, true), (then, wanted)], changes),
                all([(condition, false), (otherwise, wanted)], changes)
            )
        case .isType(let operand, let type, .some(let group)):
            guard wanted, case .entity(let uid)? = try? evaluator.evaluate(operand), uid.type == type else {
                return nil
            }
            var fact = FactChange(evaluator)
            return fact.membership(operand, group, wanted).flatMap { joined($0, changes) }
        default:
            var fact = FactChange(evaluator)
            return fact.change(expression, wanted).flatMap { joined($0, changes) }
        }
    }

    /// A change that makes a circle is none.
    private func joined(_ more: [Change], _ changes: [Change]) -> [Change]? {
        for case .join(let uid, let group) in more {
            guard joining(uid, group, after: changes) != nil else { return nil }
        }
        return changes + more
    }

    private mutating func all(_ operands: [Expression], _ wanted: Bool, _ changes: [Change]) -> [Change]? {
        all(operands.map { ($0, wanted) }, changes)
    }

    private mutating func all(_ goals: [(Expression, Bool)], _ changes: [Change]) -> [Change]? {
        var changes = changes
        for (expression, wanted) in isReversed ? goals.reversed() : goals {
            guard let more = repair(expression, to: wanted, after: changes) else { return nil }
            changes = more
        }
        return changes
    }

    /// One operand is enough, unless another that is looked at before it fails.
    private mutating func fewest(
        _ operands: [Expression],
        of chain: Expression,
        _ wanted: Bool,
        _ changes: [Change]
    ) -> [Change]? {
        var best: [Change]?
        for operand in isReversed ? operands.reversed() : operands {
            guard let more = repair(operand, to: wanted, after: changes) else { continue }
            var evaluator = evaluator(after: more)
            if (try? evaluator.bool(chain)) == wanted { best = Self.shorter(best, more) }
        }
        return best
    }

    /// The first of two that are alike.
    private static func shorter(_ first: [Change]?, _ second: [Change]?) -> [Change]? {
        guard let first else { return second }
        guard let second else { return first }
        return second.count < first.count ? second : first
    }
}
