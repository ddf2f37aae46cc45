internal import Identity
internal import Kernel

extension Application {
    mutating func revoke(
        _ subject: RevocationSubject,
        _ reason: String,
        cascades: Bool
    ) throws(DirectoryError) -> CommandResult.Done {
        try checkText(reason, "reason")
        // Nobody is below a token.
        if case .token = subject { try check(!cascades, "cascade") }
        let standing = try read { view throws(StateDamage) in try view.standing(subject) }
        if let standing, let earlier = standing.statements.first(where: { $0.covers(.revoke, cascades: cascades) }) {
            return done(standing.metadata, created: [earlier.id.hex])
        }
        try checkKnown(subject, standing)
        return state(command(.revoke, against: subject, reason, cascades: cascades), standing)
    }

    mutating func quarantine(
        _ principal: PrincipalID,
        _ level: QuarantineLevel,
        _ reason: String,
        cascades: Bool
    ) throws(DirectoryError) -> CommandResult.Done {
        try checkText(reason, "reason")
        let subject = RevocationSubject.principal(principal)
        let standing = try read { view throws(StateDamage) in try view.standing(subject) }
        try checkKnown(subject, standing)
        guard (standing?.statements.count ?? 0) < Limits.statementsPerSubject else {
            throw .refused(.limitReached, subject.description)
        }
        return state(command(RevocationKind(level), against: subject, reason, cascades: cascades), standing)
    }

    /// A name that was never used is more likely mistyped: to accept it would let the true one go on.
    private func checkKnown(_ subject: RevocationSubject, _ standing: StandingRecord?) throws(DirectoryError) {
        guard standing == nil else { return }
        let isKnown =
            switch subject {
            case .principal(let id): try read { view throws(StateDamage) in try view.principal(id) } != nil
            case .token(let id): try read { view throws(StateDamage) in try view.token(id) } != nil
            }
        guard isKnown else { throw .refused(.notFound, subject.description) }
    }

    private func command(
        _ kind: RevocationKind,
        against subject: RevocationSubject,
        _ reason: String,
        cascades: Bool
    ) -> RevocationRecord {
        RevocationRecord(
            id: statementID(kind, subject, reason, cascades: cascades),
            kind: kind,
            subject: subject,
            cascades: cascades,
            reason: reason,
            revoker: command.caller,
            index: index,
            time: time
        )
    }

    /// Puts a new statement in force.
    mutating func state(_ record: RevocationRecord, _ standing: StandingRecord?) -> CommandResult.Done {
        store(.revocation(record))
        let statement = StandingRecord.Statement(id: record.id, kind: record.kind, cascades: record.cascades)
        let metadata = update(standing, of: record.subject, to: (standing?.statements ?? []) + [statement])
        epoch += 1
        events.append(.standingChanged(record.subject, epoch: epoch))
        return done(metadata, created: [record.id.hex])
    }

    private mutating func update(
        _ standing: StandingRecord?,
        of subject: RevocationSubject,
        to statements: [StandingRecord.Statement]
    ) -> RecordMetadata {
        let metadata = metadata(replacing: standing?.metadata)
        store(
            .standing(StandingRecord(subject: subject, statements: statements, metadata: metadata)),
            replacing: standing.map { .standing($0) }
        )
        return metadata
    }

    /// The log index makes two statements of equal content two statements.
    func statementID(
        _ kind: RevocationKind,
        _ subject: RevocationSubject,
        _ reason: String,
        cascades: Bool = false
    ) -> Digest {
        var hasher = DigestHasher()
        let head = cascades ? "reeve cascading statement 1" : "reeve statement 1"
        for text in [head, kind.rawValue, subject.description, reason, command.caller.description] {
            hasher.update(UInt64(text.utf8.count))
            hasher.update(Array(text.utf8))
        }
        hasher.update(index.number)
        return hasher.finalize()
    }

    mutating func lift(_ statements: [Digest], _ reason: String) throws(DirectoryError) -> CommandResult.Done {
        try checkText(reason, "reason")
        let records = try liftable(statements)
        for record in records where record.lift == nil { try lift(record, reason) }
        return CommandResult.Done(revision: index, objectRevision: index)
    }

    /// The statements named, each once, if all of them may be lifted.
    private func liftable(_ statements: [Digest]) throws(DirectoryError) -> [RevocationRecord] {
        try check(!statements.isEmpty, "statements")
        guard statements.count <= Limits.statementsPerLift else { throw .refused(.tooLarge, "statements") }
        var records: [RevocationRecord] = []
        for id in statements.sortedUnique() {
            guard let record = try read({ view throws(StateDamage) in try view.revocation(id) }) else {
                throw .refused(.notFound, id.hex)
            }
            guard record.kind != .revoke else { throw .refused(.notLiftable, id.hex) }
            records.append(record)
        }
        return records
    }

    private mutating func lift(_ record: RevocationRecord, _ reason: String) throws(DirectoryError) {
        let lift = RevocationRecord.Lift(by: command.caller, reason: reason, index: index, time: time)
        store(.revocation(record.lifted(lift)), replacing: .revocation(record))
        guard let standing = try read({ view throws(StateDamage) in try view.standing(record.subject) }) else { return }
        _ = update(standing, of: record.subject, to: standing.statements.filter { $0.id != record.id })
        events.append(.standingChanged(record.subject, epoch: epoch))
    }
}

extension RevocationKind {
    fileprivate init(_ level: QuarantineLevel) {
        switch level {
        case .restrict: self = .restrict
        case .quarantine: self = .quarantine
        }
    }
}
