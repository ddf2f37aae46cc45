package import JSON

extension Schema {
    /// The schema in the JSON form, with its common types and annotations, which `parseJSON` reads back to the same. A name
    /// that may be that of an entity type or of a common type is written as that of what it is.
    package func json() throws(SchemaWriteError) -> JSONValue {
        let declarations = try written()
        let names = SchemaNames(declarations)
        var members: [JSONMember] = []
        for namespace in declarations.namespaces where namespace.name != nil || !namespace.isEmpty {
            let writer = SchemaJSONWriter(namespace: namespace, names: names)
            members.append(JSONMember(name: namespace.name ?? "", value: try writer.json()))
        }
        return .object(members)
    }
}

/// Writes one namespace.
private struct SchemaJSONWriter {
    let namespace: SchemaDeclarations.Namespace
    let names: SchemaNames

    func json() throws(SchemaWriteError) -> JSONValue {
        var common: [JSONMember] = []
        for type in namespace.types {
            let value = try members(of: type.type) + annotations(type.annotations)
            common.append(JSONMember(name: type.name, value: .object(value)))
        }
        var entities: [JSONMember] = []
        for type in namespace.entities { entities.append(JSONMember(name: type.name, value: try json(type))) }
        var actions: [JSONMember] = []
        for action in namespace.actions { actions.append(JSONMember(name: action.id, value: try json(action))) }
        let members = [
            JSONMember(name: "entityTypes", value: .object(entities)),
            JSONMember(name: "actions", value: .object(actions)),
        ]
        return .object(
            (common.isEmpty ? [] : [JSONMember(name: "commonTypes", value: .object(common))]) + members
                + annotations(namespace.annotations)
        )
    }

    private func annotations(_ annotations: [Annotation]) -> [JSONMember] {
        guard !annotations.isEmpty else { return [] }
        let members = annotations.map {
            JSONMember(name: $0.name, value: $0.isBare ? .null : .string($0.value))
        }
        return [JSONMember(name: "annotations", value: .object(members))]
    }

    private func json(_ type: SchemaDeclarations.EntityDeclaration) throws(SchemaWriteError) -> JSONValue {
        var members: [JSONMember] = []
        if let ids = type.ids { members.append(JSONMember(name: "enum", value: .array(ids.map { .string($0) }))) }
        if !type.memberOf.isEmpty { members.append(JSONMember(name: "memberOfTypes", value: names(type.memberOf))) }
        if let shape = type.shape { members.append(JSONMember(name: "shape", value: try json(shape))) }
        if let tags = type.tags { members.append(JSONMember(name: "tags", value: try json(tags))) }
        return .object(members + annotations(type.annotations))
    }

    private func json(_ action: SchemaDeclarations.ActionDeclaration) throws(SchemaWriteError) -> JSONValue {
        var members: [JSONMember] = []
        if !action.memberOf.isEmpty {
            let groups = action.memberOf.map { group in
                JSONValue.object(
                    [JSONMember(name: "id", value: .string(group.id))]
                        + (group.type.map { [JSONMember(name: "type", value: .string($0))] } ?? [])
                )
            }
            members.append(JSONMember(name: "memberOf", value: .array(groups)))
        }
        if let appliesTo = action.appliesTo {
            var parts = [
                JSONMember(name: "principalTypes", value: names(appliesTo.principals ?? [])),
                JSONMember(name: "resourceTypes", value: names(appliesTo.resources ?? [])),
            ]
            if let context = appliesTo.context { parts.append(JSONMember(name: "context", value: try json(context))) }
            members.append(JSONMember(name: "appliesTo", value: .object(parts)))
        }
        return .object(members + annotations(action.annotations))
    }

    private func names(_ types: [SchemaDeclarations.Reference]) -> JSONValue { .array(types.map { .string($0.name) }) }

    private func json(_ type: SchemaDeclarations.TypeExpression) throws(SchemaWriteError) -> JSONValue {
        .object(try members(of: type))
    }

    private func members(of type: SchemaDeclarations.TypeExpression) throws(SchemaWriteError) -> [JSONMember] {
        switch type {
        case .set(let element, _): return [kind("Set"), JSONMember(name: "element", value: try json(element))]
        case .record(let attributes, _):
            var members: [JSONMember] = []
            for attribute in attributes.lastOfEach {
                var value = try self.members(of: attribute.type)
                if !attribute.isRequired { value.append(JSONMember(name: "required", value: false)) }
                value += annotations(attribute.annotations)
                members.append(JSONMember(name: attribute.name.text, value: .object(value)))
            }
            return [kind("Record"), JSONMember(name: "attributes", value: .object(members))]
        case .named, .entity, .common, .builtin:
            guard let (meaning, written) = type.meaning(by: names, in: namespace) else {
                throw .unnameable(type.name, inNamespace: namespace.name ?? "")
            }
            return members(of: meaning, written: written)
        }
    }

    private func members(of meaning: SchemaNames.Meaning, written: String) -> [JSONMember] {
        switch meaning {
        case .entity: [kind("Entity"), JSONMember(name: "name", value: .string(written))]
        // As a kind of type this name is something else.
        case .common where written == "EntityOrCommon":
            [kind(written), JSONMember(name: "name", value: .string(written))]
        case .common: [kind(written)]
        case .builtin(.bool): [kind("Boolean")]
        case .builtin(let type) where type == .long || type == .string: [kind(type.name)]
        case .builtin(let type): [kind("Extension"), JSONMember(name: "name", value: .string(type.name))]
        }
    }

    private func kind(_ name: String) -> JSONMember { JSONMember(name: "type", value: .string(name)) }
}
