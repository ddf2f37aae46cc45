extension CompiledEvaluator {
    /// Nil where the test has no outcome.
    mutating func holds(_ test: Instruction.Test) -> Bool? {
        switch test {
        case .isTrue(let operand): return place(operand)?.bool
        case .equal(let left, let right):
            guard let first = place(left), let second = place(right) else { return nil }
            steps &+= first.stepsToCompare(with: second)
            return canContinue ? first.isSame(as: second) : nil
        case .less(let left, let right):
            guard let first = place(left)?.quantity, let second = place(right)?.quantity, first.kind == second.kind
            else { return nil }
            return first.number < second.number
        case .membership(let left, let right): return isMember(left, right)
        case .isType(let operand, let type):
            guard let uid = place(operand)?.uid else { return nil }
            return unsafe uid.type == code.types[Int(type)]
        case .has(let operand, let names): return has(operand, names)
        case .like(let operand, let pattern):
            guard let text = place(operand) else { return nil }
            return isLike(text, pattern)
        case .contains(let test, let left, let right):
            guard let set = place(left)?.set, let argument = place(right) else { return nil }
            return contains(test, set, argument)
        case .isEmpty(let operand): return place(operand)?.set?.isEmpty
        case .hasTag(let left, let right):
            guard let owner = place(left), let node = unsafe node(of: owner), let tag = place(right)?.text else {
                return nil
            }
            steps &+= tag.utf8.count / 16
            return unsafe node._withUnsafeGuaranteedRef { $0.tags[tag] } != nil
        case .call(let function, let first, let last): return boolean(function, first, last)
        }
    }

    private mutating func boolean(_ function: ExtensionFunction, _ first: Operand, _ last: Operand) -> Bool? {
        // Read in place, like the argument of `ip`: what most conditions on addresses ask.
        if case .isInRange = function {
            guard let range = place(first)?.ip, let other = place(last)?.ip else { return nil }
            return range.isInRange(other)
        }
        guard case .bool(let holds) = call(function, first, last) else { return nil }
        return holds
    }

    // MARK: Membership

    private mutating func isMember(_ left: Operand, _ right: Operand) -> Bool? {
        if let variable = variable(left) {
            guard variable != .context, let group = place(right) else { return nil }
            return unsafe isMember(.variable(variable), node(of: variable), group)
        }
        guard let member = place(left), let node = unsafe node(of: member), let group = place(right) else { return nil }
        return unsafe isMember(.value(member), node, group)
    }

    private enum Member {
        case variable(Variable)
        case value(ValuePlace)
    }

    private mutating func isMember(_ member: Member, _ node: Unmanaged<EntityNode>, _ group: ValuePlace) -> Bool? {
        if let code = group.entityCode {
            guard unsafe isMember(member, node, group, code) else { return false }
            steps &+= group.weight
            return true
        }
        guard let set = group.set else { return nil }
        steps &+= set.weight
        guard canContinue else { return nil }
        return unsafe set.elements.withUnsafeBufferPointer { elements in
            var found = false
            for place in elements.indices {
                let group = unsafe ValuePlace(elements.baseAddress.unsafelyUnwrapped + place)
                guard let code = group.entityCode else { return nil }
                if !found, unsafe isMember(member, node, group, code) { found = true }
            }
            return found
        }
    }

    /// Of a group with that code. Names are looked at where codes are the same.
    private func isMember(
        _ member: Member,
        _ node: Unmanaged<EntityNode>,
        _ group: ValuePlace,
        _ code: Int
    ) -> Bool {
        unsafe node._withUnsafeGuaranteedRef { group.isAmongAncestors(of: $0, code) } || isSame(member, group, code)
    }

    private func isSame(_ member: Member, _ group: ValuePlace, _ code: Int) -> Bool {
        switch member {
        case .variable(.principal): request.principal.code == code && group.isEntity(request.principal)
        case .variable(.action): request.action.code == code && group.isEntity(request.action)
        case .variable(.resource): request.resource.code == code && group.isEntity(request.resource)
        case .variable(.context): false
        case .value(let value): value.isSame(as: group)
        }
    }

    // MARK: Others

    private mutating func has(_ operand: Operand, _ names: NameRange) -> Bool? {
        var fields: FieldPlaces?
        if let variable = variable(operand) {
            fields = self.fields(of: variable)
        } else {
            guard let owner = place(operand) else { return nil }
            fields = self.fields(of: owner)
        }
        for name in Int(names.start)..<names.end {
            guard let owner = fields else { return nil }
            guard let value = unsafe owner.value(of: code.names + name) else { return false }
            if name + 1 < names.end { fields = self.fields(of: value) }
        }
        return true
    }

    private mutating func isLike(_ text: ValuePlace, _ number: UInt32) -> Bool? {
        let pattern = unsafe code.patterns[Int(number)].places
        guard let byteCount = text.byteCount else { return nil }
        steps &+= pattern.steps(byteCount: byteCount)
        return canContinue ? text.matches(pattern) : nil
    }

    private mutating func contains(_ test: SetTest, _ set: ValueSet, _ argument: ValuePlace) -> Bool? {
        if test == .contains {
            steps &+= set.stepsToFind(weight: argument.weight)
            return canContinue ? set.contains(argument) : nil
        }
        guard let other = argument.set else { return nil }
        steps &+= set.stepsToFindElements(of: other)
        guard canContinue else { return nil }
        return test == .containsAll ? set.isSuperset(of: other) : set.intersects(other)
    }
}

extension ValuePlace {
    /// Whether this entity, which has that code, is among them.
    fileprivate func isAmongAncestors(of node: EntityNode, _ code: Int) -> Bool {
        guard let place = node.ancestorPlace(code: code) else { return false }
        // Another of the same code may come first.
        return isEntity(node.ancestors.list[place]) || uid.map(node.ancestors.contains) ?? false
    }
}
