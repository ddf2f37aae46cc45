extension CompiledEvaluator {
    /// Whether all conditions hold; nil where one has no value. Which it is no one asks where the steps have run out.
    mutating func run(_ code: PolicyCode) -> Bool? {
        let shape = code.shape
        ask(for: shape)
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

    func value(_ operand: Operand, _ code: PolicyCode) -> Value? {
        switch operand {
        case .constant(let place): return code.constants[Int(place)]
        case .register(let place): return registers[Int(place)]
        case .path(let place):
            let path = code.shape.tables.paths[Int(place)]
            guard path.names.count > 0 else { return request[path.root] }
            guard let field = field(path.root, code.shape.tables.names[Int(path.names.start)]) else { return nil }
            var value: Value? = self[path.root, field]
            for place in (Int(path.names.start) + 1)..<path.names.end {
                value = attributes(of: value)?[code.shape.tables.names[place]]
            }
            return value
        }
    }

    /// A number of an operand that has an order, without a copy of the value.
    func quantity(_ operand: Operand, _ code: PolicyCode) -> Quantity? {
        switch operand {
        case .constant(let place): return code.constants[Int(place)].quantity
        case .register(let place): return registers[Int(place)].quantity
        case .path(let place):
            let path = code.shape.tables.paths[Int(place)]
            guard path.names.count == 1 else { return value(operand, code)?.quantity }
            return field(path.root, code.shape.tables.names[Int(path.names.start)])
                .flatMap { self[path.root, $0].quantity }
        }
    }

    // MARK: Attributes

    /// Where a variable has the attribute. The values are read in their place: to hand on the record would be to count a
    /// reference to it, and each thread that decides would do so.
    func field(_ variable: Variable, _ name: AttributeName) -> Int? {
        switch variable {
        case .context: request.context.place(of: name)
        case .principal: principal.node.attributes.place(of: name)
        case .action: action.node.attributes.place(of: name)
        case .resource: resource.node.attributes.place(of: name)
        }
    }

    subscript(variable: Variable, field: Int) -> Value {
        switch variable {
        case .context: request.context.fields[field].value
        case .principal: principal.node.attributes.fields[field].value
        case .action: action.node.attributes.fields[field].value
        case .resource: resource.node.attributes.fields[field].value
        }
    }

    /// Nil for what has none by its type.
    func attributes(of value: Value?) -> Record? {
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
