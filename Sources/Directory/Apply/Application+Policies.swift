internal import Cedar
internal import Identity
internal import Kernel

extension Application {
    mutating func draft(_ draft: PolicyDraft) throws(DirectoryError) -> CommandResult.Done {
        try check(Grammar.isPolicySetName(draft.set), "set")
        try checkText(draft.note, "note")
        guard draft.text.utf8.count <= Limits.policyByteCount else { throw .refused(.tooLarge, "text") }
        let set = try read { view throws(StateDamage) in try view.policySet(draft.set) }
        try check(draft.precondition, on: set?.metadata, draft.set)
        let version = (set?.latestVersion ?? 0) + 1
        do {
            let parsed = try ActivePolicySet(
                name: draft.set,
                version: version,
                text: draft.text,
                after: policies.latest(draft.set)
            )
            policies.keepDraft(parsed)
        } catch {
            diagnostics = error.diagnostics
            throw .refused(.invalidPolicy, draft.set)
        }
        let metadata = metadata(replacing: nil)
        try dropOldVersion(of: set, adding: version)
        store(.policyVersion(version: version, of: draft, author: command.caller, metadata))
        store(
            .policySet(
                PolicySetRecord(
                    name: draft.set,
                    activeVersion: set?.activeVersion,
                    latestVersion: version,
                    metadata: self.metadata(replacing: set?.metadata)
                )
            )
        )
        events.append(.policySetChanged(set: draft.set))
        return done(metadata, created: [String(version)])
    }

    /// Keeps the number of versions of a set bounded: the oldest that is in force nowhere goes.
    private mutating func dropOldVersion(of set: PolicySetRecord?, adding version: UInt64) throws(DirectoryError) {
        guard let set, version > Limits.policyVersions else { return }
        let candidate = try rollout(set.name).flatMap { $0.isLive ? $0.spec.version : nil }
        let request = ListRequest(limit: 3)
        let oldest = try read { view throws(StateDamage) in try view.policyVersions(of: set.name, request).items }
        guard let first = oldest.first, version - first.version >= Limits.policyVersions,
            let dropped = oldest.first(where: { $0.version != set.activeVersion && $0.version != candidate })
        else { return }
        erase(.policyVersion(dropped))
    }

    mutating func activate(
        _ name: String,
        _ version: UInt64,
        _ precondition: Precondition
    ) throws(DirectoryError) -> CommandResult.Done {
        guard let set = try read({ view throws(StateDamage) in try view.policySet(name) }) else {
            throw .refused(.notFound, name)
        }
        try check(precondition, on: set.metadata, name)
        guard let chosen = try read({ view throws(StateDamage) in try view.policyVersion(name, version) }) else {
            throw .refused(.notFound, "\(name)/\(version)")
        }
        // Whoever names the version before has decided against the new one.
        try supersedeRollout(of: name)
        if set.activeVersion == version { return done(set.metadata) }
        if name == Grammar.administrationSet {
            let rules = try read { view throws(StateDamage) in try view.parsed(chosen, after: policies.latest(name)) }
            try checkNoLockout(with: rules, without: nil)
        }
        return done(try putInForce(chosen, of: set))
    }

    /// In place of the active version of the set, if it has one.
    mutating func putInForce(
        _ chosen: PolicyVersionRecord,
        of set: PolicySetRecord
    ) throws(DirectoryError) -> RecordMetadata {
        if let active = set.activeVersion,
            let old = try read({ view throws(StateDamage) in try view.policyVersion(set.name, active) })
        {
            store(.policyVersion(old.changed(to: .superseded, old.activatedAt, metadata(replacing: old.metadata))))
        }
        store(.policyVersion(chosen.changed(to: .active, time, metadata(replacing: chosen.metadata))))
        let metadata = metadata(replacing: set.metadata)
        store(
            .policySet(
                PolicySetRecord(
                    name: set.name,
                    activeVersion: chosen.version,
                    latestVersion: set.latestVersion,
                    metadata: metadata
                )
            )
        )
        events.append(.policiesActivated(set: set.name))
        return metadata
    }

    mutating func deletePolicySet(
        _ name: String,
        _ precondition: Precondition
    ) throws(DirectoryError) -> CommandResult.Done {
        guard let set = try read({ view throws(StateDamage) in try view.policySet(name) }) else {
            throw .refused(.notFound, name)
        }
        try check(precondition, on: set.metadata, name)
        guard name != Grammar.administrationSet else { throw .refused(.lockout, name) }
        // By key alone: the texts of all versions may be many megabytes.
        for key in view.keys(under: Key(.policyVersion).text(name)) { transaction.remove(key) }
        erase(.policySet(set))
        if let rollout = try rollout(name) { erase(.rollout(rollout)) }
        events.append(.policiesActivated(set: name))
        return done(metadata(replacing: set.metadata))
    }

    /// Refuses administration policies under which nobody could activate others. Administrators are asked first, then
    /// active principals, as many as `Limits.lockoutSearch`.
    func checkNoLockout(with rules: ActivePolicySet, without removed: Digest?) throws(DirectoryError) {
        let administrators = try read { view throws(StateDamage) in
            try view.administrators(ListRequest(limit: ListRequest.maximumLimit)).items
        }
        for administrator in administrators.map(\.spec.fingerprint) where administrator != removed {
            if try canActivate(EntityUIDs.administrator(administrator), rules) { return }
        }
        var remaining = Limits.lockoutSearch
        for kind in PrincipalKind.allCases {
            if try somePrincipalCanActivate(kind, rules, &remaining) { return }
        }
        throw .refused(.lockout, Grammar.administrationSet)
    }

    private func somePrincipalCanActivate(
        _ kind: PrincipalKind,
        _ rules: ActivePolicySet,
        _ remaining: inout Int
    ) throws(DirectoryError) -> Bool {
        var cursor: ListCursor?
        repeat {
            let request = ListRequest(after: cursor, limit: min(remaining, ListRequest.maximumLimit))
            let page = try read { view throws(StateDamage) in try view.principals(kind, request) }
            for id in page.items.map(\.spec.id) {
                guard try read({ view throws(StateDamage) in try view.statusBelowAll(id) }) == .active else {
                    continue
                }
                if try canActivate(EntityUIDs.principal(id), rules) { return true }
            }
            remaining -= page.items.count
            cursor = page.next
        } while cursor != nil && remaining > 0
        return false
    }

    private func canActivate(_ principal: EntityUID, _ rules: ActivePolicySet) throws(DirectoryError) -> Bool {
        let body = CommandBody.activatePolicies(set: Grammar.administrationSet, version: rules.version, .none)
        return try isPermitted(
            Request(
                principal: principal,
                action: EntityUIDs.action(body.action),
                resource: EntityUIDs.policySet(Grammar.administrationSet),
                context: body.context(exists: true)
            ),
            by: rules
        )
    }
}

extension StoredRecord {
    fileprivate static func policyVersion(
        version: UInt64,
        of draft: PolicyDraft,
        author: Caller,
        _ metadata: RecordMetadata
    ) -> StoredRecord {
        .policyVersion(
            PolicyVersionRecord(
                set: draft.set,
                version: version,
                text: draft.text,
                note: draft.note,
                author: author,
                state: .draft,
                activatedAt: nil,
                metadata: metadata
            )
        )
    }
}

extension PolicyVersionRecord {
    fileprivate func changed(
        to state: State,
        _ activatedAt: WallTime?,
        _ metadata: RecordMetadata
    ) -> PolicyVersionRecord {
        PolicyVersionRecord(
            set: set,
            version: version,
            text: text,
            note: note,
            author: author,
            state: state,
            activatedAt: activatedAt,
            metadata: metadata
        )
    }
}
