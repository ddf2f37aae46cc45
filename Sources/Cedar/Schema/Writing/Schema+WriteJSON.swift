package import JSON

extension Schema {
    /// The schema in the JSON form, which `parseJSON` reads back to the same. Common types are written out where they are
    /// used.
    package func json() throws(SchemaWriteError) -> JSONValue {
        var members: [JSONMember] = []
        for namespace in SchemaNamespace.all(of: self) {
            members.append(JSONMember(name: namespace.name, value: try namespace.json()))
        }
        return .object(members)
    }
}

extension SchemaNamespace {
    fileprivate func json() throws(SchemaWriteError) -> JSONValue {
        var types: [JSONMember] = []
        for type in entityTypes { types.append(JSONMember(name: type.name.shortName, value: try json(type))) }
        var actions: [JSONMember] = []
        for action in self.actions { actions.append(JSONMember(name: action.uid.id, value: try json(action))) }
        return ["entityTypes": .object(types), "actions": .object(actions)]
    }

    private func json(_ type: EntityTypeDefinition) throws(SchemaWriteError) -> JSONValue {
        if let ids = type.ids { return ["enum": .array(ids.map { .string($0) })] }
        var members: [JSONMember] = []
        if !type.memberOf.isEmpty { members.append(JSONMember(name: "memberOfTypes", value: names(type.memberOf))) }
        if !type.shape.attributes.isEmpty { members.append(JSONMember(name: "shape", value: try json(type.shape))) }
        if let tags = type.tags { members.append(JSONMember(name: "tags", value: try json(tags))) }
        return .object(members)
    }

    private func json(_ action: ActionDefinition) throws(SchemaWriteError) -> JSONValue {
        var members: [JSONMember] = []
        if !action.memberOf.isEmpty {
            members.append(JSONMember(name: "memberOf", value: .array(action.memberOf.map { EntityJSON.write($0) })))
        }
        if let appliesTo = action.appliesTo {
            let value: JSONValue = [
                "principalTypes": names(appliesTo.principals), "resourceTypes": names(appliesTo.resources),
                "context": try json(appliesTo.context),
            ]
            members.append(JSONMember(name: "appliesTo", value: value))
        }
        return .object(members)
    }

    private func names(_ types: [EntityTypeName]) -> JSONValue { .array(types.map { .string($0.text) }) }

    private func json(_ record: RecordType) throws(SchemaWriteError) -> JSONValue {
        guard !record.isOpen else { throw .open }
        var members: [JSONMember] = []
        for attribute in record.attributes {
            var type = try self.members(of: attribute.type)
            if !attribute.isRequired { type.append(JSONMember(name: "required", value: false)) }
            members.append(JSONMember(name: attribute.name.text, value: .object(type)))
        }
        return ["type": "Record", "attributes": .object(members)]
    }

    private func json(_ type: SchemaType) throws(SchemaWriteError) -> JSONValue { .object(try members(of: type)) }

    private func members(of type: SchemaType) throws(SchemaWriteError) -> [JSONMember] {
        switch type {
        case .bool: return [JSONMember(name: "type", value: "Boolean")]
        case .long, .string: return [JSONMember(name: "type", value: .string(type.name))]
        case .set(let element):
            return [JSONMember(name: "type", value: "Set"), JSONMember(name: "element", value: try json(element))]
        case .record(let record): return try json(record).objectValue ?? []
        case .entity(let name):
            guard canName(name) else { throw .unnameable(inNamespace: self.name) }
            return [JSONMember(name: "type", value: "Entity"), JSONMember(name: "name", value: .string(name.text))]
        case .any: throw .open
        case .ipaddr, .decimal, .datetime, .duration:
            return [JSONMember(name: "type", value: "Extension"), JSONMember(name: "name", value: .string(type.name))]
        }
    }
}
