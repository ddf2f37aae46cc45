package import JSON

/// Cedar's JSON form of values, contexts and entities, read without a schema.
///
/// A bool, an integer, a string, an array and an object stand for themselves. An object with the one member `__entity` is a
/// reference, one with the one member `__extn` a value of an extension type. Null and other numbers mean nothing.
package enum EntityJSON {
    /// An array of entities.
    package static func parseEntities(
        _ bytes: [UInt8],
        limits: JSONLimits = .entities
    ) throws(EntityJSONError) -> [Entity] {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue.parse(bytes, limits: limits)
        } catch {
            throw EntityJSONError("not JSON: \(error)")
        }
        return try parseEntities(document)
    }

    package static func parseEntities(_ document: JSONValue) throws(EntityJSONError) -> [Entity] {
        guard case .array(let elements) = document else {
            throw EntityJSONError("expected an array of entities, found \(document.kind)")
        }
        var entities: [Entity] = []
        entities.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            entities.append(try at("[\(index)]") { () throws(EntityJSONError) in try parseEntity(element) })
        }
        return entities
    }

    /// `{"uid": …, "attrs": {…}, "parents": […], "tags": {…}}`; tags may be left out. Other members are ignored, as the
    /// reference does.
    package static func parseEntity(_ json: JSONValue) throws(EntityJSONError) -> Entity {
        let uid = try at(".uid") { () throws(EntityJSONError) in try parseUID(try member("uid", of: json)) }
        let attributes = try at(".attrs") { () throws(EntityJSONError) in
            try parseRecord(try member("attrs", of: json))
        }
        let tags = try at(".tags") { () throws(EntityJSONError) in try parseRecord(json["tags"] ?? .object([])) }
        let parents = try at(".parents") { () throws(EntityJSONError) in
            try parseParents(try member("parents", of: json))
        }
        if uid.type.isAction, let other = parents.first(where: { !$0.type.isAction }) {
            throw EntityJSONError("the action \(uid) has the parent \(other), which is no action")
        }
        return Entity(uid: uid, attributes: attributes, tags: tags, parents: parents)
    }

    private static func parseParents(_ json: JSONValue) throws(EntityJSONError) -> [EntityUID] {
        guard case .array(let elements) = json else {
            throw EntityJSONError("expected an array, found \(json.kind)")
        }
        var parents: [EntityUID] = []
        for (index, element) in elements.enumerated() {
            parents.append(try at("[\(index)]") { () throws(EntityJSONError) in try parseUID(element) })
        }
        return parents
    }

    /// `{"type": …, "id": …}`, by itself or inside of `{"__entity": …}`.
    package static func parseUID(_ json: JSONValue) throws(EntityJSONError) -> EntityUID {
        guard case .object(let members) = json else {
            throw EntityJSONError("expected {\"type\": …, \"id\": …}, found \(json.kind)")
        }
        if members.count == 1, let inner = json["__entity"] { return try parseReference(inner) }
        return try parseReference(json)
    }

    private static func parseReference(_ json: JSONValue) throws(EntityJSONError) -> EntityUID {
        guard case .object(let members) = json, members.count == 2, let type = json["type"]?.stringValue,
            let id = json["id"]?.stringValue
        else { throw EntityJSONError("expected {\"type\": …, \"id\": …} with two strings") }
        guard let name = EntityTypeName.parse(type) else {
            throw EntityJSONError("\(JSONValue.string(type)) is no name of an entity type")
        }
        return EntityUID(type: name, id: id)
    }

    /// An object whose members are fields: a context, the attributes or the tags of an entity.
    package static func parseRecord(_ json: JSONValue) throws(EntityJSONError) -> Record {
        guard case .object(let members) = json else {
            throw EntityJSONError("expected an object, found \(json.kind)")
        }
        var fields: [Record.Field] = []
        fields.reserveCapacity(members.count)
        for member in members {
            let value = try at(".\(member.name)") { () throws(EntityJSONError) in try parseValue(member.value) }
            fields.append(Record.Field(name: AttributeName(member.name), value: value))
        }
        return Record(fields: fields)
    }

    package static func parseValue(_ json: JSONValue) throws(EntityJSONError) -> Value {
        switch json {
        case .bool(let value): return .bool(value)
        case .integer(let value): return .long(value)
        case .string(let value): return .string(value)
        case .null, .decimal: throw EntityJSONError("\(json.kind) is no value of the language")
        case .array(let elements):
            var values: [Value] = []
            values.reserveCapacity(elements.count)
            for (index, element) in elements.enumerated() {
                values.append(try at("[\(index)]") { () throws(EntityJSONError) in try parseValue(element) })
            }
            return .set(ValueSet(values))
        case .object(let members):
            if members.count == 1, let escape = try parseEscape(members[0]) { return escape }
            return .record(try parseRecord(json))
        }
    }

    /// Nil where the one member of an object is an ordinary field.
    private static func parseEscape(_ member: JSONMember) throws(EntityJSONError) -> Value? {
        switch member.name {
        case "__entity": return .entity(try parseReference(member.value))
        case "__extn": return try parseExtension(member.value)
        case "__expr": throw EntityJSONError("`__expr` is no longer part of the format")
        default: return nil
        }
    }

    /// `{"fn": …, "arg": …}`, or `args` with an array.
    private static func parseExtension(_ json: JSONValue) throws(EntityJSONError) -> Value {
        guard case .object(let members) = json, members.count == 2, let name = json["fn"]?.stringValue,
            let arguments = json["args"]?.arrayValue ?? json["arg"].map({ [$0] })
        else { throw EntityJSONError("expected {\"fn\": …, \"arg\": …} or {\"fn\": …, \"args\": […]}") }
        guard let function = ExtensionFunction(rawValue: name) else {
            throw EntityJSONError("there is no extension function \(JSONValue.string(name))")
        }
        var values: [Value] = []
        for argument in arguments { values.append(try parseValue(argument)) }
        do throws(EvaluationError.Reason) {
            return try function.applied(to: values)
        } catch {
            throw EntityJSONError("\(error)")
        }
    }

    private static func member(_ name: String, of json: JSONValue) throws(EntityJSONError) -> JSONValue {
        guard case .object = json else { throw EntityJSONError("expected an object, found \(json.kind)") }
        guard let value = json[name] else { throw EntityJSONError("missing") }
        return value
    }

    /// Adds where in the document it went wrong.
    private static func at<Result>(
        _ step: String,
        _ read: () throws(EntityJSONError) -> Result
    ) throws(EntityJSONError) -> Result {
        do throws(EntityJSONError) {
            return try read()
        } catch {
            throw EntityJSONError(error.message, path: step + error.path)
        }
    }
}

extension JSONLimits {
    /// For files of entities, which are larger than what comes over the network.
    package static let entities = JSONLimits(maxBytes: 256 << 20, maxDepth: 64, maxElements: 20_000_000)
}

/// What is wrong with a value in JSON, and where in its document: `[3].attrs.owner`.
package struct EntityJSONError: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String
    package let path: String

    init(_ message: String, path: String = "") {
        self.message = message
        self.path = path
    }

    package var description: String { path.isEmpty ? message : "\(path): \(message)" }
}
