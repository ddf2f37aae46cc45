/// What becomes of one policy, as far as that does not depend on what is unknown.
package enum PartialOutcome: Hashable, Sendable {
    case satisfied
    case notSatisfied
    case failed(EvaluationError)
    /// Satisfied where this holds, of the scope and the conditions what is left; it can fail as the policy can.
    case residual(Expression)
}

extension PartialEvaluator {
    package mutating func outcome(of policy: Policy) -> PartialOutcome {
        guard let tests = tests(of: policy.scope) else { return .notSatisfied }
        do throws(EvaluationError) {
            // A scope cannot fail, so it does not matter that its tests come first.
            switch try chain(tests + policy.conditions.map(\.test), endsAt: false, policy.range) {
            case .value(.bool(true)): return .satisfied
            case .value: return .notSatisfied
            case .residual(let rest): return .residual(rest)
            }
        } catch {
            return .failed(error)
        }
    }

    /// What a scope asks of the unknown parts, as conditions; nil where a known part, or a type, is not as it asks. So it is
    /// for most policies.
    private mutating func tests(of scope: Scope) -> [Expression]? {
        var tests: [Expression] = []
        if request.isUnknown(.action) {
            if let test = scope.action.test { tests.append(test) }
        } else if !evaluator.matches(scope.action) {
            return nil
        }
        guard isPossible(scope.principal, of: .principal, Evaluator.Place.principal, &tests),
            isPossible(scope.resource, of: .resource, Evaluator.Place.resource, &tests)
        else { return nil }
        return tests
    }

    /// Whether the entity is as its constraint asks, or might be: then by what is added to the tests.
    private mutating func isPossible(
        _ constraint: EntityConstraint,
        of variable: Variable,
        _ place: Int,
        _ tests: inout [Expression]
    ) -> Bool {
        guard case .unknown(let type)? = request[variable] else { return evaluator.matches(constraint, place) }
        if let test = constraint.test(of: variable) { tests.append(test) }
        return !constraint.excludes(type)
    }
}

extension Condition {
    fileprivate var test: Expression { kind == .when ? body : Expression(.not(body), range: body.range) }
}

extension EntityConstraint {
    /// Whether no entity of a type will do.
    fileprivate func excludes(_ type: EntityTypeName?) -> Bool {
        switch self {
        case .isType(let wanted), .isTypeIn(let wanted, .entity): type.map { $0 != wanted } ?? false
        case .equal(.entity(let wanted)): type.map { $0 != wanted.type } ?? false
        case .any, .memberOf(.entity): false
        // A template applies to nothing.
        case .equal(.slot), .memberOf(.slot), .isTypeIn(_, .slot): true
        }
    }

    /// Nil where anything will do.
    fileprivate func test(of variable: Variable) -> Expression? {
        let entity = Expression(.variable(variable))
        switch self {
        case .any, .equal(.slot), .memberOf(.slot), .isTypeIn(_, .slot): return nil
        case .equal(.entity(let other)): return Expression(.compare(.equal, entity, Expression(other)))
        case .memberOf(.entity(let group)): return Expression(.membership(entity, Expression(group)))
        case .isType(let type): return Expression(.isType(entity, type, in: nil))
        case .isTypeIn(let type, .entity(let group)): return Expression(.isType(entity, type, in: Expression(group)))
        }
    }
}

extension ActionConstraint {
    fileprivate var test: Expression? {
        let action = Expression(.variable(.action))
        switch self {
        case .any: return nil
        case .equal(let other): return Expression(.compare(.equal, action, Expression(other)))
        case .memberOf(let group): return Expression(.membership(action, Expression(group)))
        case .memberOfAny(let groups):
            return Expression(.membership(action, Expression(.set(ValueSet(groups.map { .entity($0) })), range: .none)))
        }
    }
}

extension Expression {
    fileprivate init(_ uid: EntityUID) { self.init(.entity(uid), range: .none) }
}
