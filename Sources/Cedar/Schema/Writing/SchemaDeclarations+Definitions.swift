import JSON

extension Schema {
    /// As it was written, or as it could have been.
    func written() throws(SchemaWriteError) -> SchemaDeclarations {
        if let declarations { return declarations }
        return try SchemaDeclarations(entityTypes: entityTypes, actions: actions)
    }
}

extension SchemaDeclarations {
    /// Of definitions that nobody wrote, with full names for all types.
    fileprivate init(
        entityTypes: [EntityTypeDefinition],
        actions: [ActionDefinition]
    ) throws(SchemaWriteError) {
        var places = ["": 0]
        for name in entityTypes.map(\.name.namespace) + actions.map(\.uid.type.namespace) where places[name] == nil {
            places[name] = namespaces.count
            namespaces.append(Namespace(name: name, place: .text(.none)))
        }
        let rest = namespaces.dropFirst().sorted { ($0.name ?? "").precedesExactly($1.name ?? "") }
        namespaces.replaceSubrange(1..., with: rest)
        for (place, namespace) in namespaces.enumerated() { places[namespace.name ?? ""] = place }
        // What is named by its full name means something else only in a namespace that has actions itself.
        let withActions = Set(actions.map(\.uid.type.namespace))
        for type in entityTypes {
            let namespace = type.name.namespace
            let describer = TypeDescriber(namespace: namespace, hidesActions: withActions.contains(namespace))
            namespaces[places[namespace] ?? 0].entities.append(try describer.declaration(type))
        }
        for action in actions {
            let describer = TypeDescriber(namespace: action.uid.type.namespace, hidesActions: true)
            namespaces[places[action.uid.type.namespace] ?? 0].actions.append(try describer.declaration(action))
        }
    }
}

/// Turns the types of one namespace back into words.
struct TypeDescriber {
    /// Empty for what stands in none.
    let namespace: String
    let hidesActions: Bool

    func declaration(_ type: EntityTypeDefinition) throws(SchemaWriteError) -> SchemaDeclarations.EntityDeclaration {
        SchemaDeclarations.EntityDeclaration(
            name: type.name.shortName,
            place: .text(.none),
            memberOf: references(type.memberOf),
            shape: try expression(type.shape),
            tags: try type.tags.map { type throws(SchemaWriteError) in try expression(type) },
            ids: type.ids
        )
    }

    func declaration(_ action: ActionDefinition) throws(SchemaWriteError) -> SchemaDeclarations.ActionDeclaration {
        var appliesTo: SchemaDeclarations.AppliesToDeclaration?
        if let applies = action.appliesTo {
            appliesTo = SchemaDeclarations.AppliesToDeclaration(
                principals: references(applies.principals),
                resources: references(applies.resources),
                context: try expression(applies.context)
            )
        }
        return SchemaDeclarations.ActionDeclaration(
            id: action.uid.id,
            place: .text(.none),
            memberOf: action.memberOf.map {
                SchemaDeclarations.ActionReference(type: $0.type.text, id: $0.id, place: .text(.none))
            },
            appliesTo: appliesTo
        )
    }

    private func references(_ types: [EntityTypeName]) -> [SchemaDeclarations.Reference] {
        types.map { SchemaDeclarations.Reference(name: $0.text, place: .text(.none)) }
    }

    /// Nil for a record without attributes, which need not be written.
    private func expression(_ record: RecordType) throws(SchemaWriteError) -> SchemaDeclarations.TypeExpression? {
        record == .empty ? nil : try expression(.record(record))
    }

    func expression(_ type: SchemaType) throws(SchemaWriteError) -> SchemaDeclarations.TypeExpression {
        switch type {
        case .bool, .long, .string, .ipaddr, .decimal, .datetime, .duration: return .builtin(type, .text(.none))
        case .set(let element): return .set(try expression(element), .text(.none))
        case .entity(let name):
            guard name != "Action" || namespace.isEmpty || !hidesActions else {
                throw .unnameable("Action", inNamespace: namespace)
            }
            return .entity(SchemaDeclarations.Reference(name: name.text, place: .text(.none)))
        case .any: throw .open
        case .record(let record):
            guard !record.isOpen else { throw .open }
            var attributes: [SchemaDeclarations.AttributeDeclaration] = []
            for attribute in record.attributes {
                attributes.append(
                    SchemaDeclarations.AttributeDeclaration(
                        name: attribute.name,
                        isRequired: attribute.isRequired,
                        type: try expression(attribute.type)
                    )
                )
            }
            return .record(attributes, .text(.none))
        }
    }
}

/// Why a schema has no text.
public enum SchemaWriteError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the namespace declares, or the form itself, hides the type from its own name.
    case unnameable(String, inNamespace: String)
    /// It leaves something open, which the language cannot say.
    case open

    public var description: String {
        switch self {
        case .unnameable("Action", let name):
            "the type `Action` cannot be named in `\(name)`, which has actions itself"
        case .unnameable(let type, ""): "the type `\(type)` cannot be named, since another has its name"
        case .unnameable(let type, let name):
            "the type `\(type)` cannot be named in `\(name)`, where another has its name"
        case .open: "a type of which not everything is known cannot be written"
        }
    }
}

extension EntityTypeName {
    /// All but its last part; empty where it has just one.
    var namespace: String { text.contains(":") ? String(text.dropLast(shortName.utf8.count + 2)) : "" }

    /// Its last part.
    var shortName: String { text.split(separator: ":").last.map(String.init) ?? text }
}
