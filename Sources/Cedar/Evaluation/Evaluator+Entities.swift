extension Evaluator {
    /// Every element of a set on the right side must be an entity, also those after one that matches.
    mutating func membership(_ left: Expression, _ right: Expression) throws(EvaluationError) -> Bool {
        let (first, second) = (try evaluate(left), try evaluate(right))
        guard case .entity(let uid) = first else { throw typeError(left, [.entity], first) }
        return try membership(uid, second, right)
    }

    private mutating func membership(
        _ uid: EntityUID,
        _ group: Value,
        _ expression: Expression
    ) throws(EvaluationError) -> Bool {
        try spendLookup(of: uid, on: expression)
        switch group {
        case .entity(let ancestor):
            guard isIn(uid, ancestor) else { return false }
            try spend(ancestor.weight, on: expression)
            return true
        case .set(let set):
            try spend(set.weight, on: expression)
            var groups: [EntityUID] = []
            for element in set.elements {
                guard case .entity(let ancestor) = element else { throw typeError(expression, [.entity], element) }
                groups.append(ancestor)
            }
            let ancestors = ancestors(of: uid)
            return groups.contains { uid == $0 || ancestors.contains($0) }
        default: throw typeError(expression, [.set, .entity], group)
        }
    }

    /// `e is T in g` means `e is T && e in g`: with another type, the right side is not evaluated.
    mutating func isType(
        _ operand: Expression,
        _ type: EntityTypeName,
        in group: Expression?
    ) throws(EvaluationError) -> Bool {
        let uid = try entity(operand)
        guard uid.type == type else { return false }
        guard let group else { return true }
        return try membership(uid, try evaluate(group), group)
    }

    /// `v has a.b` means `v has a && v.a has b`.
    mutating func has(_ operand: Expression, _ path: [AttributeName]) throws(EvaluationError) -> Bool {
        var value = try evaluate(operand)
        for name in path {
            let next: Value?
            switch value {
            case .record(let record): next = record[name]
            case .entity(let uid):
                try spendLookup(of: uid, on: operand)
                next = content(of: uid)?.attributes[name]
            default: throw typeError(operand, [.record, .entity], value)
            }
            guard let next else { return false }
            value = next
        }
        return true
    }

    mutating func attribute(
        _ operand: Expression,
        _ name: AttributeName,
        of expression: Expression
    ) throws(EvaluationError) -> Value {
        let value: Value
        do throws(EvaluationError) { value = try evaluate(operand) } catch {
            return try known(expression, failingWith: error)
        }
        switch value {
        case .record(let record):
            guard let field = record[name] else { throw error(operand, .noSuchField(name)) }
            return field
        case .entity(let uid):
            try spendLookup(of: uid, on: operand)
            guard let content = content(of: uid) else { throw error(operand, .noSuchEntity(uid)) }
            guard let attribute = content.attributes[name] else { throw error(operand, .noSuchAttribute(uid, name)) }
            return attribute
        default: throw typeError(operand, [.record, .entity], value)
        }
    }

    mutating func hasTag(_ operand: Expression, _ name: Expression) throws(EvaluationError) -> Bool {
        let (uid, tag) = try tagged(operand, name)
        return content(of: uid)?.tags[tag] != nil
    }

    mutating func getTag(_ operand: Expression, _ name: Expression) throws(EvaluationError) -> Value {
        let (uid, tag) = try tagged(operand, name)
        guard let content = content(of: uid) else { throw error(operand, .noSuchEntity(uid)) }
        guard let value = content.tags[tag] else { throw error(operand, .noSuchTag(uid, tag)) }
        return value
    }

    private mutating func tagged(
        _ operand: Expression,
        _ name: Expression
    ) throws(EvaluationError) -> (EntityUID, String) {
        let (first, second) = (try evaluate(operand), try evaluate(name))
        guard case .entity(let uid) = first else { throw typeError(operand, [.entity], first) }
        guard case .string(let tag) = second else { throw typeError(name, [.string], second) }
        try spendLookup(of: uid, on: operand)
        try spend(tag.utf8.count / 16, on: name)
        return (uid, tag)
    }
}
