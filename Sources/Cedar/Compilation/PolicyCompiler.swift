/// Turns conditions into flat code.
///
/// The steps of a node are charged with the first instruction after it is entered, so that a run that meets no error takes
/// as many as the tree-walking evaluator does. `&&`, `||` and `if` become jumps; what is the same for every request is
/// worked out here.
struct PolicyCompiler {
    private var instructions: ContiguousArray<Instruction> = []
    private var constants: ContiguousArray<Value> = []
    private var tables = PolicyShape.Tables()
    private var registerCount: UInt32 = 0
    private var pending = 0
    private var nextRegister: UInt32 = 0
    /// Where labels are; instructions name labels until the end.
    private var labels: [UInt32] = [Self.unplaced]

    private static let rejected: UInt32 = 0
    private static let unplaced = UInt32.max

    static func compile(_ conditions: [Condition]) -> PolicyCode {
        var compiler = PolicyCompiler()
        for condition in conditions {
            compiler.branch(on: condition.body, when: condition.kind == .unless, to: rejected)
        }
        return compiler.finished()
    }

    private mutating func finished() -> PolicyCode {
        flush()
        labels[Int(Self.rejected)] = UInt32(instructions.count) + 1
        for place in instructions.indices { instructions[place].resolve(labels) }
        return PolicyCode(PolicyShape(instructions, tables, registerCount: Int(registerCount)), constants)
    }

    // MARK: Tests

    /// Emits what goes to the label where the expression comes out so, and else falls through.
    mutating func branch(on expression: Expression, when outcome: Bool, to label: UInt32) {
        let inUse = nextRegister
        defer { nextRegister = inUse }
        switch expression.kind {
        case .and(let operands): chain(operands, endsAt: false, outcome, label)
        case .or(let operands): chain(operands, endsAt: true, outcome, label)
        case .not(let operand):
            pending += 1
            branch(on: operand, when: !outcome, to: label)
        case .conditional(let condition, let then, let otherwise):
            pending += 1
            choose(condition) { compiler, isThen in
                compiler.branch(on: isThen ? then : otherwise, when: outcome, to: label)
            }
        case .isType(let operand, let type, let group?):
            pending += 1
            isType(operand, type, in: group, outcome, label)
        case .compare, .membership, .isType, .has, .like, .contains, .isEmpty, .hasTag, .call:
            pending += 1
            guard let (test, negated) = test(expression) else { return emit(.fail) }
            emit(.branch(test, when: outcome != negated, to: label))
        case .literal, .variable, .attribute, .negate, .sum, .product, .getTag, .set, .record:
            emit(.branch(.isTrue(operand(expression)), when: outcome, to: label))
        }
    }

    private mutating func chain(_ operands: [Expression], endsAt end: Bool, _ outcome: Bool, _ label: UInt32) {
        pending += 1
        guard outcome != end else {
            for operand in operands { branch(on: operand, when: end, to: label) }
            return
        }
        let over = newLabel()
        for operand in operands.dropLast() { branch(on: operand, when: end, to: over) }
        if let last = operands.last { branch(on: last, when: outcome, to: label) }
        place(over)
    }

    private mutating func isType(
        _ operand: Expression,
        _ type: EntityTypeName,
        in group: Expression,
        _ outcome: Bool,
        _ label: UInt32
    ) {
        let over = newLabel()
        let entity = self.operand(operand)
        emit(.branch(.isType(entity, type: add(type)), when: false, to: outcome ? over : label))
        emit(.branch(.membership(entity, self.operand(group)), when: outcome, to: label))
        place(over)
    }

    /// Nil for what always fails; negated where the expression holds if the test does not.
    private mutating func test(_ expression: Expression) -> (Instruction.Test, negated: Bool)? {
        switch expression.kind {
        case .compare(let comparison, let left, let right): compare(comparison, operand(left), operand(right))
        case .membership(let left, let right): (.membership(operand(left), operand(right)), false)
        case .isType(let operand, let type, nil): (.isType(self.operand(operand), type: add(type)), false)
        case .has(let operand, let path): (.has(self.operand(operand), add(path)), false)
        case .like(let operand, let pattern): (.like(self.operand(operand), pattern: add(pattern)), false)
        case .contains(let test, let set, let argument): (.contains(test, operand(set), operand(argument)), false)
        case .isEmpty(let operand): (.isEmpty(self.operand(operand)), false)
        case .hasTag(let operand, let name): (.hasTag(self.operand(operand), self.operand(name)), false)
        case .call(let function, let arguments):
            operands(of: function, arguments).map { (.call(function, $0, $1), false) }
        default: nil
        }
    }

    private func compare(
        _ comparison: Comparison,
        _ left: Operand,
        _ right: Operand
    ) -> (Instruction.Test, negated: Bool) {
        switch comparison {
        case .equal: (.equal(left, right), false)
        case .notEqual: (.equal(left, right), true)
        case .less: (.less(left, right), false)
        case .lessOrEqual: (.less(right, left), true)
        case .greater: (.less(right, left), false)
        case .greaterOrEqual: (.less(left, right), true)
        }
    }

    // MARK: Values

    /// Emits what works out the value, where that is needed, and says where it is then.
    private mutating func operand(_ expression: Expression) -> Operand {
        if let path = path(expression) { return path }
        pending += 1
        switch expression.kind {
        case .literal(let value): return constant(value)
        case .attribute(let operand, let name):
            let operand = self.operand(operand)
            return compute(.attribute(operand, name: add([name]).start))
        case .getTag(let operand, let name):
            let (operand, name) = (self.operand(operand), self.operand(name))
            return compute(.getTag(operand, name))
        case .negate(let operand):
            let operand = self.operand(operand)
            return compute(.negate(operand))
        case .sum(let first, let terms):
            return terms.reduce(operand(first)) { total, term in
                let value = operand(term.operand)
                return compute(.arithmetic(term.isSubtracted ? .subtract : .add, total, value))
            }
        case .product(let factors):
            let first = factors.first.map { operand($0) } ?? constant(.long(1))
            return factors.dropFirst().reduce(first) { total, factor in
                let value = operand(factor)
                return compute(.arithmetic(.multiply, total, value))
            }
        case .conditional(let condition, let then, let otherwise):
            let register = newRegister()
            choose(condition) { compiler, isThen in
                let value = compiler.operand(isThen ? then : otherwise)
                compiler.emit(.compute(.move(value), into: register))
                compiler.nextRegister = register + 1
            }
            return .register(register)
        case .set(let elements): return set(elements)
        case .record(let fields): return record(fields)
        case .call(let function, let arguments): return call(function, arguments)
        case .and, .or, .not, .compare, .membership, .isType, .has, .like, .contains, .isEmpty, .hasTag, .variable:
            pending -= 1
            return truth(expression)
        }
    }

    /// A variable and attributes of it, which are read where they are used.
    private mutating func path(_ expression: Expression) -> Operand? {
        var names: [AttributeName] = []
        var place = expression
        while case .attribute(let operand, let name) = place.kind {
            names.append(name)
            place = operand
        }
        guard case .variable(let root) = place.kind else { return nil }
        pending += names.count + 1
        tables.paths.append(Path(root: root, names: add(names.reversed())))
        return .path(UInt32(tables.paths.count - 1))
    }

    /// A test whose outcome is used as a value.
    private mutating func truth(_ expression: Expression) -> Operand {
        let register = newRegister()
        let (isFalse, end) = (newLabel(), newLabel())
        branch(on: expression, when: false, to: isFalse)
        emit(.compute(.move(constant(.bool(true))), into: register))
        emit(.jump(to: end))
        place(isFalse)
        emit(.compute(.move(constant(.bool(false))), into: register))
        place(end)
        return .register(register)
    }

    private mutating func call(_ function: ExtensionFunction, _ arguments: [Expression]) -> Operand {
        guard let (first, last) = operands(of: function, arguments) else { return failure() }
        guard function.isConstructor, case .constant(let place) = first else {
            return compute(.call(function, first, last))
        }
        let text = constants[Int(place)]
        guard let value = try? function.applied(to: text, text) else { return failure() }
        if case .string(let text) = text { pending += text.utf8.count / 16 }
        return constant(value)
    }

    /// Of a function with one argument it is the last as well. Nil for a count that it does not take.
    private mutating func operands(
        of function: ExtensionFunction,
        _ arguments: [Expression]
    ) -> (Operand, Operand)? {
        guard arguments.count == function.argumentCount, let argument = arguments.first else { return nil }
        let first = operand(argument)
        return (first, arguments.count > 1 ? operand(arguments[1]) : first)
    }

    private mutating func set(_ elements: [Expression]) -> Operand {
        let operands = elements.map { operand($0) }
        let values = operands.compactMap { constant(at: $0) }
        guard values.count < operands.count else {
            pending += ValueSet.stepsToSort(values)
            return constant(.set(ValueSet(values)))
        }
        let first = consecutive(operands)
        return compute(.set(first: first, count: UInt32(operands.count)))
    }

    private mutating func record(_ fields: [Expression.Field]) -> Operand {
        let operands = fields.map { operand($0.value) }
        let values = operands.compactMap { constant(at: $0) }
        guard values.count < operands.count else {
            let fields = zip(fields, values).map { Record.Field(name: $0.name, value: $1) }
            return constant(.record(Record(fields: fields)))
        }
        let first = consecutive(operands)
        return compute(.record(first: first, add(fields.map(\.name))))
    }

    /// The first of the registers that the values are moved to.
    private mutating func consecutive(_ operands: [Operand]) -> UInt32 {
        let registers = operands.map { _ in newRegister() }
        for (register, operand) in zip(registers, operands) { emit(.compute(.move(operand), into: register)) }
        return registers.first ?? 0
    }

    private mutating func failure() -> Operand {
        emit(.fail)
        return constant(.bool(false))
    }

    private mutating func compute(_ computation: Instruction.Computation) -> Operand {
        let register = newRegister()
        emit(.compute(computation, into: register))
        return .register(register)
    }

    // MARK: Places

    /// Emits both arms; the code goes through one of them.
    private mutating func choose(_ condition: Expression, _ arm: (inout PolicyCompiler, Bool) -> Void) {
        let (otherwise, end) = (newLabel(), newLabel())
        branch(on: condition, when: false, to: otherwise)
        arm(&self, true)
        emit(.jump(to: end))
        place(otherwise)
        arm(&self, false)
        place(end)
    }

    private mutating func newRegister() -> UInt32 {
        defer { nextRegister += 1 }
        registerCount = max(registerCount, nextRegister + 1)
        return nextRegister
    }

    private mutating func newLabel() -> UInt32 {
        labels.append(Self.unplaced)
        return UInt32(labels.count - 1)
    }

    private mutating func place(_ label: UInt32) {
        flush()
        labels[Int(label)] = UInt32(instructions.count)
    }

    /// What is charged before a label is not charged to those who come from elsewhere.
    private mutating func flush() { if pending > 0 { emit(.charge) } }

    private mutating func emit(_ operation: Instruction.Operation) {
        instructions.append(Instruction(operation: operation, cost: UInt32(clamping: pending)))
        pending = 0
    }

    // MARK: Tables

    private mutating func constant(_ value: Value) -> Operand {
        constants.append(value)
        return .constant(UInt32(constants.count - 1))
    }

    private func constant(at operand: Operand) -> Value? {
        if case .constant(let place) = operand { constants[Int(place)] } else { nil }
    }

    private mutating func add(_ names: [AttributeName]) -> NameRange {
        defer { tables.names.append(contentsOf: names) }
        return NameRange(start: UInt32(tables.names.count), count: UInt32(names.count))
    }

    private mutating func add(_ type: EntityTypeName) -> UInt32 {
        tables.types.append(type)
        return UInt32(tables.types.count - 1)
    }

    private mutating func add(_ pattern: Pattern) -> UInt32 {
        tables.patterns.append(pattern)
        return UInt32(tables.patterns.count - 1)
    }
}

extension Instruction {
    fileprivate mutating func resolve(_ labels: [UInt32]) {
        switch operation {
        case .branch(let test, let outcome, let label):
            self = Instruction(operation: .branch(test, when: outcome, to: labels[Int(label)]), cost: cost)
        case .jump(let label): self = Instruction(operation: .jump(to: labels[Int(label)]), cost: cost)
        case .compute, .fail, .charge: return
        }
    }
}
