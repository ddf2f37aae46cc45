extension CompiledEvaluator {
    /// Nil where there is no value.
    mutating func value(of computation: Instruction.Computation, _ code: PolicyCode) -> Value? {
        switch computation {
        case .move(let operand): return value(operand, code)
        case .attribute(let operand, let name):
            return attributes(of: value(operand, code)).flatMap { $0[code.shape.tables.names[Int(name)]] }
        case .getTag(let left, let right):
            guard case .entity(let uid) = value(left, code), case .string(let tag) = value(right, code) else {
                return nil
            }
            return node(of: uid).tags[tag]
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
                Record.Field(
                    name: code.shape.tables.names[Int(names.start) + $0],
                    value: registers[Int(first) + $0]
                )
            }
            return .record(Record(fields: fields))
        }
    }

    mutating func call(
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
