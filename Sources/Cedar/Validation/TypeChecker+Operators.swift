extension TypeChecker {
    mutating func longs(_ operands: [Expression]) -> Answer {
        var result = Answer(type: .long)
        for operand in operands { result = Answer(.long, of: result, expectLong(operand)) }
        return result
    }

    mutating func compare(
        _ comparison: Comparison,
        _ left: Expression,
        _ right: Expression,
        at expression: Expression
    ) -> Answer {
        switch comparison {
        case .equal: return equality(left, right, at: expression)
        case .notEqual:
            let answer = equality(left, right, at: expression)
            guard case .bool(let value) = answer.type else { return answer }
            return Answer(.bool(value.map { !$0 }), of: answer)
        case .less, .lessOrEqual, .greater, .greaterOrEqual: return order(left, right)
        }
    }

    private mutating func equality(_ left: Expression, _ right: Expression, at expression: Expression) -> Answer {
        let (leftAnswer, rightAnswer) = (check(left), check(right))
        let result = Answer(equalityType(left, leftAnswer, right, rightAnswer), of: leftAnswer, rightAnswer)
        // What is never equal or always may be compared in strict mode too.
        guard result.type == .anyBool else { return result }
        return strictlyAlike(leftAnswer.type, rightAnswer.type, result, at: expression)
    }

    private func equalityType(
        _ left: Expression,
        _ leftAnswer: Answer,
        _ right: Expression,
        _ rightAnswer: Answer
    ) -> CheckedType {
        if let leftType = leftAnswer.type, let rightType = rightAnswer.type, leftType.isDisjoint(with: rightType) {
            return .false
        }
        guard let leftValue = constant(left), let rightValue = constant(right) else { return .anyBool }
        return .bool(leftValue == rightValue)
    }

    /// The value of a literal, and of `action`, which the environment fixes.
    func constant(_ expression: Expression) -> Value? {
        switch expression.kind {
        case .literal(let value): value
        case .variable(.action): .entity(environment.action)
        default: nil
        }
    }

    /// In strict mode, that both types can be joined.
    private mutating func strictlyAlike(
        _ left: CheckedType?,
        _ right: CheckedType?,
        _ answer: Answer,
        at expression: Expression
    ) -> Answer {
        guard mode == .strict, let left, let right else { return answer }
        return joined(left, right, at: expression) == nil ? .unsound(answer.type) : answer
    }

    private mutating func order(_ left: Expression, _ right: Expression) -> Answer {
        let (leftAnswer, rightAnswer) = (check(left), check(right))
        guard let leftType = leftAnswer.type, let rightType = rightAnswer.type else { return .unsound(.anyBool) }
        if leftType.isOrdered ? rightType == leftType || rightType == .never : rightType.isOrdered && leftType == .never
        {
            return Answer(.anyBool, of: leftAnswer, rightAnswer)
        }
        // The side that has an order says what the other should be.
        if leftType.isOrdered {
            report(.unexpectedType(expected: "\(leftType)", found: "\(rightType)", advice: nil), at: right)
        } else {
            let wanted = rightType.isOrdered ? "\(rightType)" : "Long, datetime or duration"
            report(.unexpectedType(expected: wanted, found: "\(leftType)", advice: nil), at: left)
        }
        return .unsound(.anyBool)
    }

    mutating func contains(
        _ test: SetTest,
        _ left: Expression,
        _ right: Expression,
        at expression: Expression
    ) -> Answer {
        let leftAnswer = expectSet(left)
        switch test {
        case .contains:
            let rightAnswer = check(right)
            var elementType: CheckedType?
            if case .set(let element) = leftAnswer.type { elementType = element }
            let result = Answer(.anyBool, of: leftAnswer, rightAnswer)
            return strictlyAlike(elementType, rightAnswer.type, result, at: expression)
        case .containsAll, .containsAny:
            let rightAnswer = expectSet(right)
            let result = Answer(.anyBool, of: leftAnswer, rightAnswer)
            return strictlyAlike(leftAnswer.type, rightAnswer.type, result, at: expression)
        }
    }

    mutating func set(_ elements: [Expression], at expression: Expression) -> Answer {
        let answers = elements.map { check($0) }
        guard mode == .permissive || !elements.isEmpty else {
            report(.emptySet, at: expression)
            return .unknown
        }
        let types = answers.compactMap(\.type)
        guard types.count == answers.count, let type = joined(types, at: expression) else { return .unknown }
        return Answer(type: .set(type), isSound: answers.allSatisfy(\.isSound))
    }

    mutating func record(_ fields: [Expression.Field]) -> Answer {
        var attributes: [CheckedRecord.Attribute] = []
        var reaches: [AttributeName: Reach] = [:]
        var isSound = true
        for field in fields.sorted(by: { $0.name < $1.name }) {
            let answer = check(field.value)
            isSound = isSound && answer.isSound
            reaches[field.name] = answer.reach
            guard let type = answer.type else { continue }
            attributes.append(CheckedRecord.Attribute(name: field.name, type: type, isRequired: true))
        }
        guard attributes.count == fields.count else { return .unknown }
        var answer = Answer(type: .record(CheckedRecord(sorted: attributes)), isSound: isSound)
        answer.reach = .record(reaches)
        return answer
    }
}
