internal import Kernel

/// A row that only helps to find others.
package struct IndexRow: Hashable {
    package let key: [UInt8]
    package let value: [UInt8]

    init(_ key: Key, value: [UInt8] = []) {
        self.key = key.bytes
        self.value = value
    }
}

extension StoredRecord {
    /// Where the record is kept; follows from its content.
    package var key: [UInt8] {
        switch self {
        case .cluster: Key(.cluster).bytes
        case .ledger: Key(.ledger).bytes
        case .settings: Key(.settings).bytes
        case .principal(let record): Key(.principal).principal(record.spec.id).bytes
        case .role(let record): Key(.role).text(record.spec.name).bytes
        case .assignment(let record): Key(.assignment).text(record.spec.id).bytes
        case .resource(let record): Key(.resource).entity(record.spec.id).bytes
        case .token(let record): Key(.token).text(record.grant.id).bytes
        case .policySet(let record): Key(.policySet).text(record.name).bytes
        case .policyVersion(let record): Key(.policyVersion).text(record.set).number(record.version).bytes
        case .revocation(let record): Key(.revocation).digest(record.id).bytes
        case .standing(let record): Key(.standing).subject(record.subject).bytes
        case .administrator(let record): Key(.administrator).digest(record.spec.fingerprint).bytes
        case .member(let record): Key(.member).member(record.spec.id).bytes
        case .command(let record): Key(.command).number(record.index.number).bytes
        case .caller(let record): Key(.caller).caller(record.caller).bytes
        case .formerMember(let record): Key(.formerMember).node(record.id).bytes
        case .joinTicket(let record): Key(.joinTicket).text(record.ticket.name).bytes
        case .warrant(let record): Key(.warrant).text(record.spec.name).bytes
        case .refusedStatement(let record): Key(.refusedStatement).digest(record.statement.id).bytes
        case .edge(let record): Key(.edge).member(record.spec.id).bytes
        case .rollout(let record): Key(.rollout).text(record.spec.set).bytes
        }
    }

    /// The index rows that belong to the record. Those of commands come and go on their own: see `Ledger`.
    package var indexRows: [IndexRow] {
        switch self {
        case .principal(let record):
            [record.spec.owner, record.spec.parent].compactMap { $0 }.sortedUnique().map {
                IndexRow(Key(.principalDependents).principal($0).principal(record.spec.id))
            }
        case .role(let record):
            record.spec.parents.map { IndexRow(Key(.roleChildren).text($0).text(record.spec.name)) }
        case .assignment(let record):
            [
                IndexRow(Key(.assignmentsByPrincipal).principal(record.spec.principal).text(record.spec.id)),
                IndexRow(Key(.assignmentsByRole).text(record.spec.role).text(record.spec.id)),
            ]
        case .resource(let record):
            record.spec.parents.map { IndexRow(Key(.resourceChildren).entity($0).entity(record.spec.id)) }
                + [record.spec.owner].compactMap { $0 }.map {
                    IndexRow(Key(.ownedResources).principal($0).entity(record.spec.id))
                }
        case .token(let record):
            [
                IndexRow(Key(.tokensByPrincipal).principal(record.grant.principal).text(record.grant.id)),
                IndexRow(Key(.tokenByDigest).digest(record.grant.secretDigest), value: Array(record.grant.id.utf8)),
            ]
        case .revocation(let record):
            [IndexRow(Key(.revocationsBySubject).subject(record.subject).digest(record.id))]
                + [record.warrant].compactMap { $0 }.map {
                    IndexRow(Key(.statementsByWarrant).text($0.warrant).number(UInt64($0.sequence)).digest(record.id))
                }
        case .refusedStatement(let record):
            [
                IndexRow(
                    Key(.statementsByWarrant).text(record.statement.statement.warrant)
                        .number(UInt64(record.statement.statement.sequence)).digest(record.statement.id)
                )
            ]
        case .standing(let record): record.cascade == nil ? [] : [IndexRow(Key(.cascades).subject(record.subject))]
        case .cluster, .ledger, .settings, .policySet, .policyVersion, .administrator, .member, .command,
            .caller, .formerMember, .joinTicket, .warrant, .edge, .rollout:
            []
        }
    }
}
