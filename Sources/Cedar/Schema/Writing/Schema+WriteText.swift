extension Schema {
    /// The schema in Cedar's own form, which `parse` reads back to the same. Common types are written out where they are used.
    public func text() throws(SchemaWriteError) -> String {
        // A namespace may hide a type of the language; an entity type outside of every namespace hides it everywhere.
        let global = Set(entityTypes.lazy.map(\.name).filter { $0.namespace.isEmpty })
        var text = ""
        for namespace in SchemaNamespace.all(of: self) {
            var writer = SchemaTextWriter(namespace: namespace, hidden: global)
            try writer.write()
            text += (text.isEmpty ? "" : "\n") + writer.text
        }
        return text
    }
}

/// Writes one namespace.
private struct SchemaTextWriter {
    let namespace: SchemaNamespace
    /// The short names that mean entity types here.
    private let hidden: Set<EntityTypeName>
    private(set) var text = ""
    private var depth = 0

    init(namespace: SchemaNamespace, hidden: Set<EntityTypeName>) {
        self.namespace = namespace
        self.hidden = hidden.union(namespace.entityTypes.map { EntityTypeName($0.name.shortName) })
    }

    mutating func write() throws(SchemaWriteError) {
        if !namespace.name.isEmpty {
            text += "namespace \(namespace.name) {\n"
            depth = 1
        }
        for type in namespace.entityTypes { try write(type) }
        for action in namespace.actions { try write(action) }
        if !namespace.name.isEmpty { text += "}\n" }
    }

    /// Bounded, or deep types would be mostly white space.
    private var indentation: String { String(repeating: "    ", count: min(depth, 16)) }

    private mutating func write(_ type: EntityTypeDefinition) throws(SchemaWriteError) {
        text += "\(indentation)entity \(type.name.shortName)"
        if let ids = type.ids {
            text += " enum [\(ids.map(\.cedarQuoted).joined(separator: ", "))]"
        }
        if !type.memberOf.isEmpty { text += " in [\(names(type.memberOf))]" }
        if !type.shape.attributes.isEmpty {
            text += " "
            try write(type.shape)
        }
        if let tags = type.tags {
            text += " tags "
            try write(tags)
        }
        text += ";\n"
    }

    private mutating func write(_ action: ActionDefinition) throws(SchemaWriteError) {
        text += "\(indentation)action \(AttributeName(action.uid.id).inSchema)"
        if !action.memberOf.isEmpty {
            text += " in [\(action.memberOf.map(\.description).joined(separator: ", "))]"
        }
        if let appliesTo = action.appliesTo {
            text += " appliesTo {\n"
            depth += 1
            text += "\(indentation)principal: [\(names(appliesTo.principals))],\n"
            text += "\(indentation)resource: [\(names(appliesTo.resources))],\n"
            if !appliesTo.context.attributes.isEmpty {
                text += "\(indentation)context: "
                try write(appliesTo.context)
                text += ",\n"
            }
            depth -= 1
            text += "\(indentation)}"
        }
        text += ";\n"
    }

    private func names(_ types: [EntityTypeName]) -> String { types.map(\.text).joined(separator: ", ") }

    private mutating func write(_ record: RecordType) throws(SchemaWriteError) {
        guard !record.isOpen else { throw .open }
        guard !record.attributes.isEmpty else {
            text += "{}"
            return
        }
        text += "{\n"
        depth += 1
        for attribute in record.attributes {
            text += "\(indentation)\(attribute.name.inSchema)\(attribute.isRequired ? "" : "?"): "
            try write(attribute.type)
            text += ",\n"
        }
        depth -= 1
        text += "\(indentation)}"
    }

    private mutating func write(_ type: SchemaType) throws(SchemaWriteError) {
        switch type {
        case .record(let record): try write(record)
        case .set(let element):
            text += "Set<"
            try write(element)
            text += ">"
        case .entity(let name):
            guard namespace.canName(name) else { throw .unnameable(inNamespace: namespace.name) }
            text += name.text
        case .any: throw .open
        case .bool, .long, .string, .ipaddr, .decimal, .datetime, .duration:
            text += hidden.contains(EntityTypeName(type.name)) ? "__cedar::\(type.name)" : type.name
        }
    }
}

extension AttributeName {
    /// As a schema declares it: in quotation marks unless it is an identifier that is not reserved.
    fileprivate var inSchema: String {
        let isPlain = !text.contains(":") && EntityTypeName.parse(text) != nil
        return isPlain ? text : text.cedarQuoted
    }
}
