extension CompiledEvaluator {
    /// Whether all conditions hold; nil where one has no value. Which it is no one asks where the steps have run out.
    mutating func run(_ code: CodePlaces) -> Bool? {
        self.code = code
        registers.reserve(code.registerCount)
        var place = 0
        while place < code.instructionCount {
            let instruction = unsafe code.instructions[place]
            steps &+= Int(instruction.cost)
            switch instruction.operation {
            case .branch(let test, let outcome, let target):
                guard let holds = holds(test) else { return nil }
                place = holds == outcome ? Int(target) : place + 1
            case .compute(let computation, let register):
                guard let value = value(of: computation) else { return nil }
                registers.set(Int(register), to: value)
                place += 1
            case .jump(let target): place = Int(target)
            case .charge: place += 1
            case .fail: return nil
            }
            forgetOthers()
        }
        return place == code.instructionCount
    }

    /// So that no step is dearer than what it was charged for.
    var canContinue: Bool { steps <= limits.maxSteps }

    // MARK: Operands

    /// Where the value is until the next instruction; nil where there is none.
    mutating func place(_ operand: Operand) -> ValuePlace? {
        switch operand {
        case .constant(let place): return unsafe ValuePlace(code.constants + Int(place))
        case .register(let place): return registers.place(Int(place))
        case .path(let place):
            let path = unsafe code.paths[Int(place)]
            guard path.names.count > 0 else { return request.place(of: path.root) }
            guard path.names.count > 1 else {
                return unsafe fields(of: path.root).value(of: code.names + Int(path.names.start))
            }
            return value(of: path.names, in: fields(of: path.root))
        }
    }

    /// Of an attribute of an attribute, and so on.
    private mutating func value(of names: NameRange, in fields: FieldPlaces) -> ValuePlace? {
        var found = unsafe fields.value(of: code.names + Int(names.start))
        for name in (Int(names.start) + 1)..<names.end {
            guard let owner = found, let fields = self.fields(of: owner) else { return nil }
            found = unsafe fields.value(of: code.names + name)
        }
        return found
    }

    /// The attributes of an entity or the fields of a record; nil for what has none by its kind.
    mutating func fields(of owner: ValuePlace) -> FieldPlaces? {
        if let fields = owner.fields { return fields }
        return unsafe node(of: owner)?._withUnsafeGuaranteedRef { $0.fields }
    }

    /// Nil for an operand that is more than a variable.
    func variable(_ operand: Operand) -> Variable? {
        guard case .path(let place) = operand else { return nil }
        let path = unsafe code.paths[Int(place)]
        return path.names.count == 0 ? path.root : nil
    }
}
