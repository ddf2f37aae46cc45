/// Why an entity or a request is not what a schema says, and where in it.
public struct ConformanceError: Error, Hashable, Sendable {
    package let reason: Reason
    /// Such as `attrs.home.zip`, `context.src`, `parents[2]`; empty where it is the whole.
    public let path: String

    package enum Reason: Hashable, Sendable {
        case unknownEntityType(EntityTypeName, suggestion: String?)
        case unknownAction(EntityUID, suggestion: String?)
        case unknownEnumeratedID(EntityUID, allowed: [String])
        /// The action applies to other types of principals.
        case principalType(EntityTypeName, action: EntityUID)
        case resourceType(EntityTypeName, action: EntityUID)
        case type(expected: SchemaType, found: Value.Kind)
        case entityType(expected: EntityTypeName, found: EntityTypeName)
        case missingAttribute(AttributeName)
        case unknownAttribute(AttributeName)
        case noTags(EntityTypeName)
        case parentType(EntityTypeName, of: EntityTypeName)
        /// An action has the groups that the schema gives it, and nothing else.
        case actionContent(EntityUID)
    }

    init(_ reason: Reason, path: String = "") {
        self.reason = reason
        self.path = path
    }

    /// The same within something larger.
    func inside(_ step: String) -> ConformanceError {
        ConformanceError(reason, path: path.isEmpty || path.hasPrefix("[") ? step + path : "\(step).\(path)")
    }
}

extension ConformanceError: CustomStringConvertible {
    public var description: String { path.isEmpty ? message : "\(path): \(message)" }

    /// Without the path.
    public var message: String { "\(reason)" }
}

extension ConformanceError.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownEntityType(let type, let suggestion):
            "\(ValidationError.Reason.unknownEntityType(type, suggestion: suggestion))"
        case .unknownAction(let action, let suggestion):
            "\(ValidationError.Reason.unknownAction(action, suggestion: suggestion))"
        case .unknownEnumeratedID(let uid, let allowed):
            "\(ValidationError.Reason.unknownEnumeratedID(uid, allowed: allowed))"
        case .principalType(let type, let action): "\(action) has no principals of the type `\(type)`"
        case .resourceType(let type, let action): "\(action) has no resources of the type `\(type)`"
        case .type(let expected, let found): "expected \(expected.name), found \(found)"
        case .entityType(let expected, let found): "expected an entity of the type `\(expected)`, found `\(found)`"
        case .missingAttribute(let name): "the attribute \(name.text.cedarQuoted) is missing"
        case .unknownAttribute(let name): "there is no attribute \(name.text.cedarQuoted)"
        case .noTags(let type): "`\(type)` has no tags"
        case .parentType(let parent, let type): "`\(type)` is in no `\(parent)`"
        case .actionContent(let action): "\(action) differs from what the schema says of it"
        }
    }
}
