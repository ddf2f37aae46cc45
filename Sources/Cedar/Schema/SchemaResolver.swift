/// Gives every name in a schema its meaning: see `SchemaNames`.
struct SchemaResolver {
    private typealias Namespace = SchemaDeclarations.Namespace
    private typealias TypeExpression = SchemaDeclarations.TypeExpression

    private let declarations: SchemaDeclarations
    private let limits: SyntaxLimits
    private var names = SchemaNames()
    /// For lookup only, never iterated.
    private var actions: Set<EntityUID> = []
    /// By full name.
    private var commonTypes: [String: (declaration: SchemaDeclarations.TypeDeclaration, namespace: Namespace)] = [:]
    /// Common types whose meaning is known, with their depth.
    private var resolved: [String: Resolved] = [:]
    /// Those whose meaning is being worked out, to find cycles.
    private var open: Set<String> = []
    private var faults: [SchemaFault] = []
    /// Parts of types in all definitions so far. A common type counts wherever it is named.
    private var size = 0

    private struct Resolved {
        let type: SchemaType
        let depth: Int
        /// How many parts the type has when every name in it is replaced by its meaning.
        let size: Int

        /// Stands for a type that has none because of a fault, which is reported.
        static let unknown = Resolved(type: .bool, depth: 1, size: 1)
    }

    private init(_ declarations: SchemaDeclarations, limits: SyntaxLimits) {
        self.declarations = declarations
        self.limits = limits
    }

    static func resolve(_ declarations: SchemaDeclarations, limits: SyntaxLimits) throws(SchemaFaults) -> Schema {
        var resolver = SchemaResolver(declarations, limits: limits)
        for namespace in declarations.namespaces { resolver.collect(namespace) }
        resolver.checkShadowing()
        guard resolver.faults.isEmpty else { throw SchemaFaults(list: resolver.faults) }
        let schema = resolver.definitions()
        guard resolver.faults.isEmpty else { throw SchemaFaults(list: resolver.faults) }
        return schema
    }

    private mutating func report(_ message: String, at place: SchemaPlace) {
        guard faults.count < limits.maxDiagnostics else { return }
        faults.append(SchemaFault(message: message, place: place))
    }

    /// Counts the parts of a definition, so that few words cannot describe more than memory and time can hold.
    private mutating func spend(_ parts: Int, at place: SchemaPlace) {
        let isWithin = size <= limits.maxSchemaParts
        size += parts
        guard isWithin, size > limits.maxSchemaParts else { return }
        report("the types of the schema have more than \(limits.maxSchemaParts) parts", at: place)
    }

    private mutating func definitions() -> Schema {
        var types: [EntityTypeDefinition] = []
        var actions: [ActionDefinition] = []
        for namespace in declarations.namespaces {
            for declaration in namespace.types { _ = commonType(namespace.qualified(declaration.name)) }
            for declaration in namespace.entities where size <= limits.maxSchemaParts {
                types.append(definition(declaration, in: namespace))
            }
            for declaration in namespace.actions where size <= limits.maxSchemaParts {
                actions.append(definition(declaration, in: namespace))
            }
        }
        let schema = Schema(entityTypes: types, actions: actions, as: declarations)
        checkGroups(schema)
        return schema
    }
}

extension SchemaResolver {
    private static let reservedTypeNames: Set<String> = [
        "Bool", "Boolean", "Entity", "Extension", "Long", "Record", "Set", "String",
    ]

    private mutating func collect(_ namespace: Namespace) {
        for declaration in namespace.entities {
            if declaration.name == "Action" { report("no entity type can be called `Action`", at: declaration.place) }
            if !names.addEntityType(namespace.qualified(declaration.name)) {
                report("`\(declaration.name)` is declared twice", at: declaration.place)
            }
        }
        for declaration in namespace.types {
            let name = namespace.qualified(declaration.name)
            if Self.reservedTypeNames.contains(declaration.name) {
                report("`\(declaration.name)` is a type of the language", at: declaration.place)
            }
            commonTypes[name] = (declaration, namespace)
            if !names.addCommonType(name) {
                report("`\(declaration.name)` is declared twice", at: declaration.place)
            }
        }
        if !namespace.actions.isEmpty { names.addActionType(namespace.qualified("Action")) }
        for declaration in namespace.actions where !actions.insert(uid(declaration.id, in: namespace)).inserted {
            report("the action \(declaration.id.cedarQuoted) is declared twice", at: declaration.place)
        }
    }

    /// What a namespace declares may not be declared outside of every namespace too (RFC 70).
    private mutating func checkShadowing() {
        for namespace in declarations.namespaces.dropFirst() {
            let declared = namespace.entities.map { ($0.name, $0.place) } + namespace.types.map { ($0.name, $0.place) }
            for (name, place) in declared where names.entityTypes.contains(name) || names.commonTypes.contains(name) {
                report("`\(namespace.qualified(name))` hides `\(name)`, which is declared outside of it", at: place)
            }
            for action in namespace.actions where actions.contains(EntityUID(type: "Action", id: action.id)) {
                let uid = uid(action.id, in: namespace)
                report(
                    "\(uid) hides Action::\(action.id.cedarQuoted), which is declared outside of it",
                    at: action.place
                )
            }
        }
    }

    /// No action may be in itself. Depth first with an explicit stack, since the groups of a schema may be deep.
    private mutating func checkGroups(_ schema: Schema) {
        var open: Set<EntityUID> = []
        var closed: Set<EntityUID> = []
        for action in schema.actions {
            var stack = [action.uid]
            while let uid = stack.last {
                if closed.contains(uid) || !open.insert(uid).inserted {
                    open.remove(uid)
                    closed.insert(uid)
                    stack.removeLast()
                    continue
                }
                let groups = (schema[uid]?.memberOf ?? []).filter { !closed.contains($0) }
                if let group = groups.first(where: open.contains) {
                    return report("the action \(group) is in itself", at: place(of: group))
                }
                stack += groups
            }
        }
    }

    private func place(of action: EntityUID) -> SchemaPlace {
        for namespace in declarations.namespaces {
            for declaration in namespace.actions where uid(declaration.id, in: namespace) == action {
                return declaration.place
            }
        }
        return .text(.none)
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
        let tags = declaration.tags.map { type($0, in: namespace) }
        spend(declaration.memberOf.count + (tags?.size ?? 0), at: declaration.place)
        return EntityTypeDefinition(
            name: EntityTypeName(namespace.qualified(declaration.name)),
            memberOf: declaration.memberOf.compactMap { entityType($0, in: namespace) }.sortedOnce(),
            shape: record(declaration.shape, as: "the shape of an entity type", in: namespace),
            tags: tags?.type,
            ids: declaration.ids
        )
    }

    private mutating func definition(
        _ declaration: SchemaDeclarations.ActionDeclaration,
        in namespace: Namespace
    ) -> ActionDefinition {
        let applicability = declaration.appliesTo.map { ($0.principals?.count ?? 0) + ($0.resources?.count ?? 0) } ?? 0
        spend(declaration.memberOf.count + applicability, at: declaration.place)
        let memberOf = declaration.memberOf.compactMap { action($0, in: namespace) }.sortedOnce()
        let appliesTo = declaration.appliesTo.flatMap { self.appliesTo($0, in: namespace) }
        return ActionDefinition(uid: uid(declaration.id, in: namespace), memberOf: memberOf, appliesTo: appliesTo)
    }

    /// Nil where a list is empty, as it may be in the JSON form: no request can name such an action.
    private mutating func appliesTo(
        _ declaration: SchemaDeclarations.AppliesToDeclaration,
        in namespace: Namespace
    ) -> ActionDefinition.AppliesTo? {
        let principals = (declaration.principals ?? []).compactMap { entityType($0, in: namespace) }
        let resources = (declaration.resources ?? []).compactMap { entityType($0, in: namespace) }
        let context = record(declaration.context, as: "a context", in: namespace)
        guard !principals.isEmpty, !resources.isEmpty else { return nil }
        return ActionDefinition.AppliesTo(
            principals: principals.sortedOnce(),
            resources: resources.sortedOnce(),
            context: context
        )
    }

    private mutating func record(
        _ expression: TypeExpression?,
        as role: String,
        in namespace: Namespace
    ) -> RecordType {
        guard let expression else { return .empty }
        let resolved = type(expression, in: namespace)
        spend(resolved.size, at: expression.place)
        if case .record(let record) = resolved.type { return record }
        if faults.isEmpty { report("\(expression.name) is no record, as \(role) must be", at: expression.place) }
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
        report("there is no action \(candidates[0])", at: reference.place)
        return nil
    }

    private mutating func entityType(
        _ reference: SchemaDeclarations.Reference,
        in namespace: Namespace
    ) -> EntityTypeName? {
        for name in names.candidates(reference.name, in: namespace) where names.entityTypes.contains(name) {
            return EntityTypeName(name)
        }
        report("there is no entity type `\(reference.name)`", at: reference.place)
        return nil
    }
}

extension SchemaResolver {
    private mutating func type(_ expression: TypeExpression, in namespace: Namespace) -> Resolved {
        switch expression {
        case .record(let attributes, let place): return bounded(record(attributes, in: namespace), at: place)
        case .set(let element, let place):
            let element = type(element, in: namespace)
            let set = Resolved(type: .set(element.type), depth: element.depth + 1, size: element.size + 1)
            return bounded(set, at: place)
        case .builtin(let type, _): return Resolved(type: type, depth: 1, size: 1)
        case .named(let reference): return named(reference, in: namespace, .all)
        case .entity(let reference): return named(reference, in: namespace, .entity)
        case .common(let reference): return named(reference, in: namespace, .common)
        }
    }

    private mutating func record(
        _ declarations: [SchemaDeclarations.AttributeDeclaration],
        in namespace: Namespace
    ) -> Resolved {
        var (depth, size) = (1, 1)
        var attributes: [RecordType.Attribute] = []
        attributes.reserveCapacity(declarations.count)
        for declaration in declarations {
            let resolved = type(declaration.type, in: namespace)
            depth = max(depth, resolved.depth + 1)
            size += resolved.size
            attributes.append(
                RecordType.Attribute(
                    name: declaration.name,
                    type: resolved.type,
                    isRequired: declaration.isRequired
                )
            )
        }
        return Resolved(type: .record(RecordType(attributes)), depth: depth, size: size)
    }

    /// What a name stands for.
    private mutating func named(
        _ reference: SchemaDeclarations.Reference,
        in namespace: Namespace,
        _ kinds: SchemaNames.Kinds
    ) -> Resolved {
        switch names.meaning(of: reference.name, in: namespace, kinds) {
        case .common(let name): return bounded(commonType(name), at: reference.place)
        case .entity(let name): return Resolved(type: .entity(EntityTypeName(name)), depth: 1, size: 1)
        case .builtin(let type): return Resolved(type: type, depth: 1, size: 1)
        case nil:
            report("there is no \(kinds.isCommon ? "type" : "entity type") `\(reference.name)`", at: reference.place)
            return .unknown
        }
    }

    private mutating func bounded(_ meaning: Resolved, at place: SchemaPlace) -> Resolved {
        guard meaning.depth <= limits.maxNesting else {
            report("types are nested deeper than \(limits.maxNesting) levels", at: place)
            return .unknown
        }
        guard meaning.size <= limits.maxSchemaParts else {
            spend(meaning.size, at: place)
            return .unknown
        }
        return meaning
    }

    /// The meaning of a common type that is declared. One that contains itself is reported.
    private mutating func commonType(_ name: String) -> Resolved {
        if let known = resolved[name] { return known }
        guard let (declaration, namespace) = commonTypes[name] else { return .unknown }
        guard open.insert(name).inserted else {
            report("the type `\(name)` contains itself", at: declaration.place)
            return .unknown
        }
        // One common type may name the next, each a few frames further down.
        guard open.count <= limits.maxNesting else {
            report("types are nested deeper than \(limits.maxNesting) levels", at: declaration.place)
            return .unknown
        }
        let meaning = type(declaration.type, in: namespace)
        open.remove(name)
        resolved[name] = meaning
        return meaning
    }
}

extension Array where Element: Comparable {
    /// Each element once.
    fileprivate func sortedOnce() -> [Element] {
        var unique: [Element] = []
        for element in sorted() where unique.last != element { unique.append(element) }
        return unique
    }
}
