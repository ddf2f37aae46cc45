internal import Cedar
package import Directory
internal import HashTreeCollections
internal import Identity
package import Kernel

extension DecisionSnapshot {
    /// Reads the whole directory.
    ///
    /// - Parameter node: Who decides from it. Nil is in no ring of a roll-out.
    package init(
        from view: some KeyValueView,
        revision: LogIndex,
        codec: any DirectoryCodec,
        for node: MemberID? = nil
    ) {
        self.init(for: node)
        parts[0].revision = revision
        let view = DirectoryView(view, codec: codec)
        do throws(StateDamage) { try load(view) } catch { parts[0].damage = error }
    }

    /// The snapshot after the commands that the events tell of.
    ///
    /// - Parameter view: The state at `revision`.
    package func updated(
        with events: [DirectoryEvent],
        at revision: LogIndex,
        from view: some KeyValueView,
        codec: any DirectoryCodec
    ) -> DecisionSnapshot {
        let isReplaced = events.contains { if case .bootstrapped = $0 { true } else { false } }
        if isReplaced || damage != nil {
            return DecisionSnapshot(from: view, revision: revision, codec: codec, for: parts[0].node)
                .enforcing(as: self)
        }
        var snapshot = self
        snapshot.parts[0].revision = revision
        let view = DirectoryView(view, codec: codec)
        do throws(StateDamage) {
            for event in events { try snapshot.note(event, view) }
        } catch {
            snapshot.parts[0].damage = error
        }
        return snapshot
    }

    private mutating func note(_ event: DirectoryEvent, _ view: DirectoryView<some KeyValueView>) throws(StateDamage) {
        switch event {
        case .bootstrapped, .policySetChanged, .featureLevelRaised, .statementJudged:
            return
        case .membersChanged:
            try readMembers(view)
            // Nodes come into rings and leave them with their labels.
            for rollout in try view.liveRollouts() { try readPolicies(rollout.spec.set, view) }
        case .principalChanged(let id), .assignmentsChanged(of: let id):
            try readPrincipal(id, view)
        case .standingChanged(let subject, let epoch):
            parts[0].epoch = epoch
            try readStanding(subject, view)
        case .roleChanged(let name):
            try readEntity(EntityUIDs.role(name), view)
        case .resourceChanged(let name):
            try readEntity(name.uid, view)
        case .administratorChanged(let fingerprint):
            try readEntity(EntityUIDs.administrator(fingerprint), view)
        case .policiesActivated(let set), .rolloutChanged(let set):
            try readPolicies(set, view)
        case .tokenChanged(_, let digest):
            try readToken(digest, view)
        case .settingsChanged:
            try readSettings(view)
        }
    }

    private mutating func readEntity(
        _ uid: EntityUID,
        _ view: DirectoryView<some KeyValueView>
    ) throws(StateDamage) {
        put(try view.facts(uid), for: uid)
    }

    private mutating func readPrincipal(
        _ id: PrincipalID,
        _ view: DirectoryView<some KeyValueView>
    ) throws(StateDamage) {
        put(try view.facts(principal: id), for: EntityUIDs.principal(id))
    }

    private mutating func readStanding(
        _ subject: RevocationSubject,
        _ view: DirectoryView<some KeyValueView>
    ) throws(StateDamage) {
        put(try view.standing(subject).flatMap(Standing.init), for: subject)
        // A principal's status is one of its attributes.
        if case .principal(let id) = subject { try readPrincipal(id, view) }
    }

    private mutating func readToken(
        _ digest: Digest,
        _ view: DirectoryView<some KeyValueView>
    ) throws(StateDamage) {
        parts[0].tokens[digest] = try view.token(secretDigest: digest).map { TokenFacts($0) }
    }

    private mutating func readMembers(_ view: DirectoryView<some KeyValueView>) throws(StateDamage) {
        for node in parts[0].nodes { put(nil, for: EntityUIDs.node(node)) }
        parts[0].nodes = []
        try forEach({ request throws(StateDamage) in try view.members(request) }) { put(node: $0.spec) }
        try forEach({ request throws(StateDamage) in try view.edges(request) }) { put(node: $0.spec) }
        parts[0].labels = .none
        if let node = parts[0].node, let labels = try view.labels(of: node) { parts[0].labels = labels }
    }

    private mutating func put(node: MemberSpec) {
        parts[0].nodes.append(node.id)
        put(EntityFacts(node: node), for: EntityUIDs.node(node.id))
    }

    private mutating func readSettings(_ view: DirectoryView<some KeyValueView>) throws(StateDamage) {
        let settings = try view.settings()?.settings ?? Settings()
        parts[0].maximumAge = settings.maximumAge
        parts[0].actionAges = settings.actionAges
    }

    private mutating func readPolicies(
        _ name: String,
        _ view: DirectoryView<some KeyValueView>
    ) throws(StateDamage) {
        if name == Grammar.administrationSet {
            parts[0].administration = try view.activePolicies(name, after: administration)
        } else {
            let earlier = active(name)
            let policies = try inForce(name, view)
            if policies == nil || policies !== earlier { put(policies, for: name) }
        }
    }

    /// The version of a set that this node is to decide by.
    private mutating func inForce(
        _ name: String,
        _ view: DirectoryView<some KeyValueView>
    ) throws(StateDamage) -> ActivePolicySet? {
        let read = [active(name), rollouts.first { $0.stage.set == name }?.base].compactMap { $0 }
        parts[0].rollouts.removeAll { $0.stage.set == name }
        parts[0].unreadPolicies.removeAll { $0.set == name }
        guard let node = parts[0].node, let rollout = try view.rollout(name), rollout.isOpen(to: parts[0].labels) else {
            let active = try view.policySet(name)?.activeVersion
            return try readable(active, of: name, view, read)
        }
        guard let version = try view.policyVersion(name, rollout.spec.version) else {
            throw StateDamage(
                key: StoredRecord.rollout(rollout).key,
                reason: "the version that is rolled out is not there"
            )
        }
        let base = try readable(rollout.base, of: name, view, read)
        let (candidate, failure) = Self.parse(version, read, after: base)
        let share = RolloutShare(
            stage: rollout.stageID,
            spec: rollout.spec,
            isRunning: rollout.state == .running,
            isWitness: try view.witnesses(of: rollout).contains(node),
            base: base,
            failure: failure
        )
        parts[0].rollouts.append(share)
        parts[0].rollouts.sort { $0.stage.set < $1.stage.set }
        return candidate ?? base
    }

    /// A version, or where this program cannot read it, which others could, the one that was in force before it and can be read. With
    /// none of those the state is damaged: to decide without the set might be to leave out what it forbids.
    private mutating func readable(
        _ number: UInt64?,
        of name: String,
        _ view: DirectoryView<some KeyValueView>,
        _ read: [ActivePolicySet]
    ) throws(StateDamage) -> ActivePolicySet? {
        guard let number else { return nil }
        guard let version = try view.policyVersion(name, number) else {
            throw StateDamage(key: Key(.policySet).text(name).bytes, reason: "the active version is not there")
        }
        let (parsed, failure) = Self.parse(version, read, after: read.first)
        guard let failure else { return parsed }
        for earlier in try view.supersededVersions(of: name) {
            guard let found = Self.parse(earlier, read, after: nil).parsed else { continue }
            parts[0].unreadPolicies.append(
                UnreadPolicies(set: name, version: number, inForce: earlier.version, reason: failure)
            )
            parts[0].unreadPolicies.sort { $0.set < $1.set }
            return found
        }
        throw StateDamage(
            key: StoredRecord.policyVersion(version).key,
            reason: "\(name) version \(number) does not parse, nor does one that was in force before: \(failure)"
        )
    }

    /// What is known is not read again: a report of some node tells of no other policies.
    private static func parse(
        _ version: PolicyVersionRecord,
        _ read: [ActivePolicySet],
        after base: ActivePolicySet?
    ) -> (parsed: ActivePolicySet?, failure: String?) {
        if let known = read.first(where: { $0.version == version.version && $0.text == version.text }) {
            return (known, nil)
        }
        do throws(PolicyTextError) {
            let parsed = try ActivePolicySet(
                name: version.set,
                version: version.version,
                text: version.text,
                after: base
            )
            return (parsed, nil)
        } catch {
            return (nil, error.diagnostics.first?.description ?? "it cannot be read")
        }
    }
}

extension DecisionSnapshot {
    private mutating func load(_ view: DirectoryView<some KeyValueView>) throws(StateDamage) {
        parts[0].lineage = try view.cluster()?.lineage
        parts[0].epoch = try view.ledger()?.epoch ?? 0
        try readSettings(view)
        for kind in PrincipalKind.allCases {
            try forEach({ request throws(StateDamage) in try view.principals(kind, request) }) {
                record throws(StateDamage) in
                try readPrincipal(record.spec.id, view)
            }
        }
        try forEach({ request throws(StateDamage) in try view.roles(request) }) {
            put(EntityFacts(role: $0.spec), for: EntityUIDs.role($0.spec.name))
        }
        try forEach({ request throws(StateDamage) in try view.resources(request) }) {
            put(EntityFacts(resource: $0.spec), for: $0.spec.id.uid)
        }
        try forEach({ request throws(StateDamage) in try view.administrators(request) }) {
            put(EntityFacts(administrator: $0.spec), for: EntityUIDs.administrator($0.spec.fingerprint))
        }
        try readMembers(view)
        try forEach({ request throws(StateDamage) in try view.tokens(request) }) {
            parts[0].tokens[$0.grant.secretDigest] = TokenFacts($0)
        }
        try forEach({ request throws(StateDamage) in try view.standings(request) }) {
            put(Standing($0), for: $0.subject)
        }
        try forEach({ request throws(StateDamage) in try view.policySets(request) }) { set throws(StateDamage) in
            try readPolicies(set.name, view)
        }
    }

    /// Calls `body` with each item of a list, page by page.
    private func forEach<Item>(
        _ page: (ListRequest) throws(StateDamage) -> Page<Item>,
        _ body: (Item) throws(StateDamage) -> Void
    ) throws(StateDamage) {
        var cursor: ListCursor?
        repeat {
            let found = try page(ListRequest(after: cursor, limit: ListRequest.maximumLimit))
            for item in found.items { try body(item) }
            cursor = found.next
        } while cursor != nil
    }
}

extension DecisionSnapshot.TokenFacts {
    fileprivate init(_ record: TokenRecord) {
        self.init(
            id: record.grant.id,
            principal: record.grant.principal,
            expiresAt: record.grant.expiresAt,
            issuer: record.issuingPrincipal.map(EntityUIDs.principal)
        )
    }
}

extension DecisionSnapshot.Standing {
    /// Nil where nothing is in force.
    fileprivate init?(_ record: StandingRecord) {
        guard record.status != .active else { return nil }
        self.init(status: record.status, cascade: record.cascade)
    }
}
