extension CompiledEvaluator {
    /// Whether all conditions hold; nil where one has no value. Which it is no one asks where the steps have run out.
    mutating func run(_ code: PolicyCode) -> Bool? {
        let count = code.instructions.count
        if registers.count < code.registerCount {
            let missing = code.registerCount - registers.count
            registers.append(contentsOf: repeatElement(.bool(false), count: missing))
        }
        var place = 0
        while place < count {
            let instruction = code.instructions[place]
            steps &+= Int(instruction.cost)
            switch instruction.operation {
            case .branch(let test, let outcome, let target):
                guard let holds = holds(test, code) else { return nil }
                place = holds == outcome ? Int(target) : place + 1
            case .compute(let computation, let register):
                guard let value = value(of: computation, code) else { return nil }
                registers[Int(register)] = value
                place += 1
            case .jump(let target): place = Int(target)
            case .charge: place += 1
            case .fail: return nil
            }
        }
        return place == count
    }

    // MARK: Tests

    private mutating func holds(_ test: Instruction.Test, _ code: PolicyCode) -> Bool? {
        switch test {
        case .isTrue(let operand):
            guard case .bool(let holds) = value(operand, code) else { return nil }
            return holds
        case .equal(let left, let right):
            guard let first = value(left, code), let second = value(right, code) else { return nil }
            steps &+= first.width
            return canContinue ? first == second : nil
        case .less(let left, let right): return isLess(value(left, code), value(right, code))
        case .membership(let left, let right): return isMember(left, right, code)
        case .isType(let operand, let type):
            guard case .entity(let uid) = value(operand, code) else { return nil }
            return uid.type == code.tables.types[Int(type)]
        case .has(let operand, let names): return has(operand, names, code)
        case .like(let operand, let pattern):
            guard case .string(let text) = value(operand, code) else { return nil }
            let pattern = code.tables.patterns[Int(pattern)]
            steps &+= text.utf8.count / 16 * pattern.segments.count
            return canContinue ? pattern.matches(text) : nil
        case .contains(let test, let left, let right):
            return contains(test, value(left, code), value(right, code))
        case .isEmpty(let operand):
            guard case .set(let set) = value(operand, code) else { return nil }
            return set.isEmpty
        case .hasTag(let left, let right):
            guard case .entity(let uid) = value(left, code), case .string(let tag) = value(right, code) else {
                return nil
            }
            return content(of: uid)?.tags[tag] != nil
        case .call(let function, let first, let last):
            guard case .bool(let holds) = call(function, first, last, code) else { return nil }
            return holds
        }
    }

    private func isLess(_ left: Value?, _ right: Value?) -> Bool? {
        switch (left, right) {
        case (.long(let first), .long(let second)): first < second
        case (.datetime(let first), .datetime(let second)): first < second
        case (.duration(let first), .duration(let second)): first < second
        default: nil
        }
    }

    private mutating func isMember(_ left: Operand, _ right: Operand, _ code: PolicyCode) -> Bool? {
        guard case .entity(let uid) = value(left, code), let group = value(right, code) else { return nil }
        switch group {
        case .entity(let ancestor): return isIn(uid, ancestor)
        case .set(let set):
            steps &+= set.count
            guard canContinue else { return nil }
            for element in set.elements { guard case .entity = element else { return nil } }
            for case .entity(let ancestor) in set.elements where isIn(uid, ancestor) { return true }
            return false
        default: return nil
        }
    }

    private mutating func has(_ operand: Operand, _ names: NameRange, _ code: PolicyCode) -> Bool? {
        guard var value = value(operand, code) else { return nil }
        for place in Int(names.start)..<names.end {
            let next: Value?
            switch value {
            case .record(let record): next = record[code.tables.names[place]]
            case .entity(let uid): next = content(of: uid)?.attributes[code.tables.names[place]]
            default: return nil
            }
            guard let next else { return false }
            value = next
        }
        return true
    }

    private mutating func contains(_ test: SetTest, _ receiver: Value?, _ argument: Value?) -> Bool? {
        guard case .set(let set) = receiver, let argument else { return nil }
        if test == .contains { return set.contains(argument) }
        guard case .set(let other) = argument else { return nil }
        steps &+= other.count
        guard canContinue else { return nil }
        return test == .containsAll ? set.isSuperset(of: other) : set.intersects(other)
    }

    /// So that no step is dearer than what it was charged for.
    private var canContinue: Bool { steps <= limits.maxSteps }

    // MARK: Values

    private mutating func value(of computation: Instruction.Computation, _ code: PolicyCode) -> Value? {
        switch computation {
        case .move(let operand): return value(operand, code)
        case .attribute(let operand, let name):
            return value(operand, code).flatMap { attribute(code.tables.names[Int(name)], of: $0) }
        case .getTag(let left, let right):
            guard case .entity(let uid) = value(left, code), case .string(let tag) = value(right, code) else {
                return nil
            }
            return content(of: uid)?.tags[tag]
        case .negate(let operand):
            guard case .long(let number) = value(operand, code), number != .min else { return nil }
            return .long(-number)
        case .arithmetic(let arithmetic, let left, let right):
            guard case .long(let first) = value(left, code), case .long(let second) = value(right, code) else {
                return nil
            }
            let (result, overflow) = arithmetic.apply(first, second)
            return overflow ? nil : .long(result)
        case .call(let function, let first, let last): return call(function, first, last, code)
        case .set(let first, let count):
            return .set(ValueSet(Array(registers[Int(first)..<Int(first + count)])))
        case .record(let first, let names):
            let fields = (0..<Int(names.count)).map {
                Record.Field(name: code.tables.names[Int(names.start) + $0], value: registers[Int(first) + $0])
            }
            return .record(Record(fields: fields))
        }
    }

    private mutating func call(
        _ function: ExtensionFunction,
        _ first: Operand,
        _ last: Operand,
        _ code: PolicyCode
    ) -> Value? {
        guard let argument = value(first, code) else { return nil }
        if function.isConstructor, case .string(let text) = argument {
            steps &+= text.utf8.count / 16
            guard canContinue else { return nil }
        }
        guard function.argumentCount > 1 else { return try? function.applied(to: argument, argument) }
        return value(last, code).flatMap { try? function.applied(to: argument, $0) }
    }

    private mutating func value(_ operand: Operand, _ code: PolicyCode) -> Value? {
        switch operand {
        case .constant(let place): code.tables.constants[Int(place)]
        case .register(let place): registers[Int(place)]
        case .path(let place): value(code.tables.paths[Int(place)], code)
        }
    }

    private mutating func value(_ path: Path, _ code: PolicyCode) -> Value? {
        guard path.names.count > 0 else { return request[path.root] }
        let name = code.tables.names[Int(path.names.start)]
        var value =
            switch path.root {
            case .context: request.context[name]
            case .principal: principalNode.content?.attributes[name]
            case .action: actionNode.content?.attributes[name]
            case .resource: resourceNode.content?.attributes[name]
            }
        for place in (Int(path.names.start) + 1)..<path.names.end {
            guard let owner = value else { return nil }
            value = attribute(code.tables.names[place], of: owner)
        }
        return value
    }

    private mutating func attribute(_ name: AttributeName, of owner: Value) -> Value? {
        switch owner {
        case .record(let record): record[name]
        case .entity(let uid): content(of: uid)?.attributes[name]
        default: nil
        }
    }

    // MARK: Entities

    private mutating func content(of uid: EntityUID) -> EntityContent? {
        if uid == request.principal { return principalNode.content }
        if uid == request.resource { return resourceNode.content }
        return entities.content(of: uid)
    }

    private mutating func isIn(_ uid: EntityUID, _ ancestor: EntityUID) -> Bool {
        if uid == request.principal { return isPrincipal(in: ancestor) }
        if uid == request.resource { return isResource(in: ancestor) }
        return uid == ancestor || entities.isDescendant(uid, of: ancestor)
    }
}

extension Instruction.Arithmetic {
    fileprivate func apply(_ left: Int64, _ right: Int64) -> (Int64, overflow: Bool) {
        let result =
            switch self {
            case .add: left.addingReportingOverflow(right)
            case .subtract: left.subtractingReportingOverflow(right)
            case .multiply: left.multipliedReportingOverflow(by: right)
            }
        return (result.partialValue, result.overflow)
    }
}
