extension Schema {
    /// The schema in Cedar's own form, with its common types and annotations, which `parse` reads back to the same.
    ///
    /// What the JSON form says and this one cannot is written by its meaning: an entity type whose shape is a common type has
    /// the attributes of that type, and an action without types of principals or of resources applies to nothing.
    public func text() throws(SchemaWriteError) -> String {
        let declarations = try written()
        let names = SchemaNames(declarations)
        var text = ""
        for namespace in declarations.namespaces where namespace.name != nil || !namespace.isEmpty {
            var writer = SchemaTextWriter(schema: self, namespace: namespace, names: names)
            try writer.write()
            text += (text.isEmpty ? "" : "\n") + writer.text
        }
        return text
    }
}

/// Writes one namespace.
private struct SchemaTextWriter {
    let schema: Schema
    let namespace: SchemaDeclarations.Namespace
    let names: SchemaNames
    private(set) var text = ""
    private var depth = 0

    init(schema: Schema, namespace: SchemaDeclarations.Namespace, names: SchemaNames) {
        (self.schema, self.namespace, self.names) = (schema, namespace, names)
    }

    mutating func write() throws(SchemaWriteError) {
        if let name = namespace.name {
            write(namespace.annotations)
            text += "namespace \(name) {\n"
            depth = 1
        }
        for type in namespace.types { try write(type) }
        for type in namespace.entities { try write(type) }
        for action in namespace.actions { try write(action) }
        if namespace.name != nil { text += "}\n" }
    }

    /// Bounded, or deep types would be mostly white space.
    private var indentation: String { String(repeating: "    ", count: min(depth, 16)) }

    private mutating func write(_ annotations: [Annotation]) {
        for annotation in annotations { text += "\(indentation)\(annotation)\n" }
    }

    private mutating func write(_ type: SchemaDeclarations.TypeDeclaration) throws(SchemaWriteError) {
        write(type.annotations)
        text += "\(indentation)type \(type.name) = "
        try write(type.type)
        text += ";\n"
    }

    private mutating func write(_ type: SchemaDeclarations.EntityDeclaration) throws(SchemaWriteError) {
        write(type.annotations)
        text += "\(indentation)entity \(type.name)"
        if let ids = type.ids {
            text += " enum [\(ids.map(\.cedarQuoted).joined(separator: ", "))]"
        }
        if !type.memberOf.isEmpty { text += " in [\(names(type.memberOf))]" }
        if let shape = try shape(of: type) {
            text += " "
            try write(shape)
        }
        if let tags = type.tags {
            text += " tags "
            try write(tags)
        }
        text += ";\n"
    }

    /// Here only a record may stand, and not the name of one.
    private func shape(
        of type: SchemaDeclarations.EntityDeclaration
    ) throws(SchemaWriteError) -> SchemaDeclarations.TypeExpression? {
        guard let shape = type.shape else { return nil }
        if case .record = shape { return shape }
        let name = namespace.qualified(type.name)
        let describer = TypeDescriber(namespace: namespace.name ?? "", hidesActions: !namespace.actions.isEmpty)
        return try describer.expression(.record(schema[EntityTypeName(name)]?.shape ?? .empty))
    }

    private mutating func write(_ action: SchemaDeclarations.ActionDeclaration) throws(SchemaWriteError) {
        write(action.annotations)
        text += "\(indentation)action \(AttributeName(action.id).inSchema)"
        if !action.memberOf.isEmpty {
            let groups = action.memberOf.map { group in
                (group.type.map { "\($0)::" } ?? "") + group.id.cedarQuoted
            }
            text += " in [\(groups.joined(separator: ", "))]"
        }
        if let appliesTo = action.appliesTo { try write(appliesTo) }
        text += ";\n"
    }

    private mutating func write(_ appliesTo: SchemaDeclarations.AppliesToDeclaration) throws(SchemaWriteError) {
        guard let principals = appliesTo.principals, let resources = appliesTo.resources, !principals.isEmpty,
            !resources.isEmpty
        else { return }
        text += " appliesTo {\n"
        depth += 1
        text += "\(indentation)principal: [\(names(principals))],\n"
        text += "\(indentation)resource: [\(names(resources))],\n"
        if let context = appliesTo.context {
            text += "\(indentation)context: "
            try write(context)
            text += ",\n"
        }
        depth -= 1
        text += "\(indentation)}"
    }

    private func names(_ types: [SchemaDeclarations.Reference]) -> String {
        types.map(\.name).joined(separator: ", ")
    }

    private mutating func write(_ attributes: [SchemaDeclarations.AttributeDeclaration]) throws(SchemaWriteError) {
        guard !attributes.isEmpty else {
            text += "{}"
            return
        }
        text += "{\n"
        depth += 1
        for attribute in attributes.lastOfEach {
            write(attribute.annotations)
            text += "\(indentation)\(attribute.name.inSchema)\(attribute.isRequired ? "" : "?"): "
            try write(attribute.type)
            text += ",\n"
        }
        depth -= 1
        text += "\(indentation)}"
    }

    private mutating func write(_ type: SchemaDeclarations.TypeExpression) throws(SchemaWriteError) {
        switch type {
        case .record(let attributes, _): try write(attributes)
        case .set(let element, _):
            text += "Set<"
            try write(element)
            text += ">"
        case .named, .entity, .common, .builtin: text += try name(of: type)
        }
    }

    /// As it was written if that means here the same, or else in full.
    private func name(of type: SchemaDeclarations.TypeExpression) throws(SchemaWriteError) -> String {
        guard let (meaning, written) = type.meaning(by: names, in: namespace) else {
            throw .unnameable(type.name, inNamespace: namespace.name ?? "")
        }
        let spellings =
            switch meaning {
            case .common(let full), .entity(let full): [written, full]
            case .builtin(let type): [type.name, SchemaNames.language + type.name]
            }
        for spelling in spellings where names.meaning(of: spelling, in: namespace, .all) == meaning { return spelling }
        throw .unnameable(written, inNamespace: namespace.name ?? "")
    }
}

extension SchemaDeclarations.Namespace {
    var isEmpty: Bool { types.isEmpty && entities.isEmpty && actions.isEmpty }
}

extension AttributeName {
    /// As a schema declares it: in quotation marks unless it is an identifier that is not reserved.
    fileprivate var inSchema: String {
        let isPlain = !text.contains(":") && EntityTypeName.parse(text) != nil
        return isPlain ? text : text.cedarQuoted
    }
}
