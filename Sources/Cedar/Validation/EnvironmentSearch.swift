/// Goes through the request environments in which a scope can hold.
struct EnvironmentSearch {
    var index: SchemaIndex
    private let scope: Scope
    private var actionPlace = 0
    private var principalPlace = 0
    private var resourcePlace = 0
    /// Of the current action, those that the scope admits.
    private var principals: [EntityTypeName] = []
    private var resources: [EntityTypeName] = []
    /// Without the work of the index.
    private(set) var steps = 0

    init(_ scope: Scope, index: SchemaIndex) {
        self.scope = scope
        self.index = index
    }

    mutating func next() -> RequestEnvironment? {
        while resourcePlace == resources.count {
            resourcePlace = 0
            principalPlace += 1
            if principalPlace < principals.count, !resources.isEmpty { continue }
            guard nextAction() else { return nil }
        }
        let action = index.schema.actions[actionPlace - 1].uid
        defer { resourcePlace += 1 }
        return RequestEnvironment(
            principal: principals[principalPlace],
            action: action,
            resource: resources[resourcePlace],
            context: index.context(of: action)
        )
    }

    /// Goes on to the next action that the scope admits with a principal and a resource; false at the end.
    private mutating func nextAction() -> Bool {
        while actionPlace < index.schema.actions.count {
            let action = index.schema.actions[actionPlace]
            actionPlace += 1
            steps += 1
            guard let appliesTo = action.appliesTo, admits(action.uid) else { continue }
            principals = appliesTo.principals.filter { admits($0, scope.principal) }
            resources = appliesTo.resources.filter { admits($0, scope.resource) }
            (principalPlace, resourcePlace) = (0, 0)
            if !principals.isEmpty, !resources.isEmpty { return true }
        }
        return false
    }

    private mutating func admits(_ action: EntityUID) -> Bool {
        switch scope.action {
        case .any: true
        case .equal(let uid): action == uid
        case .memberOf(let group): index.isAction(action, in: group)
        case .memberOfAny(let groups): isAction(action, inAny: groups)
        }
    }

    private mutating func isAction(_ action: EntityUID, inAny groups: [EntityUID]) -> Bool {
        steps += groups.count
        for group in groups where index.isAction(action, in: group) { return true }
        return false
    }

    /// Whether an entity of the type can satisfy the constraint. A slot is filled with whatever makes it hold.
    private mutating func admits(_ type: EntityTypeName, _ constraint: EntityConstraint) -> Bool {
        steps += 1
        return switch constraint {
        case .any, .equal(.slot), .memberOf(.slot): true
        case .equal(.entity(let uid)): type == uid.type
        case .memberOf(.entity(let uid)): index.mayBeIn(type, uid.type)
        case .isType(let wanted), .isTypeIn(let wanted, .slot): type == wanted
        case .isTypeIn(let wanted, .entity(let uid)): type == wanted && index.mayBeIn(type, uid.type)
        }
    }
}
