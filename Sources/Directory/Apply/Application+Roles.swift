internal import Identity
internal import Kernel

extension Application {
    mutating func put(_ spec: RoleSpec, _ precondition: Precondition) throws(DirectoryError) -> CommandResult.Done {
        try check(Grammar.isName(spec.name), "name")
        let old = try read { view throws(StateDamage) in try view.role(spec.name) }
        try check(precondition, on: old?.metadata, spec.name)
        if let old, old.spec == spec { return done(old.metadata) }
        try checkText(spec.description, "description")
        if spec.parents != old?.spec.parents { try checkParents(spec) }
        let record = RoleRecord(spec: spec, metadata: metadata(replacing: old?.metadata))
        store(.role(record), replacing: old.map { .role($0) })
        events.append(.roleChanged(spec.name))
        return done(record.metadata)
    }

    private func checkParents(_ spec: RoleSpec) throws(DirectoryError) {
        guard spec.parents.count <= Limits.parents else { throw .refused(.tooLarge, "parents") }
        for parent in spec.parents where try read({ view throws(StateDamage) in try view.role(parent) }) == nil {
            throw .refused(.unknownReference, "role/\(parent)")
        }
        try checkAncestry(of: spec.name, parents: spec.parents) { name throws(DirectoryError) in
            try read { view throws(StateDamage) in try view.role(name) }?.spec.parents ?? []
        }
    }

    mutating func delete(role name: String, _ precondition: Precondition) throws(DirectoryError) -> CommandResult.Done {
        guard let old = try read({ view throws(StateDamage) in try view.role(name) }) else {
            throw .refused(.notFound, name)
        }
        try check(precondition, on: old.metadata, name)
        try checkUnused(Key(.assignmentsByRole).text(name), Key(.roleChildren).text(name))
        erase(.role(old))
        events.append(.roleChanged(name))
        return done(metadata(replacing: old.metadata))
    }

    mutating func put(
        _ spec: AssignmentSpec,
        _ precondition: Precondition
    ) throws(DirectoryError) -> CommandResult.Done {
        try check(Grammar.isName(spec.id), "id")
        let old = try read { view throws(StateDamage) in try view.assignment(spec.id) }
        try check(precondition, on: old?.metadata, spec.id)
        if let old, old.spec == spec, try !isUndone(old) { return done(old.metadata) }
        try checkText(spec.reason, "reason")
        if let expiresAt = spec.expiresAt { try check(spec.notBefore < expiresAt, "expiresAt") }
        if let old {
            guard old.spec.principal == spec.principal else { throw .refused(.immutable, "principal") }
            guard old.spec.role == spec.role else { throw .refused(.immutable, "role") }
            try checkNotRevoked(.principal(spec.principal))
        } else {
            try checkReference(spec.principal)
            try checkGrantCount(Key(.assignmentsByPrincipal).principal(spec.principal), of: spec.principal)
        }
        guard try read({ view throws(StateDamage) in try view.role(spec.role) }) != nil else {
            throw .refused(.unknownReference, "role/\(spec.role)")
        }
        let metadata = metadata(replacing: old?.metadata)
        let record = AssignmentRecord(spec: spec, grantor: command.caller, metadata: metadata)
        store(.assignment(record), replacing: old.map { .assignment($0) })
        events.append(.assignmentsChanged(of: spec.principal))
        return done(metadata)
    }

    /// Then to grant the same again is no repetition: it is another's word, which counts.
    private func isUndone(_ record: AssignmentRecord) throws(DirectoryError) -> Bool {
        try read { view throws(StateDamage) in try view.isUndone(record) }
    }

    mutating func delete(
        assignment id: String,
        _ precondition: Precondition
    ) throws(DirectoryError) -> CommandResult.Done {
        guard let old = try read({ view throws(StateDamage) in try view.assignment(id) }) else {
            throw .refused(.notFound, id)
        }
        try check(precondition, on: old.metadata, id)
        erase(.assignment(old))
        events.append(.assignmentsChanged(of: old.spec.principal))
        return done(metadata(replacing: old.metadata))
    }
}
