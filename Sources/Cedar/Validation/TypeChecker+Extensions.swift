extension TypeChecker {
    mutating func call(
        _ function: ExtensionFunction,
        _ arguments: [Expression],
        at expression: Expression
    ) -> Answer {
        let hasCount = arguments.count == function.argumentCount
        if !hasCount {
            report(.argumentCount(function, expected: function.argumentCount, found: arguments.count), at: expression)
        }
        let hasLiteral =
            !function.isConstructor || function == .unknown || isLiteral(function, arguments, at: expression)
        guard hasCount, hasLiteral else {
            for argument in arguments { _ = check(argument) }
            return .unsound(function.resultType)
        }
        var answer = Answer(type: function.resultType)
        for (place, argument) in arguments.enumerated() {
            let wanted = place == 0 ? function.receiverType : function.argumentType
            let found = expect(argument, "\(wanted)") { $0 == wanted }
            answer.isSound = answer.isSound && found.isSound
        }
        return answer
    }

    /// A literal must be one that the constructor takes; in strict mode it must be a literal.
    private mutating func isLiteral(
        _ function: ExtensionFunction,
        _ arguments: [Expression],
        at expression: Expression
    ) -> Bool {
        var isGood = true
        if case .literal(.string(let text))? = arguments.first?.kind {
            do throws(EvaluationError.Reason) {
                _ = try function.applied(to: [.string(text)])
            } catch {
                report(.refusedArgument(function, message: error.refusal), at: expression)
                isGood = false
            }
        }
        let isLiteral = arguments.allSatisfy { if case .literal = $0.kind { true } else { false } }
        guard mode == .strict, !isLiteral else { return isGood }
        report(.computedArgument(function), at: expression)
        return false
    }
}

extension ExtensionFunction {
    fileprivate var resultType: CheckedType {
        switch self {
        // Whatever is wanted of it, its value may be that.
        case .unknown: .never
        case .ip: .extensionType(.ipaddr)
        case .decimal: .extensionType(.decimal)
        case .datetime, .offset, .toDate: .extensionType(.datetime)
        case .duration, .durationSince, .toTime: .extensionType(.duration)
        case .isIpv4, .isIpv6, .isLoopback, .isMulticast, .isInRange, .lessThan, .lessThanOrEqual, .greaterThan,
            .greaterThanOrEqual:
            .anyBool
        case .toMilliseconds, .toSeconds, .toMinutes, .toHours, .toDays: .long
        }
    }

    /// Of a constructor's only argument, or of what a method is called on.
    fileprivate var receiverType: CheckedType {
        switch self {
        case .ip, .decimal, .datetime, .duration, .unknown: .string
        case .isIpv4, .isIpv6, .isLoopback, .isMulticast, .isInRange: .extensionType(.ipaddr)
        case .lessThan, .lessThanOrEqual, .greaterThan, .greaterThanOrEqual: .extensionType(.decimal)
        case .offset, .durationSince, .toDate, .toTime: .extensionType(.datetime)
        case .toMilliseconds, .toSeconds, .toMinutes, .toHours, .toDays: .extensionType(.duration)
        }
    }

    /// Of a method's argument.
    fileprivate var argumentType: CheckedType { self == .offset ? .extensionType(.duration) : receiverType }
}

extension EvaluationError.Reason {
    /// Without the name of the function, where it is one that refuses its argument.
    fileprivate var refusal: String {
        if case .refusedArgument(_, let failure) = self { failure.message } else { description }
    }
}
