import JSON

/// Checks entities and requests against a schema.
public struct SchemaConformance: Sendable {
    private var index: SchemaIndex
    var schema: Schema { index.schema }

    public init(_ schema: Schema) { index = SchemaIndex(schema) }

    /// That the action applies to the principal and the resource, and that the context is what it declares.
    public func check(_ request: Request) throws(ConformanceError) {
        try inside("principal") { () throws(ConformanceError) in try checkParty(request.principal) }
        try inside("resource") { () throws(ConformanceError) in try checkParty(request.resource) }
        guard let action = schema[request.action] else {
            throw ConformanceError(unknownAction(request.action), path: "action")
        }
        guard let appliesTo = action.appliesTo, appliesTo.principals.contains(request.principal.type) else {
            throw ConformanceError(.principalType(request.principal.type, action: action.uid), path: "principal")
        }
        guard appliesTo.resources.contains(request.resource.type) else {
            throw ConformanceError(.resourceType(request.resource.type, action: action.uid), path: "resource")
        }
        try inside("context") { () throws(ConformanceError) in try check(request.context, appliesTo.context) }
    }

    /// That its type is declared with these attributes and tags, and may be in its parents' types.
    ///
    /// An action has no attributes, and is in the groups that the schema says, directly or through others.
    public mutating func check(_ entity: Entity) throws(ConformanceError) {
        guard !entity.uid.type.isAction else { return try checkAction(entity) }
        let type = try definition(of: entity.uid)
        try inside("attrs") { () throws(ConformanceError) in try check(entity.attributes, type.shape) }
        try inside("tags") { () throws(ConformanceError) in try checkTags(entity.tags, of: type) }
        for (place, parent) in entity.parents.enumerated() {
            try inside("parents[\(place)]") { () throws(ConformanceError) in try checkReference(parent) }
            guard !parent.type.isAction, index.mayBeBelow(type.name, parent.type) else {
                throw ConformanceError(.parentType(parent.type, of: type.name), path: "parents[\(place)]")
            }
        }
    }

    /// A principal or resource.
    private func checkParty(_ uid: EntityUID) throws(ConformanceError) { _ = try definition(of: uid) }

    private func definition(of uid: EntityUID) throws(ConformanceError) -> EntityTypeDefinition {
        guard let type = schema[uid.type] else { throw ConformanceError(unknownType(uid.type)) }
        try checkReference(uid)
        return type
    }

    /// An enumerated entity and an action exist only as the schema lists them. Others may exist or not.
    private func checkReference(_ uid: EntityUID) throws(ConformanceError) {
        if uid.type.isAction, schema[uid] == nil { throw ConformanceError(unknownAction(uid)) }
        if let ids = schema[uid.type]?.ids, !ids.contains(where: { $0.isExactly(uid.id) }) {
            throw ConformanceError(.unknownEnumeratedID(uid, allowed: ids))
        }
    }

    private mutating func checkAction(_ entity: Entity) throws(ConformanceError) {
        guard let action = schema[entity.uid] else { throw ConformanceError(unknownAction(entity.uid)) }
        let isPlain = entity.attributes.isEmpty && entity.tags.isEmpty
        guard isPlain, index.groups(above: entity.parents) == index.groups(above: action.memberOf) else {
            throw ConformanceError(.actionContent(entity.uid))
        }
    }

    private func checkTags(_ tags: Record, of type: EntityTypeDefinition) throws(ConformanceError) {
        guard !tags.isEmpty else { return }
        guard let tagType = type.tags else { throw ConformanceError(.noTags(type.name)) }
        for tag in tags.fields {
            try inside(tag.name.pathStep) { () throws(ConformanceError) in try check(tag.value, tagType) }
        }
    }

    private func unknownType(_ type: EntityTypeName) -> ConformanceError.Reason {
        .unknownEntityType(type, suggestion: index.suggestion(for: type))
    }

    private func unknownAction(_ action: EntityUID) -> ConformanceError.Reason {
        .unknownAction(action, suggestion: index.suggestion(for: action))
    }
}

extension SchemaConformance {
    /// That a record has the attributes that its type requires, and no other than it lists unless it is open.
    private func check(_ record: Record, _ type: RecordType) throws(ConformanceError) {
        for attribute in type.attributes where attribute.isRequired && record[attribute.name] == nil {
            throw ConformanceError(.missingAttribute(attribute.name))
        }
        for field in record.fields {
            guard let attribute = type[field.name] else {
                if type.isOpen { continue }
                throw ConformanceError(.unknownAttribute(field.name))
            }
            try inside(field.name.pathStep) { () throws(ConformanceError) in try check(field.value, attribute.type) }
        }
    }

    private func check(_ value: Value, _ type: SchemaType) throws(ConformanceError) {
        switch (value, type) {
        case (.bool, .bool), (.long, .long), (.string, .string), (.ip, .ipaddr), (.decimal, .decimal),
            (.datetime, .datetime), (.duration, .duration), (_, .any):
            return
        case (.set(let set), .set(let elementType)):
            for (place, element) in set.elements.enumerated() {
                try inside("[\(place)]") { () throws(ConformanceError) in try check(element, elementType) }
            }
        case (.record(let record), .record(let recordType)): try check(record, recordType)
        case (.entity(let uid), .entity(let expected)):
            guard uid.type == expected else { throw ConformanceError(.entityType(expected: expected, found: uid.type)) }
            try checkReference(uid)
        case (.bool, _), (.long, _), (.string, _), (.ip, _), (.decimal, _), (.datetime, _), (.duration, _), (.set, _),
            (.record, _), (.entity, _):
            throw ConformanceError(.type(expected: type, found: value.kind))
        }
    }

    /// Adds where it went wrong.
    private func inside(
        _ step: @autoclosure () -> String,
        _ check: () throws(ConformanceError) -> Void
    ) throws(ConformanceError) {
        do throws(ConformanceError) {
            try check()
        } catch {
            throw error.inside(step())
        }
    }
}

extension AttributeName {
    /// In a path: quoted unless it is an identifier.
    fileprivate var pathStep: String {
        !text.isEmpty && text.utf8.allSatisfy(Identifier.isPart) ? text : "[\(text.cedarQuoted)]"
    }
}
