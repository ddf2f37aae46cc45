internal import Directory
internal import FoundationEssentials
internal import Kernel

extension ProtoStoredRecord: ProtoConvertible {
    init(_ record: StoredRecord) {
        switch record {
        case .cluster(let record): self.record = .cluster(ProtoClusterRecord(record))
        case .ledger(let record): self.record = .ledger(ProtoLedgerRecord(record))
        case .settings(let record): self.record = .settings(ProtoSettingsRecord(record))
        case .principal(let record): self.record = .principal(ProtoPrincipalRecord(record))
        case .role(let record): self.record = .role(ProtoRoleRecord(record))
        case .assignment(let record): self.record = .assignment(ProtoAssignmentRecord(record))
        case .resource(let record): self.record = .resource(ProtoResourceRecord(record))
        case .token(let record): self.record = .token(ProtoTokenRecord(record))
        case .policySet(let record): self.record = .policySet(ProtoPolicySetRecord(record))
        case .policyVersion(let record): self.record = .policyVersion(ProtoPolicyVersionRecord(record))
        case .revocation(let record): self.record = .revocation(ProtoRevocationRecord(record))
        case .standing(let record): self.record = .standing(ProtoStandingRecord(record))
        case .administrator(let record): self.record = .administrator(ProtoAdministratorRecord(record))
        case .member(let record): self.record = .member(ProtoMemberRecord(record))
        case .command(let record): self.record = .command(ProtoCommandRecord(record))
        case .caller(let record): self.record = .caller(ProtoCallerRecord(record))
        case .formerMember(let record): self.record = .formerMember(ProtoFormerMemberRecord(record))
        case .joinTicket(let record): self.record = .joinTicket(ProtoJoinTicketRecord(record))
        case .warrant(let record): self.record = .warrant(ProtoWarrantRecord(record))
        case .refusedStatement(let record): self.record = .refusedStatement(ProtoRefusedStatementRecord(record))
        case .edge(let record): self.record = .edge(ProtoEdgeRecord(record))
        case .rollout(let record): self.record = .rollout(ProtoRolloutRecord(record))
        }
    }

    func value() throws(WireError) -> StoredRecord {
        switch record {
        case .cluster(let record): .cluster(record.value())
        case .ledger(let record): .ledger(record.value())
        case .settings(let record): .settings(record.value())
        case .principal(let record): .principal(try record.value())
        case .role(let record): .role(record.value())
        case .assignment(let record): .assignment(try record.value())
        case .resource(let record): .resource(try record.value())
        case .token(let record): .token(try record.value())
        case .policySet(let record): .policySet(record.value())
        case .policyVersion(let record): .policyVersion(try record.value())
        case .revocation(let record): .revocation(try record.value())
        case .standing(let record): .standing(try record.value())
        case .administrator(let record): .administrator(try record.value())
        case .member(let record): .member(try record.value())
        case .command(let record): .command(try record.value())
        case .caller(let record): .caller(try record.value())
        case .formerMember(let record): .formerMember(try record.value())
        case .joinTicket(let record): .joinTicket(try record.value())
        case .warrant(let record): .warrant(try record.value())
        case .refusedStatement(let record): .refusedStatement(try record.value())
        case .edge(let record): .edge(try record.value())
        case .rollout(let record): .rollout(try record.value())
        case nil: throw .missing("record")
        }
    }
}

extension ProtoRecordMetadata: ProtoConvertible {
    init(_ metadata: RecordMetadata) {
        createdAt = metadata.createdAt.milliseconds
        updatedAt = metadata.updatedAt.milliseconds
        revision = metadata.revision.number
    }

    func value() -> RecordMetadata {
        RecordMetadata(
            createdAt: WallTime(milliseconds: createdAt),
            updatedAt: WallTime(milliseconds: updatedAt),
            revision: LogIndex(revision)
        )
    }
}

extension ProtoPrincipalRecord: ProtoConvertible {
    init(_ record: PrincipalRecord) {
        spec = ProtoPrincipalSpec(record.spec)
        metadata = ProtoRecordMetadata(record.metadata)
    }

    func value() throws(WireError) -> PrincipalRecord {
        PrincipalRecord(spec: try spec.value(), metadata: metadata.value())
    }
}

extension ProtoRoleRecord: ProtoConvertible {
    init(_ record: RoleRecord) {
        spec = ProtoRoleSpec(record.spec)
        metadata = ProtoRecordMetadata(record.metadata)
    }

    func value() -> RoleRecord { RoleRecord(spec: spec.value(), metadata: metadata.value()) }
}

extension ProtoAssignmentRecord: ProtoConvertible {
    init(_ record: AssignmentRecord) {
        spec = ProtoAssignmentSpec(record.spec)
        grantor = ProtoCaller(record.grantor)
        metadata = ProtoRecordMetadata(record.metadata)
    }

    func value() throws(WireError) -> AssignmentRecord {
        AssignmentRecord(spec: try spec.value(), grantor: try grantor.value(), metadata: metadata.value())
    }
}

extension ProtoResourceRecord: ProtoConvertible {
    init(_ record: ResourceRecord) {
        spec = ProtoResourceSpec(record.spec)
        metadata = ProtoRecordMetadata(record.metadata)
    }

    func value() throws(WireError) -> ResourceRecord {
        ResourceRecord(spec: try spec.value(), metadata: metadata.value())
    }
}

extension ProtoTokenRecord: ProtoConvertible {
    init(_ record: TokenRecord) {
        grant = ProtoTokenGrant(record.grant)
        issuer = ProtoCaller(record.issuer)
        metadata = ProtoRecordMetadata(record.metadata)
    }

    func value() throws(WireError) -> TokenRecord {
        TokenRecord(grant: try grant.value(), issuer: try issuer.value(), metadata: metadata.value())
    }
}

extension ProtoAdministratorRecord: ProtoConvertible {
    init(_ record: AdministratorRecord) {
        spec = ProtoAdministratorSpec(record.spec)
        metadata = ProtoRecordMetadata(record.metadata)
    }

    func value() throws(WireError) -> AdministratorRecord {
        AdministratorRecord(spec: try spec.value(), metadata: metadata.value())
    }
}
