/// Why an expression has no value. It ends the evaluation of its policy, and of no other.
public struct EvaluationError: Error, Hashable, Sendable {
    package let reason: Reason
    /// Where in the text of the policy.
    package let range: SourceRange

    package enum Reason: Hashable, Sendable {
        /// At least one kind was expected.
        case type(expected: [Value.Kind], found: Value.Kind)
        case noSuchEntity(EntityUID)
        case noSuchAttribute(EntityUID, AttributeName)
        case noSuchField(AttributeName)
        case noSuchTag(EntityUID, String)
        case overflow(String, Int64, Int64)
        case negationOverflow(Int64)
        case argumentCount(ExtensionFunction, expected: Int, found: Int)
        case refusedArgument(ExtensionFunction, ExtensionFailure)
        case tooManySteps(limit: Int)
    }
}

extension EvaluationError: CustomStringConvertible {
    public var description: String { reason.description }
}

extension EvaluationError.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .type(let expected, let found):
            expected.count == 1
                ? "type error: expected \(expected[0]), got \(found)"
                : "type error: expected one of \(expected), got \(found)"
        case .noSuchEntity(let uid): "the entity \(uid) does not exist"
        case .noSuchAttribute(let uid, let name): "\(uid) has no attribute \(name.text.cedarQuoted)"
        case .noSuchField(let name): "the record has no attribute \(name.text.cedarQuoted)"
        case .noSuchTag(let uid, let name): "\(uid) has no tag \(name.cedarQuoted)"
        case .overflow(let sign, let left, let right): "\(left) \(sign) \(right) does not fit in 64 bits"
        case .negationOverflow(let value): "-(\(value)) does not fit in 64 bits"
        case .argumentCount(let function, let expected, let found):
            "\(function.rawValue) takes \(expected) argument\(expected == 1 ? "" : "s"), not \(found)"
        case .refusedArgument(let function, let failure): "\(function.rawValue): \(failure.message)"
        case .tooManySteps(let limit): "the decision takes more than \(limit) steps"
        }
    }
}

/// Bounds on one decision.
public struct EvaluationLimits: Hashable, Sendable {
    /// Steps are counted, never timed, so every node stops at the same place: one for each node of a tree that is
    /// evaluated and each policy whose scope matches, and more by the weight of what a node looks at: see `Value.weight`.
    public var maxSteps: Int

    public init(maxSteps: Int = 1_000_000) { self.maxSteps = maxSteps }

    public static let standard = EvaluationLimits()
}
