extension CompiledEvaluator {
    /// Nil where there is no value.
    mutating func value(of computation: Instruction.Computation) -> Value? {
        switch computation {
        case .move(let operand): return place(operand)?.value
        case .attribute(let operand, let name):
            guard let owner = place(operand), let fields = fields(of: owner) else { return nil }
            return unsafe fields.value(of: code.names + Int(name))?.value
        case .getTag(let left, let right):
            guard let owner = place(left), let node = unsafe node(of: owner), let tag = place(right)?.text else {
                return nil
            }
            steps &+= tag.utf8.count / 16
            return unsafe node._withUnsafeGuaranteedRef { $0.tags[tag] }
        case .negate(let operand):
            guard let number = place(operand)?.long, number != .min else { return nil }
            return .long(-number)
        case .arithmetic(let arithmetic, let left, let right):
            guard let first = place(left)?.long, let second = place(right)?.long else { return nil }
            let (result, overflow) = arithmetic.apply(first, second)
            return overflow ? nil : .long(result)
        case .call(let function, let first, let last): return call(function, first, last)
        case .set(let first, let count):
            let range = Int(first)..<Int(first + count)
            var weight = 0
            for place in range { weight = min(weight + registers.place(place).weight, Value.maxWeight) }
            steps &+= ValueSet.stepsToSort(count: Int(count), weight: weight)
            return canContinue ? .set(ValueSet(range.map { registers.place($0).value })) : nil
        case .record(let first, let names):
            let fields = (0..<Int(names.count)).map {
                Record.Field(
                    name: unsafe code.names[Int(names.start) + $0],
                    value: registers.place(Int(first) + $0).value
                )
            }
            return .record(Record(fields: fields))
        }
    }

    mutating func call(_ function: ExtensionFunction, _ first: Operand, _ last: Operand) -> Value? {
        guard let place = place(first) else { return nil }
        if function.isConstructor, let byteCount = place.byteCount {
            steps &+= byteCount / 16
            guard canContinue else { return nil }
        }
        // The one constructor that decisions call often: its argument is read where it is.
        if case .ip = function { return place.text.flatMap { try? IPRange.parse($0) }.map(Value.ip) }
        let argument = place.value
        guard function.argumentCount > 1 else { return try? function.applied(to: argument, argument) }
        return (self.place(last)?.value).flatMap { try? function.applied(to: argument, $0) }
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
