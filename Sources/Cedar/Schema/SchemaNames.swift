/// What is declared in a schema, and what its names mean.
///
/// In the namespace N a short name X means, the first that there is: the common type N::X, the entity type N::X, the common
/// type X, the entity type X, the type X of the language. A full name means exactly what it names.
struct SchemaNames {
    /// By full name. For lookup only, never iterated.
    private(set) var entityTypes: Set<String> = []
    private(set) var commonTypes: Set<String> = []
    private(set) var actionTypes: Set<String> = []

    enum Meaning: Hashable {
        /// By its full name, as the entity type.
        case common(String)
        case entity(String)
        case builtin(SchemaType)
    }

    /// Of which kinds a type may be where a name stands.
    struct Kinds {
        let isEntity: Bool
        let isCommon: Bool

        static let all = Kinds(isEntity: true, isCommon: true)
        static let entity = Kinds(isEntity: true, isCommon: false)
        static let common = Kinds(isEntity: false, isCommon: true)
    }

    init() {}

    init(_ declarations: SchemaDeclarations) {
        for namespace in declarations.namespaces {
            for entity in namespace.entities { addEntityType(namespace.qualified(entity.name)) }
            for type in namespace.types { addCommonType(namespace.qualified(type.name)) }
            if !namespace.actions.isEmpty { addActionType(namespace.qualified("Action")) }
        }
    }

    /// False where there is one already, as below.
    @discardableResult
    mutating func addEntityType(_ name: String) -> Bool { entityTypes.insert(name).inserted }

    @discardableResult
    mutating func addCommonType(_ name: String) -> Bool { commonTypes.insert(name).inserted }

    mutating func addActionType(_ name: String) { actionTypes.insert(name) }

    /// Full names, in the order in which they are looked for.
    func candidates(_ name: String, in namespace: SchemaDeclarations.Namespace) -> [String] {
        name.contains(":") || namespace.name == nil ? [name] : [namespace.qualified(name), name]
    }

    /// Looked for only among the kinds of types that may stand there; nil where there is none.
    func meaning(of name: String, in namespace: SchemaDeclarations.Namespace, _ kinds: Kinds) -> Meaning? {
        for full in candidates(name, in: namespace) {
            if kinds.isCommon, commonTypes.contains(full) { return .common(full) }
            if kinds.isEntity, entityTypes.contains(full) || actionTypes.contains(full) { return .entity(full) }
        }
        guard kinds.isCommon else { return nil }
        let short = name.hasPrefix(Self.language) ? String(name.dropFirst(Self.language.utf8.count)) : name
        return Self.builtins[short].map { .builtin($0) }
    }

    /// What stands before a type of the language that something declared hides.
    static let language = "__cedar::"

    private static let builtins: [String: SchemaType] = [
        "Bool": .bool, "Long": .long, "String": .string, "ipaddr": .ipaddr, "decimal": .decimal,
        "datetime": .datetime, "duration": .duration,
    ]
}

extension SchemaDeclarations.TypeExpression {
    /// What a type that is named means, and its name as it is written; nil for sets and records, and for what means nothing.
    func meaning(
        by names: SchemaNames,
        in namespace: SchemaDeclarations.Namespace
    ) -> (meaning: SchemaNames.Meaning, written: String)? {
        let (name, kinds): (String, SchemaNames.Kinds)
        switch self {
        case .named(let reference): (name, kinds) = (reference.name, .all)
        case .entity(let reference): (name, kinds) = (reference.name, .entity)
        case .common(let reference): (name, kinds) = (reference.name, .common)
        case .builtin(let type, _): return (.builtin(type), type.name)
        case .set, .record: return nil
        }
        return names.meaning(of: name, in: namespace, kinds).map { ($0, name) }
    }
}

extension [SchemaDeclarations.AttributeDeclaration] {
    /// Of a name given twice the last counts, as in the reference.
    var lastOfEach: [Element] {
        var names: Set<AttributeName> = []
        return reversed().filter { names.insert($0.name).inserted }.reversed()
    }
}
