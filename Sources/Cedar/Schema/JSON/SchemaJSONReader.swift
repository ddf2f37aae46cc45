import JSON

/// Takes a schema in JSON form apart into the declarations that the Cedar form gives too.
enum SchemaJSONReader {
    static func declarations(_ document: JSONValue) throws(SchemaFault) -> SchemaDeclarations {
        var declarations = SchemaDeclarations()
        for (name, node) in try SchemaJSONNode(value: document, path: .root).members() {
            if name.isEmpty {
                declarations.namespaces[0] = try namespace(node, name: nil)
            } else {
                guard EntityTypeName.parse(name) != nil else {
                    throw node.fault("\(name.cedarQuoted) is no name of a namespace")
                }
                declarations.namespaces.append(try namespace(node, name: name))
            }
        }
        return declarations
    }

    private static func namespace(
        _ node: SchemaJSONNode,
        name: String?
    ) throws(SchemaFault) -> SchemaDeclarations.Namespace {
        let fields = try node.fields(["commonTypes", "entityTypes", "actions", "annotations"])
        var namespace = SchemaDeclarations.Namespace(name: name, place: node.place)
        namespace.annotations = try annotations(fields["annotations"])
        guard name != nil || namespace.annotations.isEmpty else {
            throw node.fault("what stands in no namespace has no annotations")
        }
        for (name, node) in try fields["commonTypes"]?.members() ?? [] {
            namespace.types.append(try commonType(node, name: name))
        }
        for (name, node) in try fields.required("entityTypes").members() {
            namespace.entities.append(try entityType(node, name: name))
        }
        for (id, node) in try fields.required("actions").members() {
            namespace.actions.append(try action(node, id: id))
        }
        return namespace
    }

    /// Nothing in the language reads them.
    static func annotations(_ node: SchemaJSONNode?) throws(SchemaFault) -> [Annotation] {
        var annotations: [Annotation] = []
        for (name, node) in try node?.members() ?? [] {
            let bytes = Array(name.utf8)
            guard let first = bytes.first, Identifier.isStart(first), bytes.allSatisfy(Identifier.isPart) else {
                throw node.fault("\(name.cedarQuoted) is no name of an annotation")
            }
            annotations.append(Annotation(name: name, value: node.value.isNull ? nil : try node.string()))
        }
        return annotations
    }

    private static func commonType(
        _ node: SchemaJSONNode,
        name: String
    ) throws(SchemaFault) -> SchemaDeclarations.TypeDeclaration {
        SchemaDeclarations.TypeDeclaration(
            name: try shortName(name, at: node),
            place: node.place,
            type: try SchemaJSONType.read(node, also: ["annotations"]),
            annotations: try annotations(try node.member("annotations"))
        )
    }

    /// The name of a declaration, which its namespace completes.
    private static func shortName(_ name: String, at node: SchemaJSONNode) throws(SchemaFault) -> String {
        guard !name.contains(":"), EntityTypeName.parse(name) != nil else {
            throw node.fault("\(name.cedarQuoted) is no name for a type")
        }
        return name
    }
}

extension SchemaJSONReader {
    private static func entityType(
        _ node: SchemaJSONNode,
        name: String
    ) throws(SchemaFault) -> SchemaDeclarations.EntityDeclaration {
        let fields = try node.fields(["memberOfTypes", "shape", "tags", "enum", "annotations"])
        let ids = try fields["enum"].map { node throws(SchemaFault) in try entityIDs(node) }
        if ids != nil, let other = fields.members.first(where: { $0.name != "enum" && $0.name != "annotations" }) {
            throw other.node.fault("an enumerated entity type has no `\(other.name)`")
        }
        return SchemaDeclarations.EntityDeclaration(
            name: try shortName(name, at: node),
            place: node.place,
            memberOf: try fields["memberOfTypes"].map { node throws(SchemaFault) in try references(node) } ?? [],
            shape: try fields["shape"].map { node throws(SchemaFault) in try SchemaJSONType.read(node) },
            tags: try fields.nullable("tags").map { node throws(SchemaFault) in try SchemaJSONType.read(node) },
            ids: ids,
            annotations: try annotations(fields["annotations"])
        )
    }

    private static func entityIDs(_ node: SchemaJSONNode) throws(SchemaFault) -> [String] {
        var ids: [String] = []
        for element in try node.elements() { ids.append(try element.string()) }
        guard !ids.isEmpty else { throw node.fault("an enumerated entity type needs at least one id") }
        return ids
    }

    private static func references(_ node: SchemaJSONNode) throws(SchemaFault) -> [SchemaDeclarations.Reference] {
        var references: [SchemaDeclarations.Reference] = []
        for element in try node.elements() { references.append(try SchemaJSONType.reference(element)) }
        return references
    }
}

extension SchemaJSONReader {
    private static func action(
        _ node: SchemaJSONNode,
        id: String
    ) throws(SchemaFault) -> SchemaDeclarations.ActionDeclaration {
        let fields = try node.fields(["memberOf", "appliesTo", "attributes", "annotations"])
        if let attributes = fields.nullable("attributes"), try !attributes.members().isEmpty {
            throw attributes.fault("actions have no attributes")
        }
        var memberOf: [SchemaDeclarations.ActionReference] = []
        for element in try fields.nullable("memberOf")?.elements() ?? [] {
            memberOf.append(try actionReference(element))
        }
        return SchemaDeclarations.ActionDeclaration(
            id: id,
            place: node.place,
            memberOf: memberOf,
            appliesTo: try fields.nullable("appliesTo").map { node throws(SchemaFault) in try appliesTo(node) },
            annotations: try annotations(fields["annotations"])
        )
    }

    private static func actionReference(
        _ node: SchemaJSONNode
    ) throws(SchemaFault) -> SchemaDeclarations.ActionReference {
        let fields = try node.fields(["id", "type"])
        let type = try fields.nullable("type")?.string()
        if let type, EntityTypeName.parse(type) == nil {
            throw node.fault("\(type.cedarQuoted) is no name of an entity type")
        }
        return SchemaDeclarations.ActionReference(
            type: type,
            id: try fields.required("id").string(),
            place: node.place
        )
    }

    private static func appliesTo(
        _ node: SchemaJSONNode
    ) throws(SchemaFault) -> SchemaDeclarations.AppliesToDeclaration {
        let fields = try node.fields(["principalTypes", "resourceTypes", "context"])
        return SchemaDeclarations.AppliesToDeclaration(
            principals: try references(fields.required("principalTypes")),
            resources: try references(fields.required("resourceTypes")),
            context: try fields["context"].map { node throws(SchemaFault) in try SchemaJSONType.read(node) }
        )
    }
}
