/// How freely types may be mixed.
public enum ValidationMode: String, Hashable, Sendable, CaseIterable {
    /// What the language's own tools ask by default: both sides of a comparison, both branches of a condition and all elements
    /// of a set have one type.
    case strict
    /// Only what could fail at evaluation is an error.
    case permissive
}

/// Bounds on one validation.
public struct ValidationLimits: Hashable, Sendable {
    /// Nodes of policies that are looked at, once for each combination of principal type, action and resource type, and more
    /// where the work grows with the size of types.
    public var maxSteps: Int
    /// How many errors of one policy are reported.
    public var maxErrors: Int

    public init(maxSteps: Int = 100_000_000, maxErrors: Int = 20) {
        self.maxSteps = maxSteps
        self.maxErrors = max(1, maxErrors)
    }

    public static let standard = ValidationLimits()
}

/// What a validation found.
public struct ValidationReport: Hashable, Sendable {
    /// In the order of the policies. Empty for policies that are valid.
    public internal(set) var errors: [ValidationError]
    public internal(set) var warnings: [ValidationWarning]

    package init(errors: [ValidationError] = [], warnings: [ValidationWarning] = []) {
        self.errors = errors
        self.warnings = warnings
    }

    public var isValid: Bool { errors.isEmpty }
}

/// Something in a policy that may fail at evaluation, or that strict mode forbids.
public struct ValidationError: Error, Hashable, Sendable {
    public let policy: PolicyID
    /// Where in the text of the policy; the whole policy where it is no single place.
    package let range: SourceRange
    package let reason: Reason

    package enum Reason: Hashable, Sendable {
        case unknownEntityType(EntityTypeName, suggestion: String?)
        case unknownAction(EntityUID, suggestion: String?)
        case unknownEnumeratedID(EntityUID, allowed: [String])
        /// No action applies to what the scope asks for.
        case noApplicableAction
        case unexpectedType(expected: String, found: String, advice: String?)
        case incompatibleTypes(String, String, advice: String?)
        /// The access is not guarded by a `has`.
        case optionalAttribute(of: String, AttributeName)
        case unknownAttribute(of: String, AttributeName, suggestion: String?)
        /// The access is not guarded by a `hasTag` with the same operands.
        case unguardedTag
        case noTags(of: String)
        case emptySet
        case argumentCount(ExtensionFunction, expected: Int, found: Int)
        case refusedArgument(ExtensionFunction, message: String)
        /// A constructor's argument is no literal.
        case computedArgument(ExtensionFunction)
        /// Entities are read through more others than allowed.
        case levelExceeded(level: Int, limit: Int)
        /// An entity is read that the policy names itself, where only those that the request leads to may be.
        case literalRead
        case tooManySteps(limit: Int)
    }
}

/// Something in a policy that is probably a mistake.
public struct ValidationWarning: Hashable, Sendable {
    public let policy: PolicyID
    package let range: SourceRange
    package let reason: Reason

    package enum Reason: Hashable, Sendable {
        /// The policy applies to no request that the schema allows.
        case impossiblePolicy
        case suspiciousText(String, Suspicion)
    }

    /// Why a text may not be what it looks like.
    package enum Suspicion: Hashable, Sendable {
        /// A character, by its code point, that changes the direction of writing.
        case direction(UInt32)
        /// A character that nobody sees.
        case invisible(UInt32)
        /// Letters of scripts that look alike.
        case mixedScripts
    }
}
