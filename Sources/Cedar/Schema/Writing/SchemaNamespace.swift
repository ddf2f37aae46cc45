import JSON

/// What a schema declares in one namespace, for writing it.
struct SchemaNamespace {
    /// Empty for what stands in none.
    let name: String
    var entityTypes: [EntityTypeDefinition] = []
    var actions: [ActionDefinition] = []

    /// All of a schema, sorted by name.
    static func all(of schema: Schema) -> [SchemaNamespace] {
        var found: [SchemaNamespace] = []
        var places: [String: Int] = [:]
        func place(of type: EntityTypeName) -> Int {
            let name = type.namespace
            if let place = places[name] { return place }
            places[name] = found.count
            found.append(SchemaNamespace(name: name))
            return found.count - 1
        }
        for type in schema.entityTypes { found[place(of: type.name)].entityTypes.append(type) }
        for action in schema.actions { found[place(of: action.uid.type)].actions.append(action) }
        return found.sorted { $0.name.precedesExactly($1.name) }
    }

    /// Whether a full name means here what it says. Only that of the actions outside of every namespace does not, where the
    /// namespace has actions itself.
    func canName(_ type: EntityTypeName) -> Bool { type != "Action" || name.isEmpty || actions.isEmpty }
}

/// Why a schema has no text.
public enum SchemaWriteError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A namespace with actions refers to the type of those outside of it, which it hides.
    case unnameable(inNamespace: String)
    /// It leaves something open, which the language cannot say.
    case open

    public var description: String {
        switch self {
        case .unnameable(let name): "the type `Action` cannot be named in `\(name)`, which has actions itself"
        case .open: "a type of which not everything is known cannot be written"
        }
    }
}

extension EntityTypeName {
    /// All but its last part; empty where it has just one.
    var namespace: String { text.contains(":") ? String(text.dropLast(shortName.utf8.count + 2)) : "" }

    /// Its last part.
    var shortName: String { text.split(separator: ":").last.map(String.init) ?? text }
}
