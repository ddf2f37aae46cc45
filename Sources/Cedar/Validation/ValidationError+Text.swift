extension ValidationError: CustomStringConvertible {
    public var description: String { "\(policy): \(message)" }

    /// Without the policy's name.
    public var message: String { "\(reason)" }
}

extension ValidationError.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownEntityType(let type, let suggestion):
            "there is no entity type `\(type)`" + Self.didYouMean(suggestion)
        case .unknownAction(let action, let suggestion):
            "there is no action \(action)" + Self.didYouMean(suggestion)
        case .unknownEnumeratedID(let uid, let allowed):
            "\(uid) is none of the entities of its type: "
                + allowed.prefix(8).map(\.cedarQuoted).joined(separator: ", ") + (allowed.count > 8 ? ", …" : "")
        case .noApplicableAction: "no action applies to the principals and resources of the scope"
        case .unexpectedType(let expected, let found, let advice):
            "expected \(expected), found \(found)" + (advice.map { "; \($0)" } ?? "")
        case .incompatibleTypes(let left, let right, let advice):
            "\(left) and \(right) do not go together" + (advice.map { "; \($0)" } ?? "")
        case .optionalAttribute(let owner, let name):
            "\(owner) may have no attribute \(name.text.cedarQuoted); test it with `has` before"
        case .unknownAttribute(let owner, let name, let suggestion):
            "\(owner) has no attribute \(name.text.cedarQuoted)" + Self.didYouMean(suggestion)
        case .unguardedTag: "the entity may have no such tag; test it with `hasTag` and the same operands before"
        case .noTags(let owner): "\(owner) has no tags"
        case .emptySet: "the type of an empty set is not known"
        case .argumentCount(let function, let expected, let found):
            "\(function.rawValue) takes \(expected) argument\(expected == 1 ? "" : "s"), not \(found)"
        case .refusedArgument(let function, let message): "\(function.rawValue): \(message)"
        case .computedArgument(let function): "the argument of \(function.rawValue) is to be a literal"
        case .levelExceeded(let level, let limit): "reads entities through \(level) steps, more than \(limit)"
        case .literalRead: "reads an entity that the policy names, not one that the request leads to"
        case .tooManySteps(let limit): "the validation takes more than \(limit) steps"
        }
    }

    private static func didYouMean(_ suggestion: String?) -> String {
        suggestion.map { "; did you mean `\($0)`?" } ?? ""
    }
}

extension ValidationWarning: CustomStringConvertible {
    public var description: String { "\(policy): \(message)" }

    /// Without the policy's name.
    public var message: String { "\(reason)" }
}

extension ValidationWarning.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .impossiblePolicy: "the policy applies to no request that the schema allows"
        case .suspiciousText(let text, let suspicion): "\(text.cedarQuoted) \(suspicion)"
        }
    }
}

extension ValidationWarning.Suspicion: CustomStringConvertible {
    package var description: String {
        switch self {
        case .direction(let code): "has U+\(Self.hex(code)), which changes the direction of writing"
        case .invisible(let code): "has U+\(Self.hex(code)), which cannot be seen"
        case .mixedScripts: "has letters of scripts that look alike"
        }
    }

    private static func hex(_ code: UInt32) -> String {
        let digits = String(code, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
