extension Expression {
    init(_ value: Value, range: SourceRange) { self.init(.literal(value), range: range) }

    /// The same node over other operands: as many as it has children, in their order.
    func replacingChildren(_ children: [Expression]) -> Expression {
        Expression(kind.replacingChildren(children), range: range)
    }
}

extension Expression.Kind {
    fileprivate func replacingChildren(_ new: [Expression]) -> Expression.Kind {
        switch self {
        case .literal, .variable: self
        case .and: .and(new)
        case .or: .or(new)
        case .not: .not(new[0])
        case .conditional: .conditional(new[0], then: new[1], else: new[2])
        case .compare(let comparison, _, _): .compare(comparison, new[0], new[1])
        case .negate: .negate(new[0])
        case .sum(_, let terms):
            .sum(
                new[0],
                zip(terms, new.dropFirst()).map { Expression.Term(isSubtracted: $0.isSubtracted, operand: $1) }
            )
        case .product: .product(new)
        case .membership: .membership(new[0], new[1])
        case .isType(_, let type, let group): .isType(new[0], type, in: group == nil ? nil : new[1])
        case .has(_, let path): .has(new[0], path)
        case .like(_, let pattern): .like(new[0], pattern)
        case .attribute(_, let name): .attribute(new[0], name)
        case .contains(let test, _, _): .contains(test, new[0], new[1])
        case .isEmpty: .isEmpty(new[0])
        case .hasTag: .hasTag(new[0], new[1])
        case .getTag: .getTag(new[0], new[1])
        case .call(let function, _): .call(function, new)
        case .set: .set(new)
        case .record(let fields):
            .record(zip(fields, new).map { Expression.Field(name: $0.name, value: $1) })
        }
    }
}
