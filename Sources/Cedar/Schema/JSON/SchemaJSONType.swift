import JSON

/// The type objects of the JSON form: `{"type": "Set", "element": {…}}`.
enum SchemaJSONType {
    /// `also` names members that may stand beside those of the type.
    static func read(
        _ node: SchemaJSONNode,
        also: [String] = []
    ) throws(SchemaFault) -> SchemaDeclarations.TypeExpression {
        let kind = try kind(node)
        let fields = try node.fields(["type"] + members(of: kind) + also)
        switch kind {
        case "Long": return .builtin(.long, node.place)
        case "String": return .builtin(.string, node.place)
        case "Boolean": return .builtin(.bool, node.place)
        case "Set": return .set(try read(fields.required("element")), node.place)
        case "Record": return try record(fields)
        case "Entity": return .entity(try reference(fields.required("name")))
        case "EntityOrCommon": return .named(try reference(fields.required("name"), isBuiltinAllowed: true))
        case "Extension": return .builtin(try extensionType(fields.required("name")), node.place)
        default:
            return .common(SchemaDeclarations.Reference(name: try checked(kind, at: node), place: node.place))
        }
    }

    private static func kind(_ node: SchemaJSONNode) throws(SchemaFault) -> String {
        guard let type = try node.member("type") else { throw node.fault("`type` is missing") }
        return try type.string()
    }

    private static func members(of kind: String) -> [String] {
        switch kind {
        case "Set": ["element"]
        case "Record": ["attributes", "additionalAttributes"]
        case "Entity", "EntityOrCommon", "Extension": ["name"]
        default: []
        }
    }

    private static func record(
        _ fields: SchemaJSONFields
    ) throws(SchemaFault) -> SchemaDeclarations.TypeExpression {
        if let open = fields["additionalAttributes"], try open.bool() {
            throw open.fault("records with attributes that are not declared cannot be validated")
        }
        var attributes: [SchemaDeclarations.AttributeDeclaration] = []
        for (name, node) in try fields.required("attributes").members() {
            attributes.append(
                SchemaDeclarations.AttributeDeclaration(
                    name: AttributeName(name),
                    isRequired: try node.member("required")?.bool() ?? true,
                    type: try read(node, also: ["required", "annotations"]),
                    annotations: try SchemaJSONReader.annotations(try node.member("annotations"))
                )
            )
        }
        return .record(attributes, fields.object.place)
    }

    private static func extensionType(_ node: SchemaJSONNode) throws(SchemaFault) -> SchemaType {
        switch try node.string() {
        case "ipaddr": return .ipaddr
        case "decimal": return .decimal
        case "datetime": return .datetime
        case "duration": return .duration
        default: throw node.fault("there is no such extension type; there are ipaddr, decimal, datetime, duration")
        }
    }

    /// The name of a type, short or full.
    static func reference(
        _ node: SchemaJSONNode,
        isBuiltinAllowed: Bool = false
    ) throws(SchemaFault) -> SchemaDeclarations.Reference {
        let name = try node.string()
        let text = isBuiltinAllowed ? try checked(name, at: node) : name
        guard isBuiltinAllowed || EntityTypeName.parse(name) != nil else {
            throw node.fault("\(name.cedarQuoted) is no name of a type")
        }
        return SchemaDeclarations.Reference(name: text, place: node.place)
    }

    /// A name that may also be that of a type of the language, `__cedar::Long`.
    private static func checked(_ name: String, at node: SchemaJSONNode) throws(SchemaFault) -> String {
        let plain = name.hasPrefix("__cedar::") ? String(name.dropFirst(9)) : name
        guard EntityTypeName.parse(plain) != nil else { throw node.fault("\(name.cedarQuoted) is no name of a type") }
        return name
    }
}
