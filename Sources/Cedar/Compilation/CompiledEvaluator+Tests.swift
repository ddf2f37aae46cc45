extension CompiledEvaluator {
    /// Nil where the test has no outcome.
    mutating func holds(_ test: Instruction.Test, _ code: PolicyCode) -> Bool? {
        switch test {
        case .isTrue(let operand):
            guard case .bool(let holds) = value(operand, code) else { return nil }
            return holds
        case .equal(let left, let right):
            guard let first = value(left, code), let second = value(right, code) else { return nil }
            steps &+= first.width
            return canContinue ? first == second : nil
        case .less(let left, let right):
            guard let first = quantity(left, code), let second = quantity(right, code), first.kind == second.kind
            else { return nil }
            return first.number < second.number
        case .membership(let left, let right): return isMember(left, right, code)
        case .isType(let operand, let type):
            guard case .entity(let uid) = value(operand, code) else { return nil }
            return uid.type == code.shape.tables.types[Int(type)]
        case .has(let operand, let names): return has(operand, names, code)
        case .like(let operand, let pattern):
            guard case .string(let text) = value(operand, code) else { return nil }
            return isLike(text, code.shape.tables.patterns[Int(pattern)])
        case .contains(let test, let left, let right):
            guard case .set(let set) = value(left, code), let argument = value(right, code) else { return nil }
            return contains(test, set, argument)
        case .isEmpty(let operand):
            guard case .set(let set) = value(operand, code) else { return nil }
            return set.isEmpty
        case .hasTag(let left, let right):
            guard case .entity(let uid) = value(left, code), case .string(let tag) = value(right, code) else {
                return nil
            }
            return node(of: uid).tags.place(of: AttributeName(tag)) != nil
        case .call(let function, let first, let last):
            guard case .bool(let holds) = call(function, first, last, code) else { return nil }
            return holds
        }
    }

    // MARK: Membership

    private enum Member {
        case variable(Variable)
        case entity(EntityUID, EntityNode)
    }

    private mutating func isMember(_ left: Operand, _ right: Operand, _ code: PolicyCode) -> Bool? {
        guard let member = member(left, code), let group = value(right, code) else { return nil }
        switch group {
        case .entity(let ancestor): return isMember(member, of: ancestor)
        case .set(let set):
            steps &+= set.count
            guard canContinue else { return nil }
            for element in set.elements { guard case .entity = element else { return nil } }
            for case .entity(let ancestor) in set.elements where isMember(member, of: ancestor) { return true }
            return false
        default: return nil
        }
    }

    private mutating func member(_ operand: Operand, _ code: PolicyCode) -> Member? {
        if case .path(let place) = operand, code.shape.tables.paths[Int(place)].names.count == 0 {
            let variable = code.shape.tables.paths[Int(place)].root
            return variable == .context ? nil : .variable(variable)
        }
        guard case .entity(let uid) = value(operand, code) else { return nil }
        if uid == request.principal { return .variable(.principal) }
        if uid == request.resource { return .variable(.resource) }
        return .entity(uid, entities.node(of: uid))
    }

    private mutating func isMember(_ member: Member, of ancestor: EntityUID) -> Bool {
        switch member {
        case .variable(.principal): isPrincipal(in: ancestor)
        case .variable(.action): isAction(in: ancestor)
        case .variable(.resource): isResource(in: ancestor)
        case .variable(.context): false
        case .entity(let uid, let node): uid == ancestor || node.isDescendant(of: ancestor)
        }
    }

    // MARK: Others

    private mutating func has(_ operand: Operand, _ names: NameRange, _ code: PolicyCode) -> Bool? {
        var owner: Record?
        if case .path(let place) = operand, code.shape.tables.paths[Int(place)].names.count == 0 {
            owner = attributes(of: code.shape.tables.paths[Int(place)].root)
        } else {
            guard let value = value(operand, code), value.mayHaveAttributes else { return nil }
            owner = attributes(of: value)
        }
        for place in Int(names.start)..<names.end {
            guard let record = owner, let field = record.place(of: code.shape.tables.names[place]) else { return false }
            guard place < names.end - 1 else { return true }
            guard record.fields[field].value.mayHaveAttributes else { return nil }
            owner = attributes(of: record.fields[field].value)
        }
        return true
    }

    private mutating func isLike(_ text: String, _ pattern: Pattern) -> Bool? {
        steps &+= text.utf8.count / 16 * pattern.segments.count
        return canContinue ? pattern.matches(text) : nil
    }

    private mutating func contains(_ test: SetTest, _ set: ValueSet, _ argument: Value) -> Bool? {
        if test == .contains { return set.contains(argument) }
        guard case .set(let other) = argument else { return nil }
        steps &+= other.count
        guard canContinue else { return nil }
        return test == .containsAll ? set.isSuperset(of: other) : set.intersects(other)
    }
}

extension Value {
    fileprivate var mayHaveAttributes: Bool {
        switch self {
        case .record, .entity: true
        case .bool, .long, .string, .set, .ip, .decimal, .datetime, .duration: false
        }
    }
}
