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

    private mutating func isMember(_ left: Operand, _ right: Operand, _ code: PolicyCode) -> Bool? {
        if let variable = code.shape.tables.variable(left) {
            guard variable != .context else { return nil }
            return isMember(variable, right, code) ?? isMember(variable, ofAny: value(right, code))
        }
        guard case .entity(let uid) = value(left, code), let group = value(right, code) else { return nil }
        if uid == request.principal { return isMember(.principal, ofAny: group) }
        if uid == request.resource { return isMember(.resource, ofAny: group) }
        return isMember(entities.node(of: uid), uid, ofAny: group)
    }

    /// Nil where the group is no entity that is an attribute of a variable; that is the usual case, and is read in place.
    private func isMember(_ variable: Variable, _ group: Operand, _ code: PolicyCode) -> Bool? {
        guard case .path(let place) = group else { return nil }
        let path = code.shape.tables.paths[Int(place)]
        guard path.names.count == 1, let field = field(path.root, code.shape.tables.names[Int(path.names.start)]) else {
            return nil
        }
        return switch path.root {
        case .context: isMember(variable, request.context.fields[field])
        case .principal: isMember(variable, principal.node.attributes.fields[field])
        case .action: isMember(variable, action.node.attributes.fields[field])
        case .resource: isMember(variable, resource.node.attributes.fields[field])
        }
    }

    private func isMember(_ variable: Variable, _ field: Record.Field) -> Bool? {
        guard case .entity(let ancestor) = field.value else { return nil }
        return isMember(variable, of: ancestor)
    }

    private mutating func isMember(_ variable: Variable, ofAny group: Value?) -> Bool? {
        switch group {
        case .entity(let ancestor): return isMember(variable, of: ancestor)
        case .set(let set):
            guard canTest(set) else { return nil }
            for case .entity(let ancestor) in set.elements where isMember(variable, of: ancestor) { return true }
            return false
        default: return nil
        }
    }

    private mutating func isMember(_ node: EntityNode, _ uid: EntityUID, ofAny group: Value) -> Bool? {
        switch group {
        case .entity(let ancestor): return uid == ancestor || node.isDescendant(of: ancestor)
        case .set(let set):
            guard canTest(set) else { return nil }
            for case .entity(let ancestor) in set.elements where uid == ancestor || node.isDescendant(of: ancestor) {
                return true
            }
            return false
        default: return nil
        }
    }

    /// Whether all are entities, and there are steps for them.
    private mutating func canTest(_ set: ValueSet) -> Bool {
        steps &+= set.count
        guard canContinue else { return false }
        for element in set.elements { guard case .entity = element else { return false } }
        return true
    }

    // MARK: Others

    private func has(_ operand: Operand, _ names: NameRange, _ code: PolicyCode) -> Bool? {
        var value: Value?
        var next = Int(names.start)
        if let variable = code.shape.tables.variable(operand) {
            guard let field = field(variable, code.shape.tables.names[next]) else { return false }
            next += 1
            if next == names.end { return true }
            value = self[variable, field]
        } else {
            value = self.value(operand, code)
        }
        while next < names.end {
            guard let owner = attributes(of: value) else { return nil }
            guard let field = owner.place(of: code.shape.tables.names[next]) else { return false }
            value = owner.fields[field].value
            next += 1
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
