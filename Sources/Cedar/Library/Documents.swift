import JSON

// What the library reads and writes as bytes: none of the types of the module `JSON` is part of its interface.

extension PolicySet {
    /// Reads Cedar's JSON form of a policy set with its templates and links, or of one policy or template, which is called
    /// `policy0` then.
    public static func parse(
        json: some Sequence<UInt8>,
        limits: SyntaxLimits = .standard
    ) throws(CedarJSONError) -> PolicySet {
        try PolicyJSON.parse(Array(json), limits: limits)
    }

    /// The set in the JSON form that `parse(json:)` reads back, for people: indented, with a line feed at the end.
    ///
    /// - Throws: For what nests too deep, and a link whose template is not part of the set.
    public func jsonText() throws(CedarJSONError) -> String { try PolicyJSON.write(self).prettyPrinted() }
}

extension TemplateLink {
    /// Reads an array of links as they are in the JSON form of a policy set (`templateId`, `newId`, `values`), or as the
    /// command line of the Rust implementation keeps them in a file (`template_id`, `link_id`, `args`).
    public static func parseAll(json: some Sequence<UInt8>) throws(CedarJSONError) -> [TemplateLink] {
        try PolicyJSON.parseLinks(Array(json))
    }
}

extension Schema {
    /// Reads a schema in its JSON form, and resolves its names.
    public static func parse(
        json: some Sequence<UInt8>,
        limits: SyntaxLimits = .standard
    ) throws(SchemaJSONError) -> Schema {
        try parseJSON(Array(json), limits: limits)
    }

    /// The schema in the JSON form that `parse(json:)` reads back, for people: indented, with a line feed at the end.
    public func jsonText() throws(SchemaWriteError) -> String { try json().prettyPrinted() }
}

extension Entity {
    /// Reads an array of `{"uid": …, "attrs": {…}, "parents": […], "tags": {…}}`; tags may be left out.
    ///
    /// - Parameter schema: With one, each entity must conform to it, `{"type": …, "id": …}` and strings may stand for
    ///   references and values of extension types where it says that there are any, and its actions are added.
    public static func parseAll(
        json: some Sequence<UInt8>,
        schema: Schema? = nil
    ) throws(CedarJSONError) -> [Entity] {
        let document = try JSONValue.document(Array(json), limits: .entities)
        guard let schema else { return try EntityJSON.parseEntities(document) }
        return try EntityJSON.parseConformingEntities(document, schema: schema)
    }

    /// Entities in the form that `parseAll` reads back, for people.
    ///
    /// - Throws: For a record with the one field `__entity`, `__extn` or `__expr`, which would be read as something else.
    public static func jsonText(_ entities: [Entity]) throws(CedarJSONError) -> String {
        var elements: [JSONValue] = []
        for entity in entities { elements.append(try EntityJSON.write(entity)) }
        return JSONValue.array(elements).prettyPrinted()
    }
}

extension Record {
    /// Reads an object such as the context of a request.
    public static func parse(json: some Sequence<UInt8>) throws(CedarJSONError) -> Record {
        try EntityJSON.parseRecord(try JSONValue.document(Array(json), limits: .standard))
    }
}

extension Request {
    /// Reads `{"principal": …, "action": …, "resource": …, "context": {…}}`, the first three as `{"type": …, "id": …}`. The
    /// context may be left out.
    ///
    /// - Parameter conformance: With one, the request must conform to its schema.
    public static func parse(
        json: some Sequence<UInt8>,
        conformance: SchemaConformance? = nil
    ) throws(CedarJSONError) -> Request {
        let document = try JSONValue.document(Array(json), limits: .standard)
        guard let conformance else { return try EntityJSON.parseRequest(document, schema: nil) }
        return try EntityJSON.parseConformingRequest(document, conformance: conformance)
    }
}
