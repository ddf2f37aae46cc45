internal import Directory
internal import FoundationEssentials
internal import Kernel
internal import SwiftProtobuf

extension ProtoWarrantSpec: ProtoConvertible {
    init(_ spec: WarrantSpec) {
        name = spec.name
        key = Data(spec.key)
        scope = ProtoWarrantScope(spec.scope)
        level = ProtoRevocationKind(spec.level)
        expiresAt = spec.expiresAt.milliseconds
        budget = spec.budget
        cascade = spec.cascades
    }

    func value() throws(WireError) -> WarrantSpec {
        WarrantSpec(
            name: name,
            key: try bounded(key, to: Limits.publicKeyByteCount, "warrant.key"),
            scope: try scope.value(),
            level: try level.value(),
            cascades: cascade,
            expiresAt: WallTime(milliseconds: expiresAt),
            budget: budget
        )
    }
}

extension ProtoWarrantScope: ProtoConvertible {
    init(_ scope: WarrantSpec.Scope) {
        switch scope {
        case .everybody: self.scope = .everybody(ProtoNothing())
        case .principals(let principals):
            self.scope = .principals(.with { $0.principals = principals.map(ProtoPrincipalID.init) })
        case .ownedBy(let owner): self.scope = .ownedBy(ProtoPrincipalID(owner))
        }
    }

    func value() throws(WireError) -> WarrantSpec.Scope {
        switch scope {
        case .everybody: .everybody
        case .principals(let list): .principals(try values(list.principals))
        case .ownedBy(let owner): .ownedBy(try owner.value())
        case nil: throw .missing("warrant.scope")
        }
    }
}

extension ProtoStatement: ProtoConvertible {
    init(_ statement: Statement) {
        lineage = ProtoLineage(statement.lineage)
        warrant = statement.warrant
        sequence = statement.sequence
        kind = ProtoRevocationKind(statement.kind)
        subject = ProtoRevocationSubject(statement.subject)
        reason = statement.reason
        issuedAt = statement.issuedAt.milliseconds
        cascade = statement.cascades
    }

    func value() throws(WireError) -> Statement {
        Statement(
            lineage: lineage.value(),
            warrant: warrant,
            sequence: sequence,
            kind: try kind.value(),
            subject: try subject.value(),
            cascades: cascade,
            reason: reason,
            issuedAt: WallTime(milliseconds: issuedAt)
        )
    }
}

extension ProtoSignedStatement: ProtoConvertible {
    init(_ signed: SignedStatement) {
        statement = ProtoStatement(signed.statement)
        signature = Data(signed.signature)
    }

    func value() throws(WireError) -> SignedStatement {
        SignedStatement(
            try statement.value(),
            signature: try bounded(signature, to: SignedStatement.signatureByteCount, "statement.signature")
        )
    }
}

extension ProtoWarrantMark: ProtoConvertible {
    init(_ mark: WarrantMark) {
        warrant = mark.warrant
        sequence = mark.sequence
        issuedAt = mark.issuedAt.milliseconds
        signature = Data(mark.signature)
    }

    func value() -> WarrantMark {
        WarrantMark(
            warrant: warrant,
            sequence: sequence,
            issuedAt: WallTime(milliseconds: issuedAt),
            signature: [UInt8](signature)
        )
    }
}

extension ProtoWarrantRecord: ProtoConvertible {
    init(_ record: WarrantRecord) {
        spec = ProtoWarrantSpec(record.spec)
        issuer = ProtoCaller(record.issuer)
        state = ProtoWarrantState(record.state)
        spent = record.spent
        metadata = ProtoRecordMetadata(record.metadata)
    }

    func value() throws(WireError) -> WarrantRecord {
        WarrantRecord(
            spec: try spec.value(),
            issuer: try issuer.value(),
            state: try state.value(),
            spent: spent,
            metadata: metadata.value()
        )
    }
}

extension ProtoWarrantState {
    init(_ state: WarrantRecord.State) {
        switch state {
        case .valid: self = .valid
        case .withdrawn: self = .withdrawn
        case .frozen: self = .frozen
        }
    }

    func value() throws(WireError) -> WarrantRecord.State {
        switch self {
        case .valid: .valid
        case .withdrawn: .withdrawn
        case .frozen: .frozen
        case .unspecified, .UNRECOGNIZED: throw .invalid("warrant.state", reason: "\(rawValue) is not known")
        }
    }
}

extension ProtoRefusedStatementRecord: ProtoConvertible {
    init(_ record: RefusedStatementRecord) {
        statement = ProtoSignedStatement(record.statement)
        refusal = ProtoStatementRefusal(record.refusal)
        index = record.index.number
        time = record.time.milliseconds
    }

    func value() throws(WireError) -> RefusedStatementRecord {
        RefusedStatementRecord(
            statement: try statement.value(),
            refusal: try refusal.value(),
            index: LogIndex(index),
            time: WallTime(milliseconds: time)
        )
    }
}

extension ProtoStatementRefusal {
    init(_ refusal: StatementRefusal) {
        switch refusal {
        case .otherCluster: self = .otherCluster
        case .unknownWarrant: self = .unknownWarrant
        case .warrantWithdrawn: self = .warrantWithdrawn
        case .warrantExpired: self = .warrantExpired
        case .warrantFrozen: self = .warrantFrozen
        case .outOfScope: self = .outOfScope
        case .levelTooHigh: self = .levelTooHigh
        case .overBudget: self = .overBudget
        case .badSignature: self = .badSignature
        case .unknownSubject: self = .unknownSubject
        case .limitReached: self = .limitReached
        case .cascadeNotAllowed: self = .cascadeNotAllowed
        case .invalid: self = .invalid
        }
    }

    func value() throws(WireError) -> StatementRefusal {
        switch self {
        case .otherCluster: .otherCluster
        case .unknownWarrant: .unknownWarrant
        case .warrantWithdrawn: .warrantWithdrawn
        case .warrantExpired: .warrantExpired
        case .warrantFrozen: .warrantFrozen
        case .outOfScope: .outOfScope
        case .levelTooHigh: .levelTooHigh
        case .overBudget: .overBudget
        case .badSignature: .badSignature
        case .unknownSubject: .unknownSubject
        case .limitReached: .limitReached
        case .cascadeNotAllowed: .cascadeNotAllowed
        case .invalid: .invalid
        case .unspecified, .UNRECOGNIZED: throw .invalid("statement.refusal", reason: "\(rawValue) is not known")
        }
    }
}
