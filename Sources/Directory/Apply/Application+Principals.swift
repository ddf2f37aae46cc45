internal import Identity
internal import Kernel

extension Application {
    mutating func put(
        _ spec: PrincipalSpec,
        _ precondition: Precondition
    ) throws(DirectoryError) -> CommandResult.Done {
        let old = try read { view throws(StateDamage) in try view.principal(spec.id) }
        try check(precondition, on: old?.metadata, spec.id.description)
        try checkNotRevoked(.principal(spec.id))
        if let old, old.spec == spec { return done(old.metadata) }
        try checkText(spec.description, "description")
        try checkAttributes(spec.attributes, reserved: EntityFacts.reservedPrincipalAttributes)
        // A reference that was good when it was made may point to somebody revoked since: it stays, as a fact.
        if let owner = spec.owner, owner != old?.spec.owner { try checkReference(owner) }
        if let parent = spec.parent, parent != old?.spec.parent { try checkReference(parent) }
        if Self.references(spec) != old.map({ Self.references($0.spec) }) {
            try checkAncestry(of: spec.id, parents: Self.references(spec)) { id throws(DirectoryError) in
                try read { view throws(StateDamage) in try view.principal(id) }.map { Self.references($0.spec) } ?? []
            }
        }
        let record = PrincipalRecord(spec: spec, metadata: metadata(replacing: old?.metadata))
        store(.principal(record), replacing: old.map { .principal($0) })
        events.append(.principalChanged(spec.id))
        return done(record.metadata)
    }

    private static func references(_ spec: PrincipalSpec) -> [PrincipalID] {
        [spec.owner, spec.parent].compactMap { $0 }
    }

    /// Takes assignments and tokens along, so that a principal of the same name starts with nothing.
    mutating func delete(
        principal id: PrincipalID,
        _ precondition: Precondition
    ) throws(DirectoryError) -> CommandResult.Done {
        guard let old = try read({ view throws(StateDamage) in try view.principal(id) }) else {
            throw .refused(.notFound, id.description)
        }
        try check(precondition, on: old.metadata, id.description)
        try checkUnused(Key(.principalDependents).principal(id), Key(.ownedResources).principal(id))
        let assignments = try read { view throws(StateDamage) in try view.assignments(of: id) }
        let tokens = try read { view throws(StateDamage) in try view.tokens(of: id) }
        for assignment in assignments { erase(.assignment(assignment)) }
        for token in tokens {
            erase(.token(token))
            events.append(.tokenChanged(id: token.grant.id, secretDigest: token.grant.secretDigest))
        }
        erase(.principal(old))
        events += [.assignmentsChanged(of: id), .principalChanged(id)]
        return done(metadata(replacing: old.metadata))
    }

    mutating func issue(_ grant: TokenGrant) throws(DirectoryError) -> CommandResult.Done {
        try check(Grammar.isName(grant.id), "id")
        try checkText(grant.description, "description")
        try check(grant.expiresAt > time, "expiresAt")
        guard try read({ view throws(StateDamage) in try view.token(grant.id) }) == nil,
            try read({ view throws(StateDamage) in try view.token(secretDigest: grant.secretDigest) }) == nil
        else { throw .refused(.alreadyExists, grant.id) }
        try checkNotRevoked(.token(grant.id))
        try checkReference(grant.principal)
        try checkGrantCount(Key(.tokensByPrincipal).principal(grant.principal), of: grant.principal)
        let record = TokenRecord(grant: grant, issuer: command.caller, metadata: metadata(replacing: nil))
        store(.token(record))
        events.append(.tokenChanged(id: grant.id, secretDigest: grant.secretDigest))
        return done(record.metadata, created: [grant.id])
    }

    mutating func delete(token id: String, _ precondition: Precondition) throws(DirectoryError) -> CommandResult.Done {
        guard let old = try read({ view throws(StateDamage) in try view.token(id) }) else {
            throw .refused(.notFound, id)
        }
        try check(precondition, on: old.metadata, id)
        erase(.token(old))
        events.append(.tokenChanged(id: id, secretDigest: old.grant.secretDigest))
        return done(metadata(replacing: old.metadata))
    }

    func checkGrantCount(_ index: Key, of principal: PrincipalID) throws(DirectoryError) {
        let count = view.names(under: index, limit: Limits.grantsPerPrincipal).count
        guard count < Limits.grantsPerPrincipal else { throw .refused(.limitReached, principal.description) }
    }
}
