extension TypeChecker {
    mutating func attribute(_ operand: Expression, _ name: AttributeName, at expression: Expression) -> Answer {
        let owner = expectAttributes(operand)
        guard let type = owner.type else { return .unknown }
        var answer = Answer(access(name, of: type, operand, at: expression), of: owner).soundIfTyped
        answer.reach = reach(of: name, in: owner, at: expression)
        return answer
    }

    private mutating func lookup(_ name: AttributeName, of type: CheckedType) -> SchemaIndex.Lookup {
        let found = index.attribute(name, of: type)
        if case .entity(let union) = type, union.single == nil, case .found(let attribute) = found {
            spend(union.types.count * attribute.type.size)
        }
        return found
    }

    /// The type of an attribute that is surely there; nil with a fault otherwise.
    private mutating func access(
        _ name: AttributeName,
        of type: CheckedType,
        _ operand: Expression,
        at expression: Expression
    ) -> CheckedType? {
        switch lookup(name, of: type) {
        case .found(let attribute):
            guard attribute.isRequired || known.contains(.attribute(of: operand, name)) else {
                report(.optionalAttribute(of: "\(type)", name), at: expression)
                return nil
            }
            return attribute.type
        case .undeclared:
            if known.contains(.attribute(of: operand, name)) { return .never }
            report(.optionalAttribute(of: "\(type)", name), at: expression)
            return nil
        case .possible, .absent:
            let names = index.attributeNames(of: type).map(\.text)
            spend(names.count * 1000)
            let suggestion = Suggestion.closest(to: name.text, among: names)
            report(.unknownAttribute(of: "\(type)", name, suggestion: suggestion), at: expression)
            return nil
        }
    }

    /// `value has a.b.c` is `value has a && value.a has b && value.a.b has c`.
    mutating func has(_ operand: Expression, _ path: [AttributeName], at expression: Expression) -> Answer {
        var owner = expectAttributes(operand)
        guard var type = owner.type else { return .unsound(.anyBool) }
        var operand = operand
        var result = Answer(.true, of: owner)
        var shown: [Set<Capability>] = []
        defer { for capabilities in shown { known.remove(capabilities) } }
        for (place, name) in path.enumerated() {
            spend(1)
            guard Self.hasAttributes(type) || type == .never else {
                report(
                    .unexpectedType(expected: "an entity or a record", found: "\(type)", advice: nil),
                    at: expression
                )
                return .unsound(.anyBool)
            }
            owner.type = type
            owner.reach = reach(of: name, in: owner, at: expression)
            let step = has(name, of: type, operand)
            result = result.and(step)
            guard step.type != .false, place + 1 < path.count else { break }
            known.insert(step.capabilities)
            shown.append(step.capabilities)
            guard let next = access(name, of: type, operand, at: expression) else { return .unsound(.anyBool) }
            type = next
            operand = Expression(.attribute(operand, name), range: expression.range)
        }
        return result
    }

    /// An entity may not exist, so even an attribute that its type requires is only surely there once it was tested.
    private mutating func has(_ name: AttributeName, of type: CheckedType, _ operand: Expression) -> Answer {
        switch lookup(name, of: type) {
        case .absent: return Answer(type: .false)
        case .possible: return Answer(type: .anyBool)
        case .undeclared:
            let capability = Capability.attribute(of: operand, name)
            return Answer(type: known.contains(capability) ? .true : .anyBool, capabilities: [capability])
        case .found(let attribute):
            let capability = Capability.attribute(of: operand, name)
            var isCertain = known.contains(capability)
            if case .record = type, attribute.isRequired { isCertain = true }
            return Answer(type: isCertain ? .true : .anyBool, capabilities: [capability])
        }
    }

    mutating func hasTag(_ operand: Expression, _ key: Expression, at expression: Expression) -> Answer {
        let (owner, keyAnswer) = (expectEntity(operand), expectString(key, for: "hasTag"))
        guard case .entity(let union) = owner.type else { return .unknown }
        dereference(owner, at: expression)
        let capability = Capability.tag(of: operand, key)
        var answer = Answer(.anyBool, of: owner, keyAnswer)
        if index.tagTypes(of: union).isEmpty {
            answer.type = .false
        } else if known.contains(capability) {
            answer.type = .true
        }
        answer.capabilities = [capability]
        return answer
    }

    mutating func getTag(_ operand: Expression, _ key: Expression, at expression: Expression) -> Answer {
        let (owner, keyAnswer) = (expectEntity(operand), expectString(key, for: "getTag"))
        guard case .entity(let union) = owner.type else { return .unknown }
        guard known.contains(.tag(of: operand, key)) else {
            report(.unguardedTag, at: expression)
            return .unknown
        }
        let types = index.tagTypes(of: union)
        guard !types.isEmpty else {
            report(.noTags(of: "\(CheckedType.entity(union))"), at: expression)
            return .unknown
        }
        var answer = Answer(joined(types, at: expression), of: owner, keyAnswer).soundIfTyped
        answer.reach = dereference(owner, at: expression)
        return answer
    }
}

extension TypeChecker.Answer {
    /// Not sound where the type is not known.
    var soundIfTyped: TypeChecker.Answer { type == nil ? .unknown : self }

    /// Both, the other evaluated only where this one is true.
    func and(_ right: TypeChecker.Answer) -> TypeChecker.Answer { TypeChecker.both(self, right) }
}
