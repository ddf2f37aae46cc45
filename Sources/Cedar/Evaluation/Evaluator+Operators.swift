extension Evaluator {
    mutating func compare(
        _ comparison: Comparison,
        _ left: Expression,
        _ right: Expression
    ) throws(EvaluationError) -> Bool {
        let (first, second) = (try evaluate(left), try evaluate(right))
        switch comparison {
        case .equal, .notEqual:
            try spend(first.stepsToCompare(with: second), on: left)
            return (first == second) == (comparison == .equal)
        case .less: return try isLess(first, second, left, right)
        case .lessOrEqual: return !(try isLess(first, second, left, right, isSwapped: true))
        case .greater: return try isLess(first, second, left, right, isSwapped: true)
        case .greaterOrEqual: return !(try isLess(first, second, left, right))
        }
    }

    /// `first < second`, or `second < first` where swapped; both long, both datetime or both duration.
    private func isLess(
        _ first: Value,
        _ second: Value,
        _ left: Expression,
        _ right: Expression,
        isSwapped: Bool = false
    ) throws(EvaluationError) -> Bool {
        switch (first, second) {
        case (.long(let low), .long(let high)): return isSwapped ? high < low : low < high
        case (.datetime(let low), .datetime(let high)): return isSwapped ? high < low : low < high
        case (.duration(let low), .duration(let high)): return isSwapped ? high < low : low < high
        case (.long, _), (.datetime, _), (.duration, _): throw typeError(right, [first.kind], second)
        default: throw typeError(left, [.long, .datetime, .duration], first)
        }
    }

    mutating func negate(_ operand: Expression) throws(EvaluationError) -> Value {
        let value = try long(try evaluate(operand), operand)
        guard value != .min else { throw error(operand, .negationOverflow(value)) }
        return .long(-value)
    }

    mutating func sum(_ first: Expression, _ terms: [Expression.Term]) throws(EvaluationError) -> Value {
        var (total, last) = (try evaluate(first), first)
        for term in terms {
            let value = try evaluate(term.operand)
            let (left, right) = (try long(total, last), try long(value, term.operand))
            let (result, overflow) =
                term.isSubtracted ? left.subtractingReportingOverflow(right) : left.addingReportingOverflow(right)
            guard !overflow else { throw error(term.operand, .overflow(term.isSubtracted ? "-" : "+", left, right)) }
            (total, last) = (.long(result), term.operand)
        }
        return total
    }

    mutating func product(_ factors: [Expression]) throws(EvaluationError) -> Value {
        guard let first = factors.first else { return .long(1) }
        var (total, last) = (try evaluate(first), first)
        for factor in factors.dropFirst() {
            let value = try evaluate(factor)
            let (left, right) = (try long(total, last), try long(value, factor))
            let (result, overflow) = left.multipliedReportingOverflow(by: right)
            guard !overflow else { throw error(factor, .overflow("*", left, right)) }
            (total, last) = (.long(result), factor)
        }
        return total
    }

    private func long(_ value: Value, _ expression: Expression) throws(EvaluationError) -> Int64 {
        guard case .long(let number) = value else { throw typeError(expression, [.long], value) }
        return number
    }

    mutating func like(_ operand: Expression, _ pattern: Pattern) throws(EvaluationError) -> Bool {
        let text = try string(operand)
        try spend(pattern.places.steps(byteCount: text.utf8.count), on: operand)
        return pattern.matches(text)
    }

    mutating func string(_ expression: Expression) throws(EvaluationError) -> String {
        let value = try evaluate(expression)
        guard case .string(let text) = value else { throw typeError(expression, [.string], value) }
        return text
    }

    mutating func contains(
        _ test: SetTest,
        _ receiver: Expression,
        _ argument: Expression
    ) throws(EvaluationError) -> Bool {
        let (first, second) = (try evaluate(receiver), try evaluate(argument))
        guard case .set(let set) = first else { throw typeError(receiver, [.set], first) }
        if test == .contains {
            try spend(set.stepsToFind(weight: second.weight), on: argument)
            return set.contains(second)
        }
        guard case .set(let other) = second else { throw typeError(argument, [.set], second) }
        try spend(set.stepsToFindElements(of: other), on: argument)
        return test == .containsAll ? set.isSuperset(of: other) : set.intersects(other)
    }
}
