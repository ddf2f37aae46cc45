package import JSON

extension EntityJSON {
    /// An object whose members are fields: a context, the attributes or the tags of an entity.
    package static func parseRecord(
        _ json: JSONValue,
        as type: RecordType? = nil
    ) throws(CedarJSONError) -> Record {
        try parseFields(json) { type?[AttributeName($0)]?.type }
    }

    static func parseFields(
        _ json: JSONValue,
        typeOf: (String) -> SchemaType?
    ) throws(CedarJSONError) -> Record {
        guard case .object(let members) = json else {
            throw CedarJSONError("expected an object, found \(json.kind)")
        }
        guard members.count <= maxElements else {
            throw CedarJSONError("more than \(maxElements) members in one record")
        }
        var fields: [Record.Field] = []
        fields.reserveCapacity(members.count)
        for member in members {
            let value = try CedarJSONError.at(".\(member.name)") { () throws(CedarJSONError) in
                try parseValue(member.value, as: typeOf(member.name))
            }
            fields.append(Record.Field(name: AttributeName(member.name), value: value))
        }
        return Record(fields: fields)
    }

    package static func parseValue(
        _ json: JSONValue,
        as type: SchemaType? = nil
    ) throws(CedarJSONError) -> Value {
        switch json {
        case .bool(let value): return .bool(value)
        case .integer(let value): return .long(value)
        case .string(let text):
            guard let constructor = type?.constructor else { return .string(text) }
            return try apply(constructor, to: [.string(text)])
        case .null, .decimal: throw CedarJSONError("\(json.kind) is no value of the language")
        case .array(let elements):
            guard elements.count <= maxElements else {
                throw CedarJSONError("more than \(maxElements) elements in one set")
            }
            var elementType: SchemaType?
            if case .set(let element) = type { elementType = element }
            var values: [Value] = []
            values.reserveCapacity(elements.count)
            for (index, element) in elements.enumerated() {
                values.append(
                    try CedarJSONError.at("[\(index)]") { () throws(CedarJSONError) in
                        try parseValue(element, as: elementType)
                    }
                )
            }
            return .set(ValueSet(values))
        case .object(let members): return try parseObject(members, json, as: type)
        }
    }

    private static func parseObject(
        _ members: [JSONMember],
        _ json: JSONValue,
        as type: SchemaType?
    ) throws(CedarJSONError) -> Value {
        if members.count == 1, let escape = try parseEscape(members[0]) { return escape }
        switch type {
        case .entity where json["type"] != nil: return .entity(try parseUID(json))
        case .record(let record): return .record(try parseRecord(json, as: record))
        case .ipaddr, .decimal, .datetime, .duration:
            return json["fn"] != nil ? try parseExtension(json) : .record(try parseRecord(json))
        case .bool, .long, .string, .set, .entity, .any, nil: return .record(try parseRecord(json))
        }
    }

    /// Nil where the one member of an object is an ordinary field.
    private static func parseEscape(_ member: JSONMember) throws(CedarJSONError) -> Value? {
        switch member.name {
        case "__entity": return .entity(try parseReference(member.value))
        case "__extn": return try parseExtension(member.value)
        case "__expr": throw CedarJSONError("`__expr` is no longer part of the format")
        default: return nil
        }
    }

    /// `{"fn": …, "arg": …}`, or `args` with an array.
    private static func parseExtension(_ json: JSONValue) throws(CedarJSONError) -> Value {
        guard case .object(let members) = json, members.count == 2, let name = json["fn"]?.stringValue,
            let arguments = json["args"]?.arrayValue ?? json["arg"].map({ [$0] })
        else { throw CedarJSONError("expected {\"fn\": …, \"arg\": …} or {\"fn\": …, \"args\": […]}") }
        guard let function = ExtensionFunction(rawValue: name) else {
            throw CedarJSONError("there is no extension function \(JSONValue.string(name))")
        }
        var values: [Value] = []
        for argument in arguments { values.append(try parseValue(argument)) }
        return try apply(function, to: values)
    }

    private static func apply(_ function: ExtensionFunction, to values: [Value]) throws(CedarJSONError) -> Value {
        do throws(EvaluationError.Reason) {
            return try function.applied(to: values)
        } catch {
            throw CedarJSONError("\(error)")
        }
    }
}

extension SchemaType {
    /// What makes a value of an extension type from a string.
    fileprivate var constructor: ExtensionFunction? {
        switch self {
        case .ipaddr: .ip
        case .decimal: .decimal
        case .datetime: .datetime
        case .duration: .duration
        case .bool, .long, .string, .set, .record, .entity, .any: nil
        }
    }
}
