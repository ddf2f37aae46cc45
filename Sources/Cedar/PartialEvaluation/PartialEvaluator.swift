/// Evaluates expressions as far as they do not depend on what is unknown.
///
/// What is left is a *residual*: an expression over the unknowns alone, in which everything else is replaced by its value.
/// It comes to the same as the whole expression for every entity that an unknown may stand for: the same value, and else
/// the same error. So nothing is left out that could still fail, and operands stay in their order. Where all operands of
/// a node are known the evaluator itself says what it comes to.
package struct PartialEvaluator {
    package let request: PartialRequest
    var evaluator: Evaluator

    /// What is known of an expression's value. That it has none, whatever the unknowns are, is thrown.
    enum Part {
        case value(Value)
        case residual(Expression)
    }

    package init(request: PartialRequest, entities: any EntityProvider, limits: EvaluationLimits = .standard) {
        self.request = request
        evaluator = Evaluator(request: request.placeholder, entities: entities, limits: limits)
    }

    /// How many were taken so far.
    package var steps: Int { evaluator.steps }

    mutating func evaluate(_ expression: Expression) throws(EvaluationError) -> Part {
        try evaluator.spend(1, on: expression)
        switch expression.kind {
        case .literal(let value): return .value(value)
        case .variable(let variable): return request.value(of: variable).map { .value($0) } ?? .residual(expression)
        case .and(let operands): return try chain(operands, endsAt: false, expression.range)
        case .or(let operands): return try chain(operands, endsAt: true, expression.range)
        case .conditional(let condition, let then, let otherwise):
            return try conditional(condition, then, otherwise, expression)
        case .isType(let operand, let type, let group): return try isType(operand, type, in: group, expression)
        case .sum, .product: return try fold(expression)
        case .call where expression.isUnknownCall: return .residual(expression)
        case .not, .compare, .negate, .membership, .has, .like, .attribute, .contains, .isEmpty, .hasTag, .getTag,
            .call, .set, .record:
            return try strict(expression)
        }
    }

    /// A node that evaluates all of its operands, left to right, before it looks at any.
    private mutating func strict(_ expression: Expression) throws(EvaluationError) -> Part {
        var operands: [Expression] = []
        var isKnown = true
        for child in expression.kind.children {
            do throws(EvaluationError) {
                let part = try evaluate(child)
                if case .residual = part { isKnown = false }
                operands.append(part.expression(at: child.range))
            } catch {
                // What is unknown comes first, and may fail in another way.
                operands.append(try kept(child, failingWith: error, isFirst: isKnown))
            }
        }
        let rest = expression.replacingChildren(operands)
        if isKnown { return try known(rest) }
        if let field = try field(of: rest) { return field }
        // Whoever reads a residual looks through the values in it.
        try evaluator.spend(Value.sum(operands.lazy.map(\.literalWeight)), on: expression)
        return rest.foregoneConclusion(in: request).map { .value(.bool($0)) } ?? .residual(rest)
    }

    /// What a record has for an attribute, where no other field of it can fail; nil where one can, or it is no record.
    private func field(of expression: Expression) throws(EvaluationError) -> Part? {
        guard case .attribute(let operand, let name) = expression.kind, case .record(let fields) = operand.kind,
            operand.hasValue(in: request)
        else { return nil }
        guard let value = fields.last(where: { $0.name == name })?.value else {
            throw evaluator.error(operand, .noSuchField(name))
        }
        if case .literal(let value) = value.kind { return .value(value) }
        return .residual(value)
    }

    /// A sum or a product: each operand is added to those before it, or fails to be, before the next is evaluated.
    private mutating func fold(_ expression: Expression) throws(EvaluationError) -> Part {
        let operands = expression.kind.children
        guard let first = operands.first else { return try known(expression) }
        var (total, last) = (try evaluate(first), first.range)
        var open: [Expression] = []
        var foldedCount = 1
        for operand in operands.dropFirst() {
            do throws(EvaluationError) {
                let part = try evaluate(operand)
                if open.isEmpty, case .value(let left) = total, case .value(let right) = part {
                    let pair = [Expression(left, range: last), Expression(right, range: operand.range)]
                    total = try known(expression.replacingOperands(pair, from: foldedCount))
                    (foldedCount, last) = (foldedCount + 1, operand.range)
                } else {
                    open.append(part.expression(at: operand.range))
                }
            } catch {
                let isFirst = if case .value = total { open.isEmpty } else { false }
                open.append(try kept(operand, failingWith: error, isFirst: isFirst))
            }
        }
        if open.isEmpty { return total }
        return .residual(expression.replacingOperands([total.expression(at: last)] + open, from: foldedCount))
    }

    private mutating func known(_ expression: Expression) throws(EvaluationError) -> Part {
        .value(try evaluator.evaluate(expression))
    }

    /// An operand that fails once it is evaluated. An unknown before it may make something else of the whole.
    private func kept(
        _ operand: Expression,
        failingWith error: EvaluationError,
        isFirst: Bool
    ) throws(EvaluationError) -> Expression {
        // How many steps are left says nothing about the operand.
        if isFirst || error.isExhaustion { throw error }
        return bound(operand)
    }

    /// With values for the variables that are known.
    private func bound(_ expression: Expression) -> Expression {
        if case .variable(let variable) = expression.kind {
            return request.value(of: variable).map { Expression($0, range: expression.range) } ?? expression
        }
        return expression.replacingChildren(expression.kind.children.map(bound))
    }
}

extension PartialEvaluator {
    /// Ends with the first operand that is `end`; what follows that is not evaluated.
    mutating func chain(
        _ operands: [Expression],
        endsAt end: Bool,
        _ range: SourceRange
    ) throws(EvaluationError) -> Part {
        var open: [Expression] = []
        for operand in operands {
            let part: Part
            do throws(EvaluationError) {
                part = try evaluate(operand)
                if open.isEmpty, case .value(let value) = part, value.kind != .bool {
                    throw evaluator.typeError(operand, [.bool], value)
                }
            } catch {
                open.append(try kept(operand, failingWith: error, isFirst: open.isEmpty))
                break
            }
            if case .value(.bool(!end)) = part { continue }
            if case .value(.bool) = part, open.allSatisfy({ $0.isTotal(in: request) }) { return .value(.bool(end)) }
            open.append(part.expression(at: operand.range))
            // An unknown operand alone can be followed by another.
            if case .value = part { break }
        }
        guard let first = open.first else { return .value(.bool(!end)) }
        if open.count == 1 {
            if first.kind.isBoolean { return .residual(first) }
            // Alone it would not have to be a bool.
            open = [Expression(.bool(!end), range: range), first]
        }
        return .residual(Expression(end ? .or(open) : .and(open), range: range))
    }

    private mutating func conditional(
        _ condition: Expression,
        _ then: Expression,
        _ otherwise: Expression,
        _ expression: Expression
    ) throws(EvaluationError) -> Part {
        switch try evaluate(condition) {
        case .value(.bool(let holds)): return try evaluate(holds ? then : otherwise)
        case .value(let value): throw evaluator.typeError(condition, [.bool], value)
        case .residual(let rest):
            let condition = rest.moved(to: condition.range)
            return .residual(expression.replacingChildren([condition, try branch(then), try branch(otherwise)]))
        }
    }

    /// What is evaluated only if something unknown has it so.
    private mutating func branch(_ expression: Expression) throws(EvaluationError) -> Expression {
        do throws(EvaluationError) {
            return try evaluate(expression).expression(at: expression.range)
        } catch {
            return try kept(expression, failingWith: error, isFirst: false)
        }
    }

    /// `e is T in g` means `e is T && e in g`.
    private mutating func isType(
        _ operand: Expression,
        _ type: EntityTypeName,
        in group: Expression?,
        _ expression: Expression
    ) throws(EvaluationError) -> Part {
        let part = try evaluate(operand)
        let found: EntityTypeName?
        switch part {
        case .value(.entity(let uid)): found = uid.type
        case .value(let value): throw evaluator.typeError(operand, [.entity], value)
        case .residual(let rest): found = rest.type(in: request)
        }
        let entity = part.expression(at: operand.range)
        guard let found else {
            let operands = [entity] + (try group.map { group throws(EvaluationError) in [try branch(group)] } ?? [])
            return .residual(expression.replacingChildren(operands))
        }
        guard found == type else { return .value(.bool(false)) }
        guard let group else { return .value(.bool(true)) }
        return try strict(Expression(.membership(entity, group), range: expression.range))
    }
}

extension PartialEvaluator.Part {
    func expression(at range: SourceRange) -> Expression {
        switch self {
        case .value(let value): Expression(value, range: range)
        case .residual(let rest): rest.moved(to: range)
        }
    }
}

extension Expression {
    fileprivate var literalWeight: Int { if case .literal(let value) = kind { value.weight } else { 0 } }

    /// With the range of what it is left of, at which whoever uses its value finds fault with it.
    fileprivate func moved(to range: SourceRange) -> Expression {
        if range == self.range { return self }
        // A call finds fault at its own range, all others at those of their operands.
        guard case .call = kind else { return Expression(kind, range: range) }
        let otherwise = Expression(.bool(false), range: range)
        return Expression(
            .conditional(Expression(.bool(true), range: range), then: self, else: otherwise),
            range: range
        )
    }

    /// A sum or product of other operands, the second of which is in the place `start` of this one.
    fileprivate func replacingOperands(_ operands: [Expression], from start: Int) -> Expression {
        guard case .sum(_, let terms) = kind else { return Expression(.product(operands), range: range) }
        let signs = terms.dropFirst(start - 1).map(\.isSubtracted)
        let rest = zip(signs, operands.dropFirst()).map { Term(isSubtracted: $0, operand: $1) }
        return Expression(.sum(operands[0], rest), range: range)
    }
}
