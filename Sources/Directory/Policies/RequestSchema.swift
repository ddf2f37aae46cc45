internal import Cedar
internal import Kernel

/// What one policy of any set but `reeve.admin` decides about, as far as that is the same in every cluster.
///
/// Actions, types of resources and what a context holds are the caller's, so whatever the policy names there is. Principals
/// are in roles alone, resources in resources. Nothing is known of attributes but for those that Reeve sets.
extension Schema {
    static func requests(of names: PolicyNames) -> Schema {
        let types = ReeveTypes(resources: names.types)
        let known = types.members(of: .anything)
        let appliesTo = ActionDefinition.AppliesTo(
            principals: (ReeveTypes.principals + names.principals.filter(known.contains)).sortedUnique(),
            resources: ([ReeveTypes.resource] + names.resources.filter(known.contains)).sortedUnique(),
            context: context
        )
        // The empty name, which no request can have, stands for all that the policy does not name.
        let actions = names.actions + [EntityUID(type: "Action", id: "")]
        return Schema(
            entityTypes: types.definitions,
            actions: actions.map { ActionDefinition(uid: $0, appliesTo: appliesTo) }
        )
    }

    private static let context = RecordType(
        [
            .required("action", .record(RecordType([], isOpen: true))),
            .required(
                "reeve",
                .record(
                    RecordType([
                        .required("age_ms", .long), .required("earliest", .datetime), .required("epoch", .long),
                        .required("latest", .datetime), .required("revision", .long),
                    ])
                )
            ),
        ],
        isOpen: true
    )
}

/// What a policy names.
struct PolicyNames {
    /// Of entities and in tests.
    private(set) var types: [EntityTypeName] = []
    /// Types that it asks of principals, or of resources.
    private(set) var principals: [EntityTypeName] = []
    private(set) var resources: [EntityTypeName] = []
    /// Of the type `Action`.
    private(set) var actions: [EntityUID] = []

    /// How many types and actions there may be, since the work grows with the product of them.
    private static let maxCount = 100
    var areFew: Bool { types.count <= Self.maxCount && actions.count <= Self.maxCount * 10 }

    init(_ policy: Policy) {
        let scope = policy.scope
        principals = scope.principal.types
        // What is in a group is of its type, if nothing else is known.
        resources = scope.resource.types + scope.resource.entities.map(\.type)
        for uid in scope.principal.entities + scope.resource.entities + scope.action.entities { note(uid) }
        types += principals + resources
        for condition in policy.conditions { read(condition.body) }
        types = types.sortedUnique()
        actions = actions.sortedUnique()
    }

    private mutating func note(_ uid: EntityUID) {
        if uid.type == "Action" { actions.append(uid) } else { types.append(uid.type) }
    }

    private mutating func read(_ expression: Expression) {
        switch expression.kind {
        case .literal(.entity(let uid)): note(uid)
        case .isType(let operand, let type, _):
            types.append(type)
            note(type, of: operand)
        case .compare(.equal, let left, let right), .compare(.notEqual, let left, let right):
            noteComparison(left, right)
            if case .literal(.entity(let uid)) = right.kind { note(uid.type, of: left) }
            if case .literal(.entity(let uid)) = left.kind { note(uid.type, of: right) }
        case .membership(let left, let right): noteComparison(left, right)
        default: break
        }
        for child in expression.kind.children { read(child) }
    }

    /// A resource that is compared with the principal is one, or a role.
    private mutating func noteComparison(_ left: Expression, _ right: Expression) {
        switch (left.kind, right.kind) {
        case (.variable(.principal), .variable(.resource)), (.variable(.resource), .variable(.principal)):
            resources += ReeveTypes.principals + [EntityUIDs.role]
        default: break
        }
    }

    private mutating func note(_ type: EntityTypeName, of operand: Expression) {
        switch operand.kind {
        case .variable(.principal): principals.append(type)
        case .variable(.resource): resources.append(type)
        default: break
        }
    }
}

extension EntityConstraint {
    /// The type that it asks for.
    fileprivate var types: [EntityTypeName] {
        switch self {
        case .isType(let type), .isTypeIn(let type, _): [type]
        case .equal(.entity(let uid)): [uid.type]
        case .any, .memberOf, .equal(.slot): []
        }
    }

    /// The entity that it names.
    fileprivate var entities: [EntityUID] {
        switch self {
        case .equal(.entity(let uid)), .memberOf(.entity(let uid)), .isTypeIn(_, .entity(let uid)): [uid]
        case .any, .isType, .equal(.slot), .memberOf(.slot), .isTypeIn(_, .slot): []
        }
    }
}

extension ActionConstraint {
    fileprivate var entities: [EntityUID] {
        switch self {
        case .any: []
        case .equal(let uid), .memberOf(let uid): [uid]
        case .memberOfAny(let uids): uids
        }
    }
}
