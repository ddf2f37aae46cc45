internal import Directory
internal import FoundationEssentials
internal import Kernel

extension ProtoPolicySetRecord: ProtoConvertible {
    init(_ record: PolicySetRecord) {
        name = record.name
        if let version = record.activeVersion { activeVersion = version }
        latestVersion = record.latestVersion
        metadata = ProtoRecordMetadata(record.metadata)
    }

    func value() -> PolicySetRecord {
        PolicySetRecord(
            name: name,
            activeVersion: hasActiveVersion ? activeVersion : nil,
            latestVersion: latestVersion,
            metadata: metadata.value()
        )
    }
}

extension ProtoPolicyVersionRecord: ProtoConvertible {
    init(_ record: PolicyVersionRecord) {
        set = record.set
        version = record.version
        text = record.text
        note = record.note
        author = ProtoCaller(record.author)
        state = ProtoPolicyState(record.state)
        if let time = record.activatedAt { activatedAt = time.milliseconds }
        metadata = ProtoRecordMetadata(record.metadata)
    }

    func value() throws(WireError) -> PolicyVersionRecord {
        PolicyVersionRecord(
            set: set,
            version: version,
            text: text,
            note: note,
            author: try author.value(),
            state: try state.value(),
            activatedAt: hasActivatedAt ? WallTime(milliseconds: activatedAt) : nil,
            metadata: metadata.value()
        )
    }
}

extension ProtoPolicyState {
    init(_ state: PolicyVersionRecord.State) {
        switch state {
        case .draft: self = .draft
        case .active: self = .active
        case .superseded: self = .superseded
        }
    }

    func value() throws(WireError) -> PolicyVersionRecord.State {
        switch self {
        case .draft: .draft
        case .active: .active
        case .superseded: .superseded
        case .unspecified, .UNRECOGNIZED: throw .invalid("policy.state", reason: "\(rawValue) is not known")
        }
    }
}

extension ProtoRevocationKind {
    init(_ kind: RevocationKind) {
        switch kind {
        case .restrict: self = .restrict
        case .quarantine: self = .quarantine
        case .revoke: self = .revoke
        }
    }

    func value() throws(WireError) -> RevocationKind {
        switch self {
        case .restrict: .restrict
        case .quarantine: .quarantine
        case .revoke: .revoke
        case .unspecified, .UNRECOGNIZED: throw .invalid("revocation.kind", reason: "\(rawValue) is not known")
        }
    }
}

extension ProtoRevocationRecord: ProtoConvertible {
    init(_ record: RevocationRecord) {
        id = Data(record.id.bytes)
        kind = ProtoRevocationKind(record.kind)
        subject = ProtoRevocationSubject(record.subject)
        cascade = record.cascades
        reason = record.reason
        revoker = ProtoCaller(record.revoker)
        index = record.index.number
        time = record.time.milliseconds
        if let warrant = record.warrant { self.warrant = ProtoWarrantMark(warrant) }
        if let lift = record.lift { self.lift = ProtoLift(lift) }
    }

    func value() throws(WireError) -> RevocationRecord {
        RevocationRecord(
            id: try digest(id, "revocation.id"),
            kind: try kind.value(),
            subject: try subject.value(),
            cascades: cascade,
            reason: reason,
            revoker: try revoker.value(),
            index: LogIndex(index),
            time: WallTime(milliseconds: time),
            warrant: hasWarrant ? warrant.value() : nil,
            lift: hasLift ? try lift.value() : nil
        )
    }
}

extension ProtoLift: ProtoConvertible {
    init(_ lift: RevocationRecord.Lift) {
        by = ProtoCaller(lift.by)
        reason = lift.reason
        index = lift.index.number
        time = lift.time.milliseconds
    }

    func value() throws(WireError) -> RevocationRecord.Lift {
        RevocationRecord.Lift(
            by: try by.value(),
            reason: reason,
            index: LogIndex(index),
            time: WallTime(milliseconds: time)
        )
    }
}

extension ProtoStandingRecord: ProtoConvertible {
    init(_ record: StandingRecord) {
        subject = ProtoRevocationSubject(record.subject)
        statements = record.statements.map(ProtoStandingStatement.init)
        metadata = ProtoRecordMetadata(record.metadata)
    }

    func value() throws(WireError) -> StandingRecord {
        StandingRecord(subject: try subject.value(), statements: try values(statements), metadata: metadata.value())
    }
}

extension ProtoStandingStatement: ProtoConvertible {
    init(_ statement: StandingRecord.Statement) {
        id = Data(statement.id.bytes)
        kind = ProtoRevocationKind(statement.kind)
        cascade = statement.cascades
    }

    func value() throws(WireError) -> StandingRecord.Statement {
        StandingRecord.Statement(id: try digest(id, "statement.id"), kind: try kind.value(), cascades: cascade)
    }
}
