internal import Identity
package import Kernel

/// What a new cluster that goes on from an old one's state changes in it, before its first entry.
package struct Restoration: Hashable, Sendable {
    /// The voters of the new cluster. Whoever was a member or an edge before is one no more.
    package let voters: [MemberRecord]
    /// Statements that survivors have recorded, to be in force whatever the restored state knows.
    package let revocations: [RevocationRecord]
    /// The highest count of statements that survivors have let anybody see.
    package let epoch: UInt64
    /// Takes every principal out of action until an administrator has looked at it, where revocations may be lost.
    package let quarantinesPrincipals: Bool
    /// For the history, and for those who are quarantined.
    package let reason: String

    package init(
        voters: [MemberRecord],
        revocations: [RevocationRecord] = [],
        epoch: UInt64 = 0,
        quarantinesPrincipals: Bool,
        reason: String
    ) {
        self.voters = voters
        self.revocations = revocations
        self.epoch = epoch
        self.quarantinesPrincipals = quarantinesPrincipals
        self.reason = reason
    }

    /// What it came to.
    package struct Outcome: Hashable, Sendable {
        /// Statements that the state did not know.
        package var addedRevocations = 0
        package var quarantinedPrincipals = 0
        /// Edges among them.
        package var formerMembers = 0
    }
}

extension DirectoryState {
    /// Changes a state outside of any log, by an operator's hand: the one way past the log, for when that is lost.
    ///
    /// - Parameters:
    ///   - index: The revision that the state has afterwards, past every one that anybody has seen.
    ///   - time: Of the operator's clock. Log time does not go back for it.
    package static func restore<Base: KeyValueTransaction>(
        _ restoration: Restoration,
        at index: LogIndex,
        time: WallTime,
        codec: any DirectoryCodec,
        to transaction: inout TrackedTransaction<Base>
    ) throws(DirectoryError) -> Restoration.Outcome {
        let rows = TransactionBox(consume transaction)
        var application = Application(
            transaction: CommandTransaction(rows),
            codec: codec,
            supported: .supported,
            command: .restoration(index),
            change: nil,
            index: index,
            time: time,
            policies: ParsedPolicies()
        )
        defer { transaction = rows.transaction }
        return try application.restore(restoration)
    }
}

extension Command {
    /// Stands for the restoration where a command is asked for its caller; it never is in a log.
    fileprivate static func restoration(_ index: LogIndex) -> Command {
        Command(
            caller: .bootstrap,
            authenticatedBy: MemberID(high: 0, low: 0),
            idempotencyKey: "restore-\(index.number)",
            notAfter: .distantFuture,
            body: .raiseFeatureLevel(.first)
        )
    }
}

extension Application {
    fileprivate mutating func restore(_ restoration: Restoration) throws(DirectoryError) -> Restoration.Outcome {
        guard let ledger = try read({ view throws(StateDamage) in try view.ledger() }),
            try read({ view throws(StateDamage) in try view.cluster() }) != nil
        else { throw .refused(.notBootstrapped) }
        try check(!restoration.voters.isEmpty && restoration.voters.count <= Limits.voters, "voters")
        try checkText(restoration.reason, "reason")
        time = max(time, ledger.time)
        epoch = max(ledger.epoch, restoration.epoch)
        var outcome = Restoration.Outcome()
        try replaceMembers(by: restoration.voters, &outcome)
        try haltRollouts()
        for record in restoration.revocations.sorted(by: { ($0.index, $0.id) < ($1.index, $1.id) }) {
            try merge(record, &outcome)
        }
        if restoration.quarantinesPrincipals { try quarantinePrincipals(restoration.reason, &outcome) }
        recordRestoration(restoration, ledger)
        return outcome
    }

    private mutating func replaceMembers(
        by voters: [MemberRecord],
        _ outcome: inout Restoration.Outcome
    ) throws(DirectoryError) {
        for old in try read({ view throws(StateDamage) in try view.allMembers() }) {
            erase(.member(old))
            guard !voters.contains(where: { $0.spec.id == old.spec.id }) else { continue }
            remember(old.spec, old.metadata, &outcome)
        }
        for old in try read({ view throws(StateDamage) in try view.allEdges() }) {
            erase(.edge(old))
            remember(old.spec, old.metadata, &outcome)
        }
        let request = ListRequest(limit: ListRequest.maximumLimit)
        for ticket in try read({ view throws(StateDamage) in try view.joinTickets(request).items }) {
            erase(.joinTicket(ticket))
        }
        for voter in voters {
            let record = MemberRecord(
                spec: voter.spec,
                isVoter: true,
                instance: voter.instance,
                issuerFingerprint: voter.issuerFingerprint,
                sealKey: voter.sealKey,
                labels: voter.labels,
                metadata: metadata(replacing: nil)
            )
            store(.member(record))
        }
    }

    private mutating func remember(_ spec: MemberSpec, _ metadata: RecordMetadata, _ outcome: inout Restoration.Outcome)
    {
        store(.formerMember(FormerMemberRecord(spec, metadata: self.metadata(replacing: metadata))))
        outcome.formerMembers += 1
    }

    /// A statement that was lifted where it comes from stays in force here if it was in force here: stricter, never laxer.
    private mutating func merge(
        _ record: RevocationRecord,
        _ outcome: inout Restoration.Outcome
    ) throws(DirectoryError) {
        guard try read({ view throws(StateDamage) in try view.revocation(record.id) }) == nil else { return }
        store(.revocation(record))
        outcome.addedRevocations += 1
        epoch += 1
        if let mark = record.warrant { try count(mark) }
        guard record.lift == nil else { return }
        let statement = StandingRecord.Statement(id: record.id, kind: record.kind, cascades: record.cascades)
        try stand(statement, against: record.subject)
    }

    /// As where the log records it: two statements under one number freeze the warrant.
    private mutating func count(_ mark: WarrantMark) throws(DirectoryError) {
        guard let warrant = try read({ view throws(StateDamage) in try view.warrant(mark.warrant) }) else { return }
        let isSecond = view.statements(under: mark.warrant, sequence: mark.sequence).count > 1
        let state = isSecond ? WarrantRecord.State.frozen : warrant.state
        store(.warrant(warrant.changed(to: state, spent: warrant.spent + 1, metadata(replacing: warrant.metadata))))
    }

    private mutating func stand(
        _ statement: StandingRecord.Statement,
        against subject: RevocationSubject
    ) throws(DirectoryError) {
        let standing = try read { view throws(StateDamage) in try view.standing(subject) }
        let record = StandingRecord(
            subject: subject,
            statements: (standing?.statements ?? []) + [statement],
            metadata: metadata(replacing: standing?.metadata)
        )
        store(.standing(record), replacing: standing.map { .standing($0) })
    }

    private mutating func quarantinePrincipals(
        _ reason: String,
        _ outcome: inout Restoration.Outcome
    ) throws(DirectoryError) {
        for kind in PrincipalKind.allCases {
            var cursor: ListCursor?
            repeat {
                let request = ListRequest(after: cursor, limit: ListRequest.maximumLimit)
                let page = try read { view throws(StateDamage) in try view.principals(kind, request) }
                for principal in page.items {
                    guard try quarantine(.principal(principal.spec.id), reason) else { continue }
                    outcome.quarantinedPrincipals += 1
                }
                cursor = page.next
            } while cursor != nil
        }
    }

    /// False for what is quarantined or revoked already.
    private mutating func quarantine(_ subject: RevocationSubject, _ reason: String) throws(DirectoryError) -> Bool {
        let status = try read { view throws(StateDamage) in try view.status(subject) }
        guard status < .quarantined else { return false }
        let record = RevocationRecord(
            id: statementID(.quarantine, subject, reason),
            kind: .quarantine,
            subject: subject,
            reason: reason,
            revoker: .bootstrap,
            index: index,
            time: time
        )
        store(.revocation(record))
        epoch += 1
        try stand(StandingRecord.Statement(id: record.id, kind: .quarantine), against: subject)
        return true
    }

    private mutating func recordRestoration(_ restoration: Restoration, _ ledger: LedgerRecord) {
        let done = CommandResult.Done(revision: index, objectRevision: index)
        store(
            .command(
                CommandRecord(
                    index: index,
                    time: time,
                    caller: .bootstrap,
                    authenticatedBy: command.authenticatedBy,
                    action: "restore",
                    target: restoration.reason.bounded(byteCount: Limits.historyTextByteCount),
                    result: .done(done),
                    idempotencyKey: command.idempotencyKey,
                    notAfter: command.notAfter,
                    bodyDigest: .zero
                )
            )
        )
        store(
            .ledger(
                LedgerRecord(
                    time: time,
                    commandCount: ledger.commandCount + 1,
                    retryFloor: ledger.retryFloor,
                    epoch: epoch
                )
            )
        )
    }
}
