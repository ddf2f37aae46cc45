import JSON

/// A schema prepared for questions about types.
struct SchemaIndex: Sendable {
    let schema: Schema
    private let shapes: [EntityTypeName: CheckedRecord]
    private let tags: [EntityTypeName: CheckedType]
    private let contexts: [EntityUID: CheckedRecord]
    private let actionsByType: [EntityTypeName: [EntityUID]]
    private var types: Hierarchy<EntityTypeName>
    private var actions: Hierarchy<EntityUID>
    /// By the type of actions, the types of actions below them.
    private var actionTypesBelow: [EntityTypeName: Set<EntityTypeName>] = [:]
    /// Work done.
    var steps: Int { types.steps + actions.steps }

    init(_ schema: Schema) {
        self.schema = schema
        var shapes: [EntityTypeName: CheckedRecord] = [:]
        var tags: [EntityTypeName: CheckedType] = [:]
        for type in schema.entityTypes {
            shapes[type.name] = CheckedRecord(type.shape)
            tags[type.name] = type.tags.map { CheckedType($0) }
        }
        self.shapes = shapes
        self.tags = tags
        var contexts: [EntityUID: CheckedRecord] = [:]
        var actionsByType: [EntityTypeName: [EntityUID]] = [:]
        for action in schema.actions {
            contexts[action.uid] = action.appliesTo.map { CheckedRecord($0.context) }
            actionsByType[action.uid.type, default: []].append(action.uid)
        }
        self.contexts = contexts
        self.actionsByType = actionsByType
        types = Hierarchy(parents: schema.entityTypes.lazy.map { ($0.name, $0.memberOf) })
        actions = Hierarchy(parents: schema.actions.lazy.map { ($0.uid, $0.memberOf) })
    }

    func isKnown(_ type: EntityTypeName) -> Bool { type.isAction || schema[type] != nil }

    /// The type of a literal; nil for one that the schema does not know.
    func type(of uid: EntityUID) -> CheckedType? {
        let isKnown = uid.type.isAction ? schema[uid] != nil : schema[uid.type] != nil
        return isKnown ? .entity(uid.type) : nil
    }

    func context(of action: EntityUID) -> CheckedRecord { contexts[action] ?? .empty }

    /// Whether an entity of one type may be in one of the other: they are the same, or one may be an ancestor.
    mutating func mayBeIn(_ type: EntityTypeName, _ group: EntityTypeName) -> Bool {
        type == group || mayBeBelow(type, group) || actionTypes(below: group).contains(type)
    }

    /// Whether the schema lets an entity of one type be in another of the other, over one step or more.
    mutating func mayBeBelow(_ type: EntityTypeName, _ group: EntityTypeName) -> Bool {
        types.descendants(of: group).contains(type)
    }

    /// The groups themselves and all that they are in.
    func groups(above groups: [EntityUID]) -> Set<EntityUID> {
        var found = Set(groups)
        var waiting = groups
        while let next = waiting.popLast() {
            for group in schema[next]?.memberOf ?? [] where found.insert(group).inserted { waiting.append(group) }
        }
        return found
    }

    private mutating func actionTypes(below group: EntityTypeName) -> Set<EntityTypeName> {
        guard let sources = actionsByType[group] else { return [] }
        if let known = actionTypesBelow[group] { return known }
        let below = Set(actions.reached(from: sources).map(\.type))
        actionTypesBelow[group] = below
        return below
    }

    mutating func isAction(_ action: EntityUID, in group: EntityUID) -> Bool {
        action == group || actions.descendants(of: group).contains(action)
    }
}

extension SchemaIndex {
    enum Lookup {
        case found(CheckedRecord.Attribute)
        /// Not with one type that is known.
        case possible
        /// Nothing is known of it.
        case undeclared
        case absent
    }

    /// Finds an attribute of a record or entity.
    func attribute(_ name: AttributeName, of type: CheckedType) -> Lookup {
        switch type {
        case .record(let record): return record[name].map(Lookup.found) ?? Lookup(besides: record)
        case .entity(let union): return attribute(name, of: union)
        // What is not known at all is not said to be missing.
        case .never: return .found(CheckedRecord.Attribute(name: name, type: .never, isRequired: true))
        case .bool, .long, .string, .set, .extensionType: return .absent
        }
    }

    /// Known of a union is what all its types have.
    private func attribute(_ name: AttributeName, of union: EntityUnion) -> Lookup {
        var joined: CheckedRecord.Attribute?
        for type in union.types {
            guard let attribute = shapes[type]?[name] else { return other(name, in: union) }
            guard let before = joined else {
                joined = attribute
                continue
            }
            guard let after = try? before.joined(with: attribute, .permissive) else { return .possible }
            joined = after
        }
        return joined.map(Lookup.found) ?? .absent
    }

    /// What is said of an attribute that not all types have.
    private func other(_ name: AttributeName, in union: EntityUnion) -> Lookup {
        let shapes = union.types.compactMap { self.shapes[$0] }
        if shapes.contains(where: { $0.rest == .unknown }) { return .undeclared }
        return shapes.contains { $0[name] != nil } ? .possible : .absent
    }

    /// The types that tags have, of those types that have tags.
    func tagTypes(of union: EntityUnion) -> [CheckedType] { union.types.compactMap { tags[$0] } }

    /// For suggestions.
    func attributeNames(of type: CheckedType) -> [AttributeName] {
        switch type {
        case .record(let record): record.attributes.map(\.name)
        case .entity(let union): union.single.flatMap { shapes[$0]?.attributes.map(\.name) } ?? []
        case .never, .bool, .long, .string, .set, .extensionType: []
        }
    }
}

extension SchemaIndex.Lookup {
    /// Of what is not among the fields that are known of a record.
    fileprivate init(besides record: CheckedRecord) {
        switch record.rest {
        case .none: self = .absent
        case .unshared: self = .possible
        case .unknown: self = .undeclared
        }
    }
}

extension SchemaIndex {
    /// An entity type that may have been meant.
    func suggestion(for type: EntityTypeName) -> String? {
        Suggestion.closest(to: type.text, among: schema.entityTypes.map(\.name.text))
    }

    /// An action that may have been meant: one of a similar id, or the same in another namespace.
    func suggestion(for action: EntityUID) -> String? {
        let ids = schema.actions.filter { $0.uid.type == action.type }.map(\.uid.id)
        if let id = Suggestion.closest(to: action.id, among: ids) { return "\(EntityUID(type: action.type, id: id))" }
        return schema.actions.first { $0.uid.id.isExactly(action.id) }?.uid.description
    }
}
