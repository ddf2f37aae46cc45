/// Gives every name in a schema its meaning.
///
/// In the namespace N a short name X means, the first that there is: the common type N::X, the entity type N::X, the common
/// type X, the entity type X, the type X of the language. A full name means exactly what it names.
struct SchemaResolver {
    private typealias Namespace = SchemaDeclarations.Namespace
    private typealias TypeExpression = SchemaDeclarations.TypeExpression

    private let declarations: SchemaDeclarations
    private let source: SourceText
    private let limits: SyntaxLimits
    /// By full name. For lookup only, never iterated.
    private var entityTypes: Set<String> = []
    private var actions: Set<EntityUID> = []
    private var actionTypes: Set<String> = []
    private var commonTypes: [String: (declaration: SchemaDeclarations.TypeDeclaration, namespace: Namespace)] = [:]
    /// Common types whose meaning is known, with their depth.
    private var resolved: [String: Resolved] = [:]
    /// Those whose meaning is being worked out, to find cycles.
    private var open: Set<String> = []
    private var diagnostics: [Diagnostic] = []

    private struct Resolved {
        let type: SchemaType
        let depth: Int
    }

    private init(_ declarations: SchemaDeclarations, source: SourceText, limits: SyntaxLimits) {
        self.declarations = declarations
        self.source = source
        self.limits = limits
    }

    static func resolve(
        _ declarations: SchemaDeclarations,
        source: SourceText,
        limits: SyntaxLimits
    ) throws(CedarSyntaxError) -> Schema {
        var resolver = SchemaResolver(declarations, source: source, limits: limits)
        for namespace in declarations.namespaces { resolver.collect(namespace) }
        resolver.checkShadowing()
        guard resolver.diagnostics.isEmpty else { throw resolver.failure }
        let schema = resolver.definitions()
        guard resolver.diagnostics.isEmpty else { throw resolver.failure }
        return schema
    }

    private var failure: CedarSyntaxError {
        CedarSyntaxError(diagnostics: Array(diagnostics.prefix(limits.maxDiagnostics)))
    }

    private mutating func report(_ message: String, at range: SourceRange) {
        diagnostics.append(Diagnostic(message, at: range, in: source))
    }

    private mutating func definitions() -> Schema {
        var types: [EntityTypeDefinition] = []
        var actions: [ActionDefinition] = []
        for namespace in declarations.namespaces {
            for declaration in namespace.types { _ = commonType(namespace.qualified(declaration.name)) }
            for declaration in namespace.entities { types.append(definition(declaration, in: namespace)) }
            for declaration in namespace.actions { actions.append(definition(declaration, in: namespace)) }
        }
        do throws(EntityStoreError) {
            _ = try EntityStore(actions.map { Entity(uid: $0.uid, parents: $0.memberOf) })
        } catch {
            report("\(error)", at: .none)
        }
        return Schema(entityTypes: types, actions: actions)
    }
}

extension SchemaResolver {
    private static let reservedTypeNames: Set<String> = [
        "Bool", "Boolean", "Entity", "Extension", "Long", "Record", "Set", "String",
    ]

    private mutating func collect(_ namespace: Namespace) {
        for declaration in namespace.entities {
            if declaration.name == "Action" { report("no entity type can be called `Action`", at: declaration.range) }
            if !entityTypes.insert(namespace.qualified(declaration.name)).inserted {
                report("`\(declaration.name)` is declared twice", at: declaration.range)
            }
        }
        for declaration in namespace.types {
            let name = namespace.qualified(declaration.name)
            if Self.reservedTypeNames.contains(declaration.name) {
                report("`\(declaration.name)` is a type of the language", at: declaration.range)
            }
            if commonTypes.updateValue((declaration, namespace), forKey: name) != nil {
                report("`\(declaration.name)` is declared twice", at: declaration.range)
            }
        }
        if !namespace.actions.isEmpty { actionTypes.insert(namespace.qualified("Action")) }
        for declaration in namespace.actions where !actions.insert(uid(declaration.id, in: namespace)).inserted {
            report("the action \(declaration.id.cedarQuoted) is declared twice", at: declaration.range)
        }
    }

    /// What a namespace declares may not be declared outside of every namespace too (RFC 70).
    private mutating func checkShadowing() {
        for namespace in declarations.namespaces.dropFirst() {
            let names = namespace.entities.map { ($0.name, $0.range) } + namespace.types.map { ($0.name, $0.range) }
            for (name, range) in names where entityTypes.contains(name) || commonTypes[name] != nil {
                report("`\(namespace.qualified(name))` hides `\(name)`, which is declared outside of it", at: range)
            }
            for action in namespace.actions where actions.contains(EntityUID(type: "Action", id: action.id)) {
                let uid = uid(action.id, in: namespace)
                report(
                    "\(uid) hides Action::\(action.id.cedarQuoted), which is declared outside of it",
                    at: action.range
                )
            }
        }
    }

    private func uid(_ id: String, in namespace: Namespace) -> EntityUID {
        EntityUID(type: namespace.qualified("Action"), id: id)
    }
}

extension SchemaResolver {
    private mutating func definition(
        _ declaration: SchemaDeclarations.EntityDeclaration,
        in namespace: Namespace
    ) -> EntityTypeDefinition {
        EntityTypeDefinition(
            name: EntityTypeName(namespace.qualified(declaration.name)),
            memberOf: declaration.memberOf.compactMap { entityType($0, in: namespace) },
            shape: record(declaration.attributes, in: namespace).type,
            tags: declaration.tags.map { type($0, in: namespace).type },
            ids: declaration.ids
        )
    }

    private mutating func definition(
        _ declaration: SchemaDeclarations.ActionDeclaration,
        in namespace: Namespace
    ) -> ActionDefinition {
        let memberOf = declaration.memberOf.compactMap { action($0, in: namespace) }
        let appliesTo = declaration.appliesTo.map { applies in
            ActionDefinition.AppliesTo(
                principals: (applies.principals ?? []).compactMap { entityType($0, in: namespace) },
                resources: (applies.resources ?? []).compactMap { entityType($0, in: namespace) },
                context: context(applies.context, in: namespace)
            )
        }
        return ActionDefinition(uid: uid(declaration.id, in: namespace), memberOf: memberOf, appliesTo: appliesTo)
    }

    private mutating func context(_ expression: TypeExpression?, in namespace: Namespace) -> RecordType {
        guard let expression else { return .empty }
        if case .record(let record) = type(expression, in: namespace).type { return record }
        if case .named(let reference) = expression, diagnostics.isEmpty {
            report("`\(reference.name)` is no record, as a context must be", at: reference.range)
        }
        return .empty
    }

    private mutating func action(
        _ reference: SchemaDeclarations.ActionReference,
        in namespace: Namespace
    ) -> EntityUID? {
        var candidates = [EntityUID(type: reference.type ?? "Action", id: reference.id)]
        if !(reference.type ?? "").contains(":") {
            candidates.insert(
                EntityUID(type: namespace.qualified(reference.type ?? "Action"), id: reference.id),
                at: 0
            )
        }
        if let found = candidates.first(where: actions.contains) { return found }
        report("there is no action \(candidates[0])", at: reference.range)
        return nil
    }

    private mutating func entityType(
        _ reference: SchemaDeclarations.Reference,
        in namespace: Namespace
    ) -> EntityTypeName? {
        for name in candidates(reference, in: namespace) where entityTypes.contains(name) {
            return EntityTypeName(name)
        }
        report("there is no entity type `\(reference.name)`", at: reference.range)
        return nil
    }

    /// Full names, in the order in which they are looked for.
    private func candidates(_ reference: SchemaDeclarations.Reference, in namespace: Namespace) -> [String] {
        let full = namespace.qualified(reference.name)
        return reference.name.contains(":") || namespace.name == nil ? [reference.name] : [full, reference.name]
    }
}

extension SchemaResolver {
    private mutating func type(_ expression: TypeExpression, in namespace: Namespace) -> Resolved {
        switch expression {
        case .record(let attributes):
            let record = self.record(attributes, in: namespace)
            return Resolved(type: .record(record.type), depth: record.depth)
        case .set(let element):
            let element = type(element, in: namespace)
            return Resolved(type: .set(element.type), depth: element.depth + 1)
        case .named(let reference):
            return named(reference, in: namespace)
        }
    }

    private mutating func record(
        _ declarations: [SchemaDeclarations.AttributeDeclaration],
        in namespace: Namespace
    ) -> (type: RecordType, depth: Int) {
        var depth = 0
        var attributes: [RecordType.Attribute] = []
        for declaration in declarations {
            let resolved = type(declaration.type, in: namespace)
            depth = max(depth, resolved.depth)
            attributes.append(
                RecordType.Attribute(
                    name: declaration.name,
                    type: resolved.type,
                    isRequired: declaration.isRequired
                )
            )
        }
        return (RecordType(attributes), depth + 1)
    }

    private mutating func named(_ reference: SchemaDeclarations.Reference, in namespace: Namespace) -> Resolved {
        for name in candidates(reference, in: namespace) {
            if commonTypes[name] != nil {
                let resolved = commonType(name)
                guard resolved.depth <= limits.maxNesting else {
                    report("types are nested deeper than \(limits.maxNesting) levels", at: reference.range)
                    return Resolved(type: .bool, depth: 1)
                }
                return resolved
            }
            if entityTypes.contains(name) { return Resolved(type: .entity(EntityTypeName(name)), depth: 1) }
            if actionTypes.contains(name) { return Resolved(type: .entity(EntityTypeName(name)), depth: 1) }
        }
        let short = reference.name.hasPrefix("__cedar::") ? String(reference.name.dropFirst(9)) : reference.name
        if let builtin = Self.builtins[short] { return Resolved(type: builtin, depth: 1) }
        report("there is no type `\(reference.name)`", at: reference.range)
        return Resolved(type: .bool, depth: 1)
    }

    private static let builtins: [String: SchemaType] = [
        "Bool": .bool, "Long": .long, "String": .string, "ipaddr": .ipaddr, "decimal": .decimal,
        "datetime": .datetime, "duration": .duration,
    ]

    /// The meaning of a common type that is declared. One that contains itself is reported.
    private mutating func commonType(_ name: String) -> Resolved {
        if let known = resolved[name] { return known }
        guard let (declaration, namespace) = commonTypes[name] else { return Resolved(type: .bool, depth: 1) }
        guard open.insert(name).inserted else {
            report("the type `\(name)` contains itself", at: declaration.range)
            return Resolved(type: .bool, depth: 1)
        }
        // One common type may name the next, each a few frames further down.
        guard open.count <= limits.maxNesting else {
            report("types are nested deeper than \(limits.maxNesting) levels", at: declaration.range)
            return Resolved(type: .bool, depth: 1)
        }
        let meaning = type(declaration.type, in: namespace)
        open.remove(name)
        resolved[name] = meaning
        return meaning
    }
}
