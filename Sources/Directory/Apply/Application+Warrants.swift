internal import Identity
internal import Kernel

extension Application {
    mutating func issue(_ spec: WarrantSpec) throws(DirectoryError) -> CommandResult.Done {
        try check(Grammar.isName(spec.name), "name")
        try check(spec.key.count == Limits.publicKeyByteCount, "key")
        try check(time < spec.expiresAt, "expiresAt")
        try check((1...Limits.statementsPerWarrant).contains(spec.budget), "budget")
        try check(spec.scope.isValid, "scope")
        guard try read({ view throws(StateDamage) in try view.warrant(spec.name) }) == nil else {
            throw .refused(.alreadyExists, "warrant/\(spec.name)")
        }
        let request = ListRequest(limit: Limits.warrants)
        let all = try read { view throws(StateDamage) in try view.warrants(request).items }
        guard all.count < Limits.warrants else { throw .refused(.limitReached, "warrants") }
        let record = WarrantRecord(spec: spec, issuer: command.caller, metadata: metadata(replacing: nil))
        store(.warrant(record))
        return done(record.metadata, created: [spec.name])
    }

    mutating func withdrawWarrant(_ name: String) throws(DirectoryError) -> CommandResult.Done {
        guard let old = try read({ view throws(StateDamage) in try view.warrant(name) }) else {
            throw .refused(.notFound, "warrant/\(name)")
        }
        guard old.state == .valid else { return done(old.metadata) }
        let record = old.changed(to: .withdrawn, metadata(replacing: old.metadata))
        store(.warrant(record))
        return done(record.metadata)
    }

    /// The log's word on a statement that was made outside of it. Whoever has it pending goes by that from here on.
    ///
    /// The voter that brings it has checked the signature, as it checks what callers show.
    mutating func judge(_ signed: SignedStatement) throws(DirectoryError) -> CommandResult.Done {
        let recorded = try read { view throws(StateDamage) in try view.revocation(signed.id)?.index }
        let refused = try read { view throws(StateDamage) in try view.refusedStatement(signed.id)?.index }
        if let known = recorded ?? refused { return CommandResult.Done(revision: known, objectRevision: known) }
        // No voter in order brings it. Another signature may be the right one, so nothing is kept of this.
        if let refusal = try read({ view throws(StateDamage) in try view.lastingRefusal(of: signed) }) {
            throw .refused(.invalid, refusal.rawValue)
        }
        let time = time
        if let refusal = try read({ view throws(StateDamage) in try view.refusal(of: signed, at: time) }) {
            return try refuse(signed, refusal)
        }
        return try record(signed)
    }

    private mutating func refuse(_ signed: SignedStatement, _ refusal: StatementRefusal) throws(DirectoryError)
        -> CommandResult.Done
    {
        // So that whoever has the key of an old warrant cannot fill the state.
        let others = view.statements(under: signed.statement.warrant, sequence: signed.statement.sequence)
        guard others.count < Limits.statementsPerSequence else { throw .refused(.limitReached, signed.id.hex) }
        let record = RefusedStatementRecord(statement: signed, refusal: refusal, index: index, time: time)
        store(.refusedStatement(record))
        events.append(.statementJudged(signed, recordedAt: nil))
        return CommandResult.Done(revision: index, objectRevision: index)
    }

    private mutating func record(_ signed: SignedStatement) throws(DirectoryError) -> CommandResult.Done {
        let statement = signed.statement
        guard let warrant = try read({ view throws(StateDamage) in try view.warrant(statement.warrant) }) else {
            throw .refused(.notFound, "warrant/\(statement.warrant)")
        }
        let isSecond = !view.statements(under: statement.warrant, sequence: statement.sequence).isEmpty
        let standing = try read { view throws(StateDamage) in try view.standing(statement.subject) }
        let done = state(
            RevocationRecord(
                id: signed.id,
                kind: statement.kind,
                subject: statement.subject,
                cascades: statement.cascades,
                reason: statement.reason,
                revoker: warrant.issuer,
                index: index,
                time: time,
                warrant: WarrantMark(signed)
            ),
            standing
        )
        let state = isSecond ? WarrantRecord.State.frozen : warrant.state
        store(.warrant(warrant.changed(to: state, spent: warrant.spent + 1, metadata(replacing: warrant.metadata))))
        events.append(.statementJudged(signed, recordedAt: index))
        return done
    }
}

extension WarrantRecord {
    func changed(to state: State, spent: UInt32? = nil, _ metadata: RecordMetadata) -> WarrantRecord {
        WarrantRecord(spec: spec, issuer: issuer, state: state, spent: spent ?? self.spent, metadata: metadata)
    }
}

extension WarrantSpec.Scope {
    fileprivate var isValid: Bool {
        switch self {
        case .everybody, .ownedBy: true
        case .principals(let principals):
            (1...Limits.principalsPerWarrant).contains(principals.count) && principals == principals.sortedUnique()
        }
    }
}
