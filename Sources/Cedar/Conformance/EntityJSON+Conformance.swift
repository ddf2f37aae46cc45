package import JSON

extension EntityJSON {
    /// An array of entities that conform to a schema, and the schema's actions, which the array may repeat.
    package static func parseConformingEntities(
        _ document: JSONValue,
        schema: Schema
    ) throws(CedarJSONError) -> [Entity] {
        guard case .array(let elements) = document else {
            throw CedarJSONError("expected an array of entities, found \(document.kind)")
        }
        try checkCount(elements)
        var conformance = SchemaConformance(schema)
        var entities: [Entity] = []
        entities.reserveCapacity(elements.count + schema.actions.count)
        for (index, element) in elements.enumerated() {
            let entity = try CedarJSONError.at("[\(index)]") { () throws(CedarJSONError) in
                try parseEntity(element, schema: schema)
            }
            do throws(ConformanceError) {
                try conformance.check(entity)
            } catch {
                throw CedarJSONError("\(error.reason)", path: error.inside("[\(index)]").path)
            }
            if !entity.uid.type.isAction { entities.append(entity) }
        }
        return entities + schema.actionEntities
    }

    /// `{"principal": …, "action": …, "resource": …, "context": {…}}`, the first three as `{"type": …, "id": …}`, that
    /// conforms to a schema. The context may be left out where the action asks for nothing.
    package static func parseConformingRequest(
        _ json: JSONValue,
        conformance: SchemaConformance
    ) throws(CedarJSONError) -> Request {
        let request = try parseRequest(json, schema: conformance.schema)
        do throws(ConformanceError) {
            try conformance.check(request)
        } catch {
            throw CedarJSONError("\(error.reason)", path: ".\(error.path)")
        }
        return request
    }

    /// The same without a check; the schema only guides how the context is read.
    static func parseRequest(_ json: JSONValue, schema: Schema?) throws(CedarJSONError) -> Request {
        let action = try uid("action", of: json)
        let type = schema?[action]?.appliesTo?.context
        let context = try CedarJSONError.at(".context") { () throws(CedarJSONError) in
            try parseRecord(json["context"] ?? .object([]), as: type)
        }
        return Request(
            principal: try uid("principal", of: json),
            action: action,
            resource: try uid("resource", of: json),
            context: context
        )
    }

    private static func uid(_ name: String, of json: JSONValue) throws(CedarJSONError) -> EntityUID {
        try CedarJSONError.at(".\(name)") { () throws(CedarJSONError) in try parseUID(json[name] ?? .null) }
    }
}
