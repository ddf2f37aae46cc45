package import JSON

/// Cedar's JSON form of values, contexts and entities.
///
/// A bool, an integer, a string, an array and an object stand for themselves. An object with the one member `__entity` is a
/// reference, one with the one member `__extn` a value of an extension type. Null and other numbers mean nothing.
///
/// Where a type is expected, `{"type": …, "id": …}` may stand for a reference and a string for a value of an extension
/// type. The type only guides how such forms are read: whether the value is of that type is for the validator to say.
package enum EntityJSON {
    /// Of one document.
    package static let maxEntities = 2_000_000
    /// Of a set or a record: as many as policies can write out.
    package static let maxElements = SyntaxLimits.standard.maxElements

    /// An array of entities. With a schema, its actions are added, and stand in for the same actions in the array.
    package static func parseEntities(
        _ bytes: [UInt8],
        schema: Schema? = nil,
        limits: JSONLimits = .entities
    ) throws(CedarJSONError) -> [Entity] {
        try parseEntities(try JSONValue.document(bytes, limits: limits), schema: schema)
    }

    package static func parseEntities(
        _ document: JSONValue,
        schema: Schema? = nil
    ) throws(CedarJSONError) -> [Entity] {
        guard case .array(let elements) = document else {
            throw CedarJSONError("expected an array of entities, found \(document.kind)")
        }
        try checkCount(elements)
        var entities: [Entity] = []
        entities.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            let entity = try CedarJSONError.at("[\(index)]") { () throws(CedarJSONError) in
                try parseEntity(element, schema: schema)
            }
            if schema?[entity.uid] == nil { entities.append(entity) }
        }
        return entities + (schema?.actionEntities ?? [])
    }

    static func checkCount(_ entities: [JSONValue]) throws(CedarJSONError) {
        guard entities.count <= maxEntities else { throw CedarJSONError("more than \(maxEntities) entities") }
    }

    /// `{"uid": …, "attrs": {…}, "parents": […], "tags": {…}}`; tags may be left out. Other members are ignored, as the
    /// reference does.
    package static func parseEntity(
        _ json: JSONValue,
        schema: Schema? = nil
    ) throws(CedarJSONError) -> Entity {
        let uid = try CedarJSONError.at(".uid") { () throws(CedarJSONError) in try parseUID(try member("uid", of: json))
        }
        let definition = schema?[uid.type]
        let attributes = try CedarJSONError.at(".attrs") { () throws(CedarJSONError) in
            try parseRecord(try member("attrs", of: json), as: definition?.shape)
        }
        let tags = try CedarJSONError.at(".tags") { () throws(CedarJSONError) in
            try parseFields(json["tags"] ?? .object([])) { _ in definition?.tags }
        }
        let parents = try CedarJSONError.at(".parents") { () throws(CedarJSONError) in
            try parseParents(try member("parents", of: json))
        }
        if uid.type.isAction, let other = parents.first(where: { !$0.type.isAction }) {
            throw CedarJSONError("the action \(uid) has the parent \(other), which is no action")
        }
        return Entity(uid: uid, attributes: attributes, tags: tags, parents: parents)
    }

    private static func parseParents(_ json: JSONValue) throws(CedarJSONError) -> [EntityUID] {
        guard case .array(let elements) = json else {
            throw CedarJSONError("expected an array, found \(json.kind)")
        }
        var parents: [EntityUID] = []
        for (index, element) in elements.enumerated() {
            parents.append(try CedarJSONError.at("[\(index)]") { () throws(CedarJSONError) in try parseUID(element) })
        }
        return parents
    }

    /// `{"type": …, "id": …}`, by itself or inside of `{"__entity": …}`.
    package static func parseUID(_ json: JSONValue) throws(CedarJSONError) -> EntityUID {
        guard case .object(let members) = json else {
            throw CedarJSONError("expected {\"type\": …, \"id\": …}, found \(json.kind)")
        }
        if members.count == 1, let inner = json["__entity"] { return try parseReference(inner) }
        return try parseReference(json)
    }

    static func parseReference(_ json: JSONValue) throws(CedarJSONError) -> EntityUID {
        guard case .object(let members) = json, members.count == 2, let type = json["type"]?.stringValue,
            let id = json["id"]?.stringValue
        else { throw CedarJSONError("expected {\"type\": …, \"id\": …} with two strings") }
        guard let name = EntityTypeName.parse(type) else {
            throw CedarJSONError("\(JSONValue.string(type)) is no name of an entity type")
        }
        return EntityUID(type: name, id: id)
    }

    private static func member(_ name: String, of json: JSONValue) throws(CedarJSONError) -> JSONValue {
        guard case .object = json else { throw CedarJSONError("expected an object, found \(json.kind)") }
        guard let value = json[name] else { throw CedarJSONError("missing") }
        return value
    }
}

extension JSONLimits {
    /// For files of entities, which are larger than what comes over the network.
    package static let entities = JSONLimits(maxBytes: 256 << 20, maxDepth: 64, maxElements: 20_000_000)
}
