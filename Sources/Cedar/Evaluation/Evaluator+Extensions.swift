extension Evaluator {
    mutating func call(
        _ function: ExtensionFunction,
        _ arguments: [Expression],
        at expression: Expression
    ) throws(EvaluationError) -> Value {
        let values = try self.values(arguments)
        // A constructor reads its text from end to end.
        if function.isConstructor, case .string(let text)? = values.first {
            try spend(text.utf8.count / 16, on: expression)
        }
        do throws(EvaluationError.Reason) {
            return try function.applied(to: values)
        } catch {
            throw EvaluationError(reason: error, range: expression.range)
        }
    }
}

extension EvaluationError.Reason: Error {}

extension ExtensionFunction {
    /// The result for arguments that are already evaluated, a method's receiver first.
    func applied(to arguments: [Value]) throws(EvaluationError.Reason) -> Value {
        guard arguments.count == argumentCount, let first = arguments.first else {
            throw .argumentCount(self, expected: argumentCount, found: arguments.count)
        }
        return try applied(to: first, arguments[arguments.count - 1])
    }

    /// The same for as many arguments as it takes: where that is one, it is the last as well.
    func applied(to first: Value, _ last: Value) throws(EvaluationError.Reason) -> Value {
        switch self {
        case .ip, .decimal, .datetime, .duration, .unknown: return try constructed(first)
        case .isIpv4: return .bool(try ip(first).family == .v4)
        case .isIpv6: return .bool(try ip(first).family == .v6)
        case .isLoopback: return .bool(try ip(first).isLoopback)
        case .isMulticast: return .bool(try ip(first).isMulticast)
        case .isInRange: return .bool(try ip(first).isInRange(try ip(last)))
        case .lessThan: return .bool(try decimal(first) < decimal(last))
        case .lessThanOrEqual: return .bool(try decimal(first) <= decimal(last))
        case .greaterThan: return .bool(try decimal(first) > decimal(last))
        case .greaterThanOrEqual: return .bool(try decimal(first) >= decimal(last))
        case .offset: return .datetime(try fitting(try datetime(first).offset(by: try duration(last))))
        case .durationSince: return .duration(try fitting(try datetime(first).duration(since: try datetime(last))))
        case .toDate: return .datetime(try fitting(try datetime(first).date))
        case .toTime: return .duration(try datetime(first).time)
        case .toMilliseconds: return .long(try duration(first).milliseconds)
        case .toSeconds: return .long(try duration(first).seconds)
        case .toMinutes: return .long(try duration(first).minutes)
        case .toHours: return .long(try duration(first).hours)
        case .toDays: return .long(try duration(first).days)
        }
    }

    private func constructed(_ argument: Value) throws(EvaluationError.Reason) -> Value {
        guard case .string(let text) = argument else { throw .type(expected: [.string], found: argument.kind) }
        do throws(ExtensionFailure) {
            switch self {
            case .decimal: return .decimal(try CedarDecimal.parse(text))
            case .datetime: return .datetime(try CedarDateTime.parse(text))
            case .duration: return .duration(try CedarDuration.parse(text))
            case .unknown: throw ExtensionFailure("the value of \(text.cedarQuoted) is not known")
            default: return .ip(try IPRange.parse(text))
            }
        } catch {
            throw .refusedArgument(self, error)
        }
    }

    private func fitting<Result>(_ result: Result?) throws(EvaluationError.Reason) -> Result {
        guard let result else { throw .refusedArgument(self, ExtensionFailure("the result does not fit in 64 bits")) }
        return result
    }

    private func ip(_ value: Value) throws(EvaluationError.Reason) -> IPRange {
        guard case .ip(let range) = value else { throw .type(expected: [.ipaddr], found: value.kind) }
        return range
    }

    private func decimal(_ value: Value) throws(EvaluationError.Reason) -> CedarDecimal {
        guard case .decimal(let number) = value else { throw .type(expected: [.decimal], found: value.kind) }
        return number
    }

    private func datetime(_ value: Value) throws(EvaluationError.Reason) -> CedarDateTime {
        guard case .datetime(let moment) = value else { throw .type(expected: [.datetime], found: value.kind) }
        return moment
    }

    private func duration(_ value: Value) throws(EvaluationError.Reason) -> CedarDuration {
        guard case .duration(let length) = value else { throw .type(expected: [.duration], found: value.kind) }
        return length
    }
}
