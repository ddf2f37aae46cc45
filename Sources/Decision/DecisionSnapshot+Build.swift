internal import Cedar
package import Directory
internal import HashTreeCollections
internal import Identity
package import Kernel

extension DecisionSnapshot {
    /// Reads the whole directory.
    package init(from view: some KeyValueView, revision: LogIndex, codec: any DirectoryCodec) {
        self.init()
        self.revision = revision
        let view = DirectoryView(view, codec: codec)
        do throws(StateDamage) { try load(view) } catch { damage = error }
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
            return DecisionSnapshot(from: view, revision: revision, codec: codec).enforcing(as: self)
        }
        var snapshot = self
        snapshot.revision = revision
        let view = DirectoryView(view, codec: codec)
        do throws(StateDamage) {
            for event in events { try snapshot.note(event, view) }
        } catch {
            snapshot.damage = error
        }
        return snapshot
    }

    private mutating func note(_ event: DirectoryEvent, _ view: DirectoryView<some KeyValueView>) throws(StateDamage) {
        switch event {
        case .bootstrapped, .policySetChanged, .featureLevelRaised, .statementJudged:
            return
        case .membersChanged:
            try readMembers(view)
        case .principalChanged(let id), .assignmentsChanged(of: let id):
            try readPrincipal(id, view)
        case .standingChanged(let subject, let epoch):
            self.epoch = epoch
            try readStanding(subject, view)
        case .roleChanged(let name):
            try readEntity(EntityUIDs.role(name), view)
        case .resourceChanged(let name):
            try readEntity(name.uid, view)
        case .administratorChanged(let fingerprint):
            try readEntity(EntityUIDs.administrator(fingerprint), view)
        case .policiesActivated(let set):
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
        tokens[digest] = try view.token(secretDigest: digest).map { TokenFacts($0) }
    }

    private mutating func readMembers(_ view: DirectoryView<some KeyValueView>) throws(StateDamage) {
        for member in members { put(nil, for: EntityUIDs.node(member)) }
        members = []
        try forEach({ request throws(StateDamage) in try view.members(request) }) {
            members.append($0.spec.id)
            put(EntityFacts(described: .empty), for: EntityUIDs.node($0.spec.id))
        }
    }

    private mutating func readSettings(_ view: DirectoryView<some KeyValueView>) throws(StateDamage) {
        let settings = try view.settings()?.settings ?? Settings()
        maximumAge = settings.maximumAge
        actionAges = settings.actionAges
    }

    private mutating func readPolicies(
        _ name: String,
        _ view: DirectoryView<some KeyValueView>
    ) throws(StateDamage) {
        if name == Grammar.administrationSet {
            administration = try view.activePolicies(name, after: administration)
        } else {
            put(try view.activePolicies(name, after: active(name)), for: name)
        }
    }
}

extension DecisionSnapshot {
    private mutating func load(_ view: DirectoryView<some KeyValueView>) throws(StateDamage) {
        lineage = try view.cluster()?.lineage
        epoch = try view.ledger()?.epoch ?? 0
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
            tokens[$0.grant.secretDigest] = TokenFacts($0)
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
