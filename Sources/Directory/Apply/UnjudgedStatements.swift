package import Kernel

extension DirectoryState {
    /// Writes statements that are in force on a node, and that the log has not judged, as if it had recorded them: into a copy
    /// of its state that shows what was taken from whom, and that no log goes on from.
    ///
    /// - Parameters:
    ///   - index: What the state reflects.
    ///   - time: Of the log there.
    package static func show(
        _ statements: [SignedStatement],
        at index: LogIndex,
        time: WallTime,
        codec: any DirectoryCodec,
        in transaction: inout some KeyValueTransaction
    ) throws(StateDamage) {
        for signed in statements {
            let view = DirectoryView(transaction, codec: codec)
            guard try view.revocation(signed.id) == nil, try view.refusedStatement(signed.id) == nil,
                let warrant = try view.warrant(signed.statement.warrant)
            else { continue }
            let record = StoredRecord.revocation(
                RevocationRecord(
                    id: signed.id,
                    kind: signed.statement.kind,
                    subject: signed.statement.subject,
                    cascades: signed.statement.cascades,
                    reason: signed.statement.reason,
                    revoker: warrant.issuer,
                    index: index,
                    time: time,
                    warrant: WarrantMark(signed)
                )
            )
            transaction.set(codec.encode(record), for: record.key)
        }
    }
}
