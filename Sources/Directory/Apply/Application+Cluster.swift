internal import Identity
internal import Kernel

extension Application {
    /// The first entry of the log. What is wrong with it was made by an operator before any node ran: it is refused like
    /// anything else, and the log then stays without a first entry.
    mutating func bootstrap(_ genesis: Genesis) throws(DirectoryError) -> CommandResult.Done {
        guard command.caller == .bootstrap else { throw .refused(.unauthorized, command.body.action) }
        try check((try? TrustDomain(parsing: genesis.trustDomain)) != nil, "trustDomain")
        try check(!genesis.voters.isEmpty, "voters")
        try check(genesis.featureLevel >= .first && genesis.featureLevel <= supported, "featureLevel")
        try check(Grammar.isName(genesis.administrator.name), "administrator")
        try check(genesis.settings.isValid && genesis.settings.featureLevel <= genesis.featureLevel, "settings")
        let metadata = metadata(replacing: nil)
        store(
            .cluster(
                ClusterRecord(
                    lineage: genesis.lineage,
                    trustDomain: genesis.trustDomain,
                    featureLevel: genesis.featureLevel,
                    metadata: metadata
                )
            )
        )
        store(.settings(SettingsRecord(settings: genesis.settings, metadata: metadata)))
        store(.administrator(AdministratorRecord(spec: genesis.administrator, metadata: metadata)))
        for voter in genesis.voters { store(.member(MemberRecord(spec: voter, isVoter: true, metadata: metadata))) }
        storeFirstPolicies(metadata)
        let done = done(metadata)
        recordBootstrap(done)
        events.append(.bootstrapped(genesis.lineage))
        return done
    }

    private mutating func storeFirstPolicies(_ metadata: RecordMetadata) {
        let name = Grammar.administrationSet
        store(
            .policyVersion(
                PolicyVersionRecord(
                    set: name,
                    version: 1,
                    text: FirstPolicies.text,
                    note: "",
                    author: .bootstrap,
                    state: .active,
                    activatedAt: time,
                    metadata: metadata
                )
            )
        )
        store(.policySet(PolicySetRecord(name: name, activeVersion: 1, latestVersion: 1, metadata: metadata)))
    }

    mutating func raise(to level: FeatureLevel) throws(DirectoryError) -> CommandResult.Done {
        guard let cluster = try read({ view throws(StateDamage) in try view.cluster() }) else {
            throw .refused(.notBootstrapped)
        }
        if level == cluster.featureLevel { return done(cluster.metadata) }
        try check(level > cluster.featureLevel, "featureLevel")
        // Last: what anybody is refused must not end the nodes that are yet to be upgraded.
        guard level <= supported else { throw .tooNew(level) }
        let metadata = metadata(replacing: cluster.metadata)
        store(
            .cluster(
                ClusterRecord(
                    lineage: cluster.lineage,
                    trustDomain: cluster.trustDomain,
                    featureLevel: level,
                    metadata: metadata
                )
            )
        )
        events.append(.featureLevelRaised(level))
        return done(metadata)
    }

    mutating func put(_ settings: Settings, _ precondition: Precondition) throws(DirectoryError) -> CommandResult.Done {
        let old = try read { view throws(StateDamage) in try view.settings() }
        try check(precondition, on: old?.metadata, "settings")
        if let old, old.settings == settings { return done(old.metadata) }
        try check(settings.isValid, "settings")
        let metadata = metadata(replacing: old?.metadata)
        store(.settings(SettingsRecord(settings: settings, metadata: metadata)))
        events.append(.settingsChanged)
        return done(metadata)
    }

    mutating func addAdministrator(
        _ fingerprint: Digest,
        _ name: String
    ) throws(DirectoryError) -> CommandResult.Done {
        try check(Grammar.isName(name), "name")
        let old = try read { view throws(StateDamage) in try view.administrator(fingerprint) }
        if let old, old.spec.name == name { return done(old.metadata) }
        if old == nil {
            let request = ListRequest(limit: Limits.administrators)
            let all = try read { view throws(StateDamage) in try view.administrators(request).items }
            guard all.count < Limits.administrators else { throw .refused(.limitReached, "administrators") }
        }
        let spec = AdministratorSpec(fingerprint: fingerprint, name: name)
        let record = AdministratorRecord(spec: spec, metadata: metadata(replacing: old?.metadata))
        store(.administrator(record))
        events.append(.administratorChanged(fingerprint))
        return done(record.metadata)
    }

    mutating func removeAdministrator(_ fingerprint: Digest) throws(DirectoryError) -> CommandResult.Done {
        guard let old = try read({ view throws(StateDamage) in try view.administrator(fingerprint) }) else {
            throw .refused(.notFound, "administrator/\(fingerprint.hex)")
        }
        guard let rules = try activePolicies(Grammar.administrationSet) else {
            throw .refused(.lockout, Grammar.administrationSet)
        }
        try checkNoLockout(with: rules, without: fingerprint)
        erase(.administrator(old))
        events.append(.administratorChanged(fingerprint))
        return done(metadata(replacing: old.metadata))
    }
}

/// The administration policies that a new cluster starts with. The text is part of the replicated state: never change it.
package enum FirstPolicies {
    package static let text = """
        // Administrators, who hold keys of their own, may do everything.
        @id("administrators")
        permit (principal is Reeve::Administrator, action, resource);
        """
}
