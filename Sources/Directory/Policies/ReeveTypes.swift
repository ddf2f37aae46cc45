internal import Cedar
internal import Identity
internal import Kernel

/// The entity types of a cluster: Reeve's own, and those of resources.
struct ReeveTypes {
    /// What an action can be about.
    enum Group {
        case principal, role, assignment, token, policySet, administrator, node, cluster, attribute, resource
        /// Any principal, role or resource.
        case anything
    }

    /// Stands for the types of resources that no policy names.
    static let resource: EntityTypeName = "Resource"
    static let principals = PrincipalKind.allCases.map(\.entityType)
    /// Whoever has a certificate or a token.
    static let callers = principals + [EntityUIDs.administrator, EntityUIDs.node]
    private static let own: [EntityTypeName] =
        callers + [
            EntityUIDs.role, EntityUIDs.assignment, EntityUIDs.token, EntityUIDs.policySet, EntityUIDs.cluster.type,
            EntityUIDs.attribute,
        ]

    /// With the one that stands for others.
    let resources: [EntityTypeName]

    /// Names that are Reeve's own, or would be, are left out.
    init(resources named: [EntityTypeName]) {
        resources = ([Self.resource] + named.filter { Grammar.isResourceType($0.text) }).sortedUnique()
    }

    func members(of group: Group) -> [EntityTypeName] {
        switch group {
        case .principal: Self.principals
        case .role: [EntityUIDs.role]
        case .assignment: [EntityUIDs.assignment]
        case .token: [EntityUIDs.token]
        case .policySet: [EntityUIDs.policySet]
        case .administrator: [EntityUIDs.administrator]
        case .node: [EntityUIDs.node]
        case .cluster: [EntityUIDs.cluster.type]
        case .attribute: [EntityUIDs.attribute]
        case .resource: resources
        case .anything: Self.principals + [EntityUIDs.role] + resources
        }
    }

    var definitions: [EntityTypeDefinition] {
        Self.own.map { EntityTypeDefinition(name: $0, memberOf: Self.parents(of: $0), shape: Self.shape(of: $0)) }
            + resources.map {
                EntityTypeDefinition(name: $0, memberOf: resources, shape: RecordType([], isOpen: true))
            }
    }

    private static func parents(of type: EntityTypeName) -> [EntityTypeName] {
        principals.contains(type) || type == EntityUIDs.role ? [EntityUIDs.role] : []
    }

    /// As `EntityFacts` makes them.
    private static func shape(of type: EntityTypeName) -> RecordType {
        switch type {
        case EntityUIDs.administrator, EntityUIDs.node: RecordType([.required("name", .string)])
        case EntityUIDs.assignment:
            RecordType([.required("principal", .any), .required("role", .entity(EntityUIDs.role))])
        case EntityUIDs.token: RecordType([.required("principal", .any)])
        default:
            principals.contains(type) ? RecordType([.required("status", .string)], isOpen: true) : .empty
        }
    }
}
