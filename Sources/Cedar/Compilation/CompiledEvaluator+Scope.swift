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
        case .equal: return test.uids[0] == request.action
        case .memberOf: return isAction(in: test.uids[0])
        case .memberOfAny:
            guard let name = actionName else { return test.uids.contains { isAction(in: $0) } }
            guard name > 0 else { return test.uids.contains(request.action) }
            let ancestors = actionNode.ancestors.list
            return test.uids.contains(ancestors[name - 1]) && !test.uids.contains(request.action)
                && !ancestors[..<(name - 1)].contains { test.uids.contains($0) }
        }
    }

    mutating func isPrincipal(in ancestor: EntityUID) -> Bool {
        request.principal == ancestor || principalNode.ancestors.contains(ancestor)
    }

    mutating func isResource(in ancestor: EntityUID) -> Bool {
        request.resource == ancestor || resourceNode.ancestors.contains(ancestor)
    }

    private mutating func isAction(in ancestor: EntityUID) -> Bool {
        request.action == ancestor || actionNode.ancestors.contains(ancestor)
    }

    // MARK: What the provider says of the request's entities, asked once

    var principalNode: EntityNode {
        mutating get {
            if let principal { return principal }
            let node = entities.node(of: request.principal)
            principal = node
            return node
        }
    }

    var actionNode: EntityNode {
        mutating get {
            if let action { return action }
            let node = entities.node(of: request.action)
            action = node
            return node
        }
    }

    var resourceNode: EntityNode {
        mutating get {
            if let resource { return resource }
            let node = entities.node(of: request.resource)
            resource = node
            return node
        }
    }
}
