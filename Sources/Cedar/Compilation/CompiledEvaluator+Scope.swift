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

    mutating func isPrincipal(in ancestor: EntityUID) -> Bool {
        if request.principal == ancestor { return true }
        if principal == nil { principal = entities.node(of: request.principal) }
        return principal?.isDescendant(of: ancestor) ?? false
    }

    mutating func isAction(in ancestor: EntityUID) -> Bool {
        if request.action == ancestor { return true }
        if action == nil { action = entities.node(of: request.action) }
        return action?.isDescendant(of: ancestor) ?? false
    }

    mutating func isResource(in ancestor: EntityUID) -> Bool {
        if request.resource == ancestor { return true }
        if resource == nil { resource = entities.node(of: request.resource) }
        return resource?.isDescendant(of: ancestor) ?? false
    }

    /// The node of a variable; nil for the context.
    mutating func node(of variable: Variable) -> EntityNode? {
        switch variable {
        case .principal:
            if principal == nil { principal = entities.node(of: request.principal) }
            return principal
        case .action:
            if action == nil { action = entities.node(of: request.action) }
            return action
        case .resource:
            if resource == nil { resource = entities.node(of: request.resource) }
            return resource
        case .context: return nil
        }
    }

    mutating func ancestors(of variable: Variable) -> [EntityUID] { node(of: variable)?.ancestors.list ?? [] }

    mutating func node(of uid: EntityUID) -> EntityNode {
        if uid == request.principal, let node = node(of: .principal) { return node }
        if uid == request.resource, let node = node(of: .resource) { return node }
        return entities.node(of: uid)
    }
}
