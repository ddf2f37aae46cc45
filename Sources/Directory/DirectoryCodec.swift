/// Bytes of commands and records. `Wire` implements it with Protocol Buffers.
///
/// Encoding is deterministic: equal values have equal bytes in every process and on every platform, since the state
/// root covers them. Decoding what `encode` gave returns an equal value.
package protocol DirectoryCodec: Sendable {
    func encode(_ command: Command) -> [UInt8]
    /// Throws for bytes that are no command, or one that this program does not know.
    func decodeCommand(_ bytes: [UInt8]) throws(DirectoryDecodeError) -> Command
    func encode(_ record: StoredRecord) -> [UInt8]
    func decodeRecord(_ bytes: [UInt8]) throws(DirectoryDecodeError) -> StoredRecord
}

/// Bytes that do not decode, and in a few words why.
package struct DirectoryDecodeError: Error, Hashable, Sendable, CustomStringConvertible {
    package let reason: String

    package init(_ reason: String) { self.reason = reason }

    package var description: String { reason }
}

/// Everything that the replicated state holds, one case a table. Indirect, since records go through many hands on their way
/// from and to their bytes.
package indirect enum StoredRecord: Hashable, Sendable {
    case cluster(ClusterRecord)
    case ledger(LedgerRecord)
    case settings(SettingsRecord)
    case principal(PrincipalRecord)
    case role(RoleRecord)
    case assignment(AssignmentRecord)
    case resource(ResourceRecord)
    case token(TokenRecord)
    case policySet(PolicySetRecord)
    case policyVersion(PolicyVersionRecord)
    case revocation(RevocationRecord)
    case standing(StandingRecord)
    case administrator(AdministratorRecord)
    case member(MemberRecord)
    case command(CommandRecord)
    case caller(CallerRecord)
    case formerMember(FormerMemberRecord)
    case joinTicket(JoinTicketRecord)
    case warrant(WarrantRecord)
    case refusedStatement(RefusedStatementRecord)
    case edge(EdgeRecord)
    case rollout(RolloutRecord)
}
