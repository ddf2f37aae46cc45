import JSON

extension ValidationRun {
    /// That every entity type, action and enumerated entity that the policy names is in the schema.
    mutating func checkNames(in policy: Policy) {
        for type in [policy.scope.principal.type, policy.scope.resource.type].compactMap(\.self) {
            checkType(type, at: policy.range, in: policy)
        }
        for uid in policy.scope.entities { checkEntity(uid, at: policy.range, in: policy) }
        for condition in policy.conditions { checkNames(in: condition.body, of: policy) }
    }

    private mutating func checkNames(in expression: Expression, of policy: Policy) {
        switch expression.kind {
        case .literal(.entity(let uid)): checkEntity(uid, at: expression.range, in: policy)
        case .isType(_, let type, _): checkType(type, at: expression.range, in: policy)
        default: break
        }
        for child in expression.kind.children { checkNames(in: child, of: policy) }
    }

    mutating func checkType(_ type: EntityTypeName, at range: SourceRange, in policy: Policy) {
        guard !index.isKnown(type) else { return }
        let suggestion = isPatient ? index.suggestion(for: type) : nil
        add(.unknownEntityType(type, suggestion: suggestion), at: range, in: policy)
    }

    private mutating func checkEntity(_ uid: EntityUID, at range: SourceRange, in policy: Policy) {
        if uid.type.isAction {
            guard index.schema[uid] == nil else { return }
            let suggestion = isPatient ? index.suggestion(for: uid) : nil
            return add(.unknownAction(uid, suggestion: suggestion), at: range, in: policy)
        }
        checkType(uid.type, at: range, in: policy)
        if let ids = index.schema[uid.type]?.ids, !ids.contains(where: { $0.isExactly(uid.id) }) {
            add(.unknownEnumeratedID(uid, allowed: ids), at: range, in: policy)
        }
    }
}
