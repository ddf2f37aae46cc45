/// What entities and actions there are, and of which types their attributes, tags and contexts.
public struct Schema: Sendable {
    /// Sorted by name.
    package let entityTypes: [EntityTypeDefinition]
    /// Sorted by id.
    package let actions: [ActionDefinition]
    /// For lookup only, never iterated.
    private let typePlaces: [EntityTypeName: Int]
    private let actionPlaces: [EntityUID: Int]
    /// As it was written, for writing it again; nil for one that was not.
    let declarations: SchemaDeclarations?

    /// One that was not written down. Names must be those of definitions, each once, without cycles of actions.
    package init(entityTypes: [EntityTypeDefinition], actions: [ActionDefinition]) {
        self.init(entityTypes: entityTypes, actions: actions, as: nil)
    }

    init(
        entityTypes: [EntityTypeDefinition],
        actions: [ActionDefinition],
        as declarations: SchemaDeclarations?
    ) {
        self.declarations = declarations
        self.entityTypes = entityTypes.sorted { $0.name < $1.name }
        self.actions = actions.sorted { $0.uid < $1.uid }
        typePlaces = Dictionary(
            self.entityTypes.enumerated().map { ($1.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        actionPlaces = Dictionary(
            self.actions.enumerated().map { ($1.uid, $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// Reads a schema in Cedar's own form, and resolves its names.
    public static func parse(
        _ text: String,
        limits: SyntaxLimits = .standard
    ) throws(CedarSyntaxError) -> Schema {
        let (declarations, source) = try Parser.schema(text, limits: limits)
        do throws(SchemaFaults) {
            return try SchemaResolver.resolve(declarations, limits: limits)
        } catch {
            throw CedarSyntaxError(diagnostics: error.list.map { $0.diagnostic(in: source) })
        }
    }

    package subscript(type: EntityTypeName) -> EntityTypeDefinition? { typePlaces[type].map { entityTypes[$0] } }
    package subscript(action: EntityUID) -> ActionDefinition? { actionPlaces[action].map { actions[$0] } }

    /// The actions as entities, with the groups that they are in.
    package var actionEntities: [Entity] { actions.map { Entity(uid: $0.uid, parents: $0.memberOf) } }
}

extension Schema: Hashable {
    /// Whether they mean the same, however they were written.
    public static func == (lhs: Schema, rhs: Schema) -> Bool {
        lhs.entityTypes == rhs.entityTypes && lhs.actions == rhs.actions
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(entityTypes)
        hasher.combine(actions)
    }
}

package struct EntityTypeDefinition: Hashable, Sendable {
    package let name: EntityTypeName
    /// The types of entities that may be parents, sorted.
    package let memberOf: [EntityTypeName]
    package let shape: RecordType
    /// The type of each tag; nil where there may be none.
    package let tags: SchemaType?
    /// The only ids of an enumerated type.
    package let ids: [String]?

    package init(
        name: EntityTypeName,
        memberOf: [EntityTypeName] = [],
        shape: RecordType = .empty,
        tags: SchemaType? = nil,
        ids: [String]? = nil
    ) {
        self.name = name
        self.memberOf = memberOf.sorted()
        self.shape = shape
        self.tags = tags
        self.ids = ids
    }
}

package struct ActionDefinition: Hashable, Sendable {
    package let uid: EntityUID
    /// The groups that it is directly in, sorted.
    package let memberOf: [EntityUID]
    /// Nil for an action that no request can name, only a group of actions.
    package let appliesTo: AppliesTo?

    package struct AppliesTo: Hashable, Sendable {
        /// Sorted, as the resources are.
        package let principals: [EntityTypeName]
        package let resources: [EntityTypeName]
        package let context: RecordType

        package init(principals: [EntityTypeName], resources: [EntityTypeName], context: RecordType) {
            self.principals = principals.sorted()
            self.resources = resources.sorted()
            self.context = context
        }
    }

    package init(uid: EntityUID, memberOf: [EntityUID] = [], appliesTo: AppliesTo?) {
        self.uid = uid
        self.memberOf = memberOf.sorted()
        self.appliesTo = appliesTo
    }
}

/// The type of a value.
package indirect enum SchemaType: Hashable, Sendable {
    case bool, long, string
    case set(SchemaType)
    case record(RecordType)
    case entity(EntityTypeName)
    case ipaddr, decimal, datetime, duration
    /// Nothing is known of the value. No schema that is written down says so.
    case any
}

/// The names, types and necessity of the fields of a record.
package struct RecordType: Hashable, Sendable {
    /// Sorted by name, each name once.
    package let attributes: [Attribute]
    /// Whether there may be others, of which nothing is known. No schema that is written down says so.
    package let isOpen: Bool

    package struct Attribute: Hashable, Sendable {
        package let name: AttributeName
        package let type: SchemaType
        package let isRequired: Bool

        package init(name: AttributeName, type: SchemaType, isRequired: Bool) {
            self.name = name
            self.type = type
            self.isRequired = isRequired
        }
    }

    package static let empty = RecordType([])

    /// Of a name given twice the last counts, as in the reference.
    package init(_ attributes: [Attribute], isOpen: Bool = false) {
        self.isOpen = isOpen
        var unique: [Attribute] = []
        let order = attributes.indices.sorted { (attributes[$0].name, $0) < (attributes[$1].name, $1) }
        for index in order {
            if unique.last?.name == attributes[index].name { unique.removeLast() }
            unique.append(attributes[index])
        }
        self.attributes = unique
    }

    /// By bisection.
    package subscript(name: AttributeName) -> Attribute? {
        var range = attributes.indices
        while let middle = range.middle {
            let attribute = attributes[middle]
            if attribute.name == name { return attribute }
            range = attribute.name < name ? (middle + 1)..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }
}

extension SchemaFault {
    fileprivate func diagnostic(in source: SourceText) -> Diagnostic {
        switch place {
        case .text(let range): Diagnostic(message, at: range, in: source)
        case .json(let path): Diagnostic("\(path): \(message)", at: .none, in: source)
        }
    }
}

extension SchemaType {
    /// As it is written in a schema, without what it contains.
    var name: String {
        switch self {
        case .bool: "Bool"
        case .long: "Long"
        case .string: "String"
        case .set: "Set"
        case .record: "Record"
        case .entity(let type): type.text
        case .ipaddr: "ipaddr"
        case .decimal: "decimal"
        case .datetime: "datetime"
        case .duration: "duration"
        case .any: "any type"
        }
    }
}
