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
        if policy.scope.excludes(request) { return .notSatisfied }
        do throws(EvaluationError) {
            // A scope cannot fail, so it does not matter where in the chain its tests stand.
            switch try chain(policy.scope.tests + policy.conditions.map(\.test), endsAt: false, policy.range) {
            case .value(.bool(true)): return .satisfied
            case .value: return .notSatisfied
            case .residual(let rest): return .residual(rest)
            }
        } catch {
            return .failed(error)
        }
    }
}

extension Condition {
    fileprivate var test: Expression { kind == .when ? body : Expression(.not(body), range: body.range) }
}

extension Scope {
    /// Whether an entity of the request is another than the one that is asked for, which is seen without looking it up. It
    /// is so for most policies.
    fileprivate func excludes(_ request: PartialRequest) -> Bool {
        if case .known(let uid) = request.action, case .equal(let other) = action, uid != other { return true }
        return principal.excludes(request.principal) || resource.excludes(request.resource)
    }

    /// What it asks, as conditions.
    fileprivate var tests: [Expression] {
        [action.test, principal.test(of: .principal), resource.test(of: .resource)].compactMap(\.self)
    }
}

extension EntityConstraint {
    fileprivate func excludes(_ part: PartialRequest.Part) -> Bool {
        switch (self, part) {
        case (.equal(.entity(let other)), .known(let uid)): uid != other
        case (.isType(let type), .known(let uid)), (.isTypeIn(let type, _), .known(let uid)): uid.type != type
        case (.isType(let type), .unknown(let known?)), (.isTypeIn(let type, _), .unknown(let known?)): known != type
        // A template applies to nothing.
        case (.equal(.slot), _), (.memberOf(.slot), _), (.isTypeIn(_, .slot), _): true
        case (.any, _), (.memberOf(.entity), _), (.equal(.entity), .unknown), (.isType, .unknown(nil)),
            (.isTypeIn, .unknown(nil)):
            false
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
