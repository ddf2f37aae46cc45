internal import Cedar

extension Policy {
    /// The actions that it speaks of, in its scope or its conditions, as requests would have them.
    var namedActions: [EntityUID] {
        var found: [EntityUID] = []
        switch scope.action {
        case .any: break
        case .equal(let uid), .memberOf(let uid): found.append(uid)
        case .memberOfAny(let uids): found += uids
        }
        for condition in conditions { condition.body.collectEntities(into: &found) }
        return found.filter { $0.type == EntityUIDs.requestAction }
    }
}

extension Expression {
    fileprivate func collectEntities(into found: inout [EntityUID]) {
        if case .literal(.entity(let uid)) = kind { found.append(uid) }
        for child in kind.children { child.collectEntities(into: &found) }
    }
}
