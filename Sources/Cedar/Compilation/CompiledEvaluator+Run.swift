extension CompiledEvaluator {
    /// Whether all conditions hold; nil where one has no value. Which it is no one asks where the steps have run out.
    mutating func run(_ code: PolicyCode) -> Bool? {
        let shape = code.shape
        let instructions = shape.instructions
        if registers.count < shape.registerCount {
            registers.append(contentsOf: repeatElement(.bool(false), count: shape.registerCount - registers.count))
        }
        var place = 0
        while place < instructions.count {
            let instruction = instructions[place]
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
        return place == instructions.count
    }

    /// So that no step is dearer than what it was charged for.
    var canContinue: Bool { steps <= limits.maxSteps }

    // MARK: Operands

    mutating func value(_ operand: Operand, _ code: PolicyCode) -> Value? {
        switch operand {
        case .constant(let place): return code.constants[Int(place)]
        case .register(let place): return registers[Int(place)]
        case .path(let place):
            let path = code.shape.tables.paths[Int(place)]
            guard path.names.count > 0 else { return request[path.root] }
            guard let owner = owner(of: path, code) else { return nil }
            return owner[code.shape.tables.names[path.names.end - 1]]
        }
    }

    /// A number of an operand that has an order, without a copy of the value.
    mutating func quantity(_ operand: Operand, _ code: PolicyCode) -> Quantity? {
        switch operand {
        case .constant(let place): return code.constants[Int(place)].quantity
        case .register(let place): return registers[Int(place)].quantity
        case .path(let place):
            let path = code.shape.tables.paths[Int(place)]
            guard path.names.count > 0, let owner = owner(of: path, code),
                let place = owner.place(of: code.shape.tables.names[path.names.end - 1])
            else { return nil }
            return owner.fields[place].value.quantity
        }
    }

    /// What the last name of a path is looked up in.
    private mutating func owner(of path: Path, _ code: PolicyCode) -> Record? {
        var owner = attributes(of: path.root)
        for place in Int(path.names.start)..<(path.names.end - 1) {
            guard let next = attributes(of: owner[code.shape.tables.names[place]]) else { return nil }
            owner = next
        }
        return owner
    }

    // MARK: Attributes

    /// Of a variable: the context itself, or what the entity has.
    mutating func attributes(of variable: Variable) -> Record {
        if variable == .context { return request.context }
        return node(of: variable)?.attributes ?? .empty
    }

    /// Nil for what has none by its type.
    mutating func attributes(of value: Value?) -> Record? {
        switch value {
        case .record(let record): record
        case .entity(let uid): node(of: uid).attributes
        default: nil
        }
    }
}

/// A value that can be less than another of its kind.
struct Quantity {
    let kind: Value.Kind
    let number: Int64
}

extension Value {
    var quantity: Quantity? {
        switch self {
        case .long(let number): Quantity(kind: .long, number: number)
        case .datetime(let moment): Quantity(kind: .datetime, number: moment.milliseconds)
        case .duration(let length): Quantity(kind: .duration, number: length.milliseconds)
        case .bool, .string, .set, .record, .entity, .ip, .decimal: nil
        }
    }
}
