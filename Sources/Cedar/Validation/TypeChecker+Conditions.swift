extension TypeChecker {
    /// `a && b && …`, as if grouped to the left. Each operand may rely on what those before it have shown.
    mutating func conjunction(_ operands: [Expression]) -> Answer {
        var result = Answer(type: .true)
        var shown: [Set<Capability>] = []
        for operand in operands {
            if result.type == .false { break }
            let right = expectBool(operand)
            result = Self.both(result, right)
            known.insert(right.capabilities)
            shown.append(right.capabilities)
        }
        for capabilities in shown { known.remove(capabilities) }
        return result
    }

    static func both(_ left: Answer, _ right: Answer) -> Answer {
        var result = Answer(.anyBool, of: left, right)
        switch (left.type, right.type) {
        case (nil, _), (_, nil): return result
        case (_, .false):
            result.type = .false
            return result
        case (_, .true): result.type = left.type
        case (.true, _): result.type = right.type
        case (_, _): break
        }
        result.capabilities = left.capabilities.union(right.capabilities)
        return result
    }

    /// `a || b || …`, as if grouped to the left. That `a` was false shows nothing to `b`.
    mutating func disjunction(_ operands: [Expression]) -> Answer {
        var result = Answer(type: .false)
        for operand in operands {
            if result.type == .true { break }
            result = Self.either(result, expectBool(operand))
        }
        return result
    }

    private static func either(_ left: Answer, _ right: Answer) -> Answer {
        var result = Answer(.anyBool, of: left, right)
        switch (left.type, right.type) {
        case (nil, _), (_, nil): break
        case (_, .true):
            result.type = .true
            result.capabilities = right.capabilities
        case (_, .false):
            result.type = left.type
            result.capabilities = left.capabilities
        case (.false, _):
            result.type = right.type
            result.capabilities = right.capabilities
        case (_, _): result.capabilities = left.capabilities.intersection(right.capabilities)
        }
        return result
    }

    mutating func negation(_ operand: Expression) -> Answer {
        let answer = expectBool(operand)
        guard case .bool(let value) = answer.type else { return Answer(.anyBool, of: answer) }
        return Answer(.bool(value.map { !$0 }), of: answer)
    }

    /// A branch that is never taken is not looked at.
    mutating func conditional(
        _ expression: Expression,
        _ condition: Expression,
        _ then: Expression,
        _ otherwise: Expression
    ) -> Answer {
        let test = expectBool(condition)
        if test.type == .false {
            var answer = check(otherwise)
            answer.isSound = answer.isSound && test.isSound
            return answer
        }
        known.insert(test.capabilities)
        var left = check(then)
        known.remove(test.capabilities)
        left.isSound = left.isSound && test.isSound
        left.capabilities.formUnion(test.capabilities)
        if test.type == .true { return left }
        let right = check(otherwise)
        guard let leftType = left.type, let rightType = right.type else { return .unknown }
        guard let type = joined([leftType, rightType], at: expression) else { return .unknown }
        var answer = Answer(type, of: left, right)
        answer.capabilities = left.capabilities.intersection(right.capabilities)
        answer.reach = left.reach.joined(with: right.reach)
        return answer
    }
}
