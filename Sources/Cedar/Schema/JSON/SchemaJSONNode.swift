import JSON

/// A value of a schema in JSON, with its place for messages.
struct SchemaJSONNode {
    let value: JSONValue
    let path: JSONPath

    var place: SchemaPlace { .json(path) }

    func fault(_ message: String) -> SchemaFault { SchemaFault(message: message, place: place) }

    func string() throws(SchemaFault) -> String {
        guard case .string(let text) = value else { throw expected("a string") }
        return text
    }

    func bool() throws(SchemaFault) -> Bool {
        guard case .bool(let value) = value else { throw expected("true or false") }
        return value
    }

    func elements() throws(SchemaFault) -> [SchemaJSONNode] {
        guard case .array(let values) = value else { throw expected("an array") }
        return values.enumerated().map { SchemaJSONNode(value: $1, path: path.appending(.element($0))) }
    }

    func members() throws(SchemaFault) -> [(name: String, node: SchemaJSONNode)] {
        guard case .object(let members) = value else { throw expected("an object") }
        return members.map { ($0.name, SchemaJSONNode(value: $0.value, path: path.appending(.member($0.name)))) }
    }

    /// Nil where an object has none of that name.
    func member(_ name: String) throws(SchemaFault) -> SchemaJSONNode? {
        try members().first { $0.name.isExactly(name) }?.node
    }

    /// An object that may have these members and no other.
    func fields(_ allowed: [String]) throws(SchemaFault) -> SchemaJSONFields {
        let members = try members()
        for (name, node) in members where !allowed.contains(where: { $0.isExactly(name) }) {
            throw node.fault("there is no such member; there are \(allowed.joined(separator: ", "))")
        }
        return SchemaJSONFields(object: self, members: members)
    }

    private func expected(_ wanted: String) -> SchemaFault { fault("expected \(wanted), found \(value.kind)") }
}

/// An object with a few known members.
struct SchemaJSONFields {
    let object: SchemaJSONNode
    let members: [(name: String, node: SchemaJSONNode)]

    subscript(name: String) -> SchemaJSONNode? { members.first { $0.name.isExactly(name) }?.node }

    /// Nil also for null, which the reference takes for absence in some places.
    func nullable(_ name: String) -> SchemaJSONNode? {
        guard let node = self[name], !node.value.isNull else { return nil }
        return node
    }

    func required(_ name: String) throws(SchemaFault) -> SchemaJSONNode {
        guard let node = self[name] else { throw object.fault("`\(name)` is missing") }
        return node
    }
}
