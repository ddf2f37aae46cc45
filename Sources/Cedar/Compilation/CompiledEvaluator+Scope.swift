extension CompiledEvaluator {
    mutating func admits(_ policy: CompiledPolicy) -> Bool {
        guard admits(policy.actions) else { return false }
        switch policy.principal.kind {
        case .any: break
        case .equal: guard request.principal == policy.principal.uid else { return false }
        case .isType: guard request.principal.type == policy.principal.type else { return false }
        case .memberOf: guard isPrincipal(in: policy.principal.uid) else { return false }
        case .isTypeIn:
            guard request.principal.type == policy.principal.type, isPrincipal(in: policy.principal.uid) else {
                return false
            }
        case .nothing: return false
        }
        switch policy.resource.kind {
        case .any: return true
        case .equal: return request.resource == policy.resource.uid
        case .isType: return request.resource.type == policy.resource.type
        case .memberOf: return isResource(in: policy.resource.uid)
        case .isTypeIn: return request.resource.type == policy.resource.type && isResource(in: policy.resource.uid)
        case .nothing: return false
        }
    }

    /// Whether the action is admitted, and not by an earlier one of its names: a policy that names several actions is
    /// found once for each of them.
    private mutating func admits(_ test: ActionTest) -> Bool {
        switch test.kind {
        case .any: return true
        case .equal: return test.uid == request.action
        case .memberOf: return isAction(in: test.uid)
        case .memberOfAny:
            guard let name = actionName else { return test.uids.contains { isAction(in: $0) } }
            guard name > 0 else { return test.uids.contains(request.action) }
            let ancestors = ancestors(of: .action)
            return test.uids.contains(ancestors[name - 1]) && !test.uids.contains(request.action)
                && !ancestors[..<(name - 1)].contains { test.uids.contains($0) }
        }
    }

    // MARK: The request's entities, which the provider is asked about once

    private mutating func isPrincipal(in ancestor: EntityUID) -> Bool {
        if !principal.isAsked { principal.ask(entities, about: request.principal) }
        return isMember(.principal, of: ancestor)
    }

    private mutating func isAction(in ancestor: EntityUID) -> Bool {
        if !action.isAsked { action.ask(entities, about: request.action) }
        return isMember(.action, of: ancestor)
    }

    private mutating func isResource(in ancestor: EntityUID) -> Bool {
        if !resource.isAsked { resource.ask(entities, about: request.resource) }
        return isMember(.resource, of: ancestor)
    }

    mutating func ancestors(of variable: Variable) -> [EntityUID] {
        switch variable {
        case .principal:
            if !principal.isAsked { principal.ask(entities, about: request.principal) }
            return principal.node.ancestors.list
        case .action:
            if !action.isAsked { action.ask(entities, about: request.action) }
            return action.node.ancestors.list
        case .resource:
            if !resource.isAsked { resource.ask(entities, about: request.resource) }
            return resource.node.ancestors.list
        case .context: return []
        }
    }

    /// Before conditions are evaluated, so that nothing changes while they are and values can be read in their places.
    mutating func ask(for shape: PolicyShape) {
        if !principal.isAsked { principal.ask(entities, about: request.principal) }
        if !resource.isAsked { resource.ask(entities, about: request.resource) }
        if shape.readsAction, !action.isAsked { action.ask(entities, about: request.action) }
    }

    func node(of uid: EntityUID) -> EntityNode {
        if uid == request.principal { return principal.node }
        if uid == request.resource { return resource.node }
        return entities.node(of: uid)
    }

    /// Of a variable that was asked about.
    func isMember(_ variable: Variable, of ancestor: EntityUID) -> Bool {
        switch variable {
        case .principal: request.principal == ancestor || principal.node.ancestors.contains(ancestor)
        case .action: request.action == ancestor || action.node.ancestors.contains(ancestor)
        case .resource: request.resource == ancestor || resource.node.ancestors.contains(ancestor)
        case .context: false
        }
    }
}

/// An entity of the request, and what the provider said of it.
struct AskedEntity {
    private(set) var isAsked = false
    private(set) var node = EntityNode.none

    mutating func ask(_ entities: any EntityProvider, about uid: EntityUID) {
        node = entities.node(of: uid)
        isAsked = true
    }

    mutating func forget() { isAsked = false }
}
