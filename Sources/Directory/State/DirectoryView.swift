package import Identity
package import Kernel

/// Typed reads of the replicated state under one consistent view.
///
/// Reads throw `StateDamage` alone: that something is not there is an answer.
package struct DirectoryView<View: KeyValueView> {
    let view: View
    let codec: any DirectoryCodec

    package init(_ view: View, codec: any DirectoryCodec) {
        self.view = view
        self.codec = codec
    }

    package func principal(_ id: PrincipalID) throws(StateDamage) -> PrincipalRecord? {
        try find(Key(.principal).principal(id)) { if case .principal(let record) = $0 { record } else { nil } }
    }

    package func role(_ name: String) throws(StateDamage) -> RoleRecord? {
        try find(Key(.role).text(name)) { if case .role(let record) = $0 { record } else { nil } }
    }

    package func assignment(_ id: String) throws(StateDamage) -> AssignmentRecord? {
        try find(Key(.assignment).text(id)) { if case .assignment(let record) = $0 { record } else { nil } }
    }

    package func resource(_ id: EntityName) throws(StateDamage) -> ResourceRecord? {
        try find(Key(.resource).entity(id)) { if case .resource(let record) = $0 { record } else { nil } }
    }

    package func token(_ id: String) throws(StateDamage) -> TokenRecord? {
        try find(Key(.token).text(id)) { if case .token(let record) = $0 { record } else { nil } }
    }

    package func token(secretDigest: Digest) throws(StateDamage) -> TokenRecord? {
        guard let id = view.value(for: Key(.tokenByDigest).digest(secretDigest).bytes) else { return nil }
        return try token(String(decoding: id, as: UTF8.self))
    }

    package func policySet(_ name: String) throws(StateDamage) -> PolicySetRecord? {
        try find(Key(.policySet).text(name)) { if case .policySet(let record) = $0 { record } else { nil } }
    }

    package func policyVersion(_ set: String, _ version: UInt64) throws(StateDamage) -> PolicyVersionRecord? {
        try find(Key(.policyVersion).text(set).number(version)) {
            if case .policyVersion(let record) = $0 { record } else { nil }
        }
    }

    package func revocation(_ id: Digest) throws(StateDamage) -> RevocationRecord? {
        try find(Key(.revocation).digest(id)) { if case .revocation(let record) = $0 { record } else { nil } }
    }

    package func warrant(_ name: String) throws(StateDamage) -> WarrantRecord? {
        try find(Key(.warrant).text(name)) { if case .warrant(let record) = $0 { record } else { nil } }
    }

    package func refusedStatement(_ id: Digest) throws(StateDamage) -> RefusedStatementRecord? {
        try find(Key(.refusedStatement).digest(id)) {
            if case .refusedStatement(let record) = $0 { record } else { nil }
        }
    }

    package func standing(_ subject: RevocationSubject) throws(StateDamage) -> StandingRecord? {
        try find(Key(.standing).subject(subject)) { if case .standing(let record) = $0 { record } else { nil } }
    }

    /// Active when nothing is recorded against the subject.
    package func status(_ subject: RevocationSubject) throws(StateDamage) -> SubjectStatus {
        try standing(subject)?.status ?? .active
    }

    /// Whether there is anybody whose standing is also that of others.
    package var hasCascades: Bool {
        let prefix = Key(.cascades).bytes
        return view.first(atOrAfter: prefix)?.key.starts(with: prefix) ?? false
    }

    package func administrator(_ fingerprint: Digest) throws(StateDamage) -> AdministratorRecord? {
        try find(Key(.administrator).digest(fingerprint)) {
            if case .administrator(let record) = $0 { record } else { nil }
        }
    }

    package func member(_ id: MemberID) throws(StateDamage) -> MemberRecord? {
        try find(Key(.member).member(id)) { if case .member(let record) = $0 { record } else { nil } }
    }

    package func edge(_ id: MemberID) throws(StateDamage) -> EdgeRecord? {
        try find(Key(.edge).member(id)) { if case .edge(let record) = $0 { record } else { nil } }
    }

    /// The current incarnation of a node, which may be a member or an edge.
    package func node(uuid: String) throws(StateDamage) -> MemberSpec? {
        guard let (high, low) = UUIDText.parse(uuid) else { return nil }
        let id = MemberID(high: high, low: low)
        let member = try findFirst(under: Key(.member).node(id)) {
            if case .member(let record) = $0 { record.spec } else { nil }
        }
        if let member { return member }
        return try findFirst(under: Key(.edge).node(id)) { if case .edge(let record) = $0 { record.spec } else { nil } }
    }

    /// The last removed incarnation of a node's id, whichever incarnation is asked for.
    package func formerMember(_ id: MemberID) throws(StateDamage) -> FormerMemberRecord? {
        try find(Key(.formerMember).node(id)) { if case .formerMember(let record) = $0 { record } else { nil } }
    }

    package func joinTicket(_ name: String) throws(StateDamage) -> JoinTicketRecord? {
        try find(Key(.joinTicket).text(name)) { if case .joinTicket(let record) = $0 { record } else { nil } }
    }

    /// What became of the command at an index, while the history holds it.
    package func command(_ index: LogIndex) throws(StateDamage) -> CommandRecord? {
        try find(Key(.command).number(index.number)) { if case .command(let record) = $0 { record } else { nil } }
    }

    /// Nil before the first entry of the log was applied.
    package func cluster() throws(StateDamage) -> ClusterRecord? {
        try find(Key(.cluster)) { if case .cluster(let record) = $0 { record } else { nil } }
    }

    package func settings() throws(StateDamage) -> SettingsRecord? {
        try find(Key(.settings)) { if case .settings(let record) = $0 { record } else { nil } }
    }

    package func ledger() throws(StateDamage) -> LedgerRecord? {
        try find(Key(.ledger)) { if case .ledger(let record) = $0 { record } else { nil } }
    }

    func callerRecord(_ caller: Caller) throws(StateDamage) -> CallerRecord? {
        try find(Key(.caller).caller(caller)) { if case .caller(let record) = $0 { record } else { nil } }
    }

    package var stateRoot: Digest { StateTree.root(in: view) }

    func find<Found>(_ key: Key, as cast: (StoredRecord) -> Found?) throws(StateDamage) -> Found? {
        guard let bytes = view.value(for: key.bytes) else { return nil }
        return try decode(bytes, at: key.bytes, as: cast)
    }

    private func findFirst<Found>(under prefix: Key, as cast: (StoredRecord) -> Found?) throws(StateDamage) -> Found? {
        guard let row = view.first(atOrAfter: prefix.bytes), row.key.starts(with: prefix.bytes) else { return nil }
        return try decode(row.value, at: row.key, as: cast)
    }

    func decode<Found>(_ bytes: [UInt8], at key: [UInt8], as cast: (StoredRecord) -> Found?) throws(StateDamage)
        -> Found
    {
        let record: StoredRecord
        do { record = try codec.decodeRecord(bytes) } catch { throw StateDamage(key: key, reason: error.reason) }
        // A record under another record's key would be a valid answer to the wrong question.
        guard let found = cast(record), record.key == key else {
            throw StateDamage(key: key, reason: "holds another record")
        }
        return found
    }
}
