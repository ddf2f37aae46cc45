internal import Identity
internal import Kernel

/// One command on its way into the state.
///
/// Handlers check everything before they write anything, so that a refusal leaves no trace but its record.
struct Application {
    var transaction: CommandTransaction
    let codec: any DirectoryCodec
    let supported: FeatureLevel
    let command: Command
    /// What the entry does to who votes, if the command is carried out.
    let change: MemberChange?
    let index: LogIndex
    /// Log time at which the command happens.
    var time: WallTime
    /// As they were before the command.
    var settings = Settings()
    /// Count of statements recorded up to now.
    var epoch: UInt64 = 0
    var events: [DirectoryEvent] = []
    var diagnostics: [PolicyDiagnostic] = []
    var policies: ParsedPolicies

    var view: DirectoryView<CommandTransaction> { DirectoryView(transaction, codec: codec) }

    func read<Found>(
        _ body: (DirectoryView<CommandTransaction>) throws(StateDamage) -> Found
    ) throws(DirectoryError) -> Found {
        do { return try body(view) } catch { throw .damaged(error) }
    }

    /// Writes a record and the index rows that follow from it, in place of an older one under the same key.
    mutating func store(_ record: StoredRecord, replacing old: StoredRecord? = nil) {
        transaction.set(codec.encode(record), for: record.key)
        let rows = record.indexRows
        let oldRows = old?.indexRows ?? []
        for row in oldRows where !rows.contains(row) { transaction.remove(row.key) }
        for row in rows where !oldRows.contains(row) { transaction.set(row.value, for: row.key) }
    }

    mutating func erase(_ record: StoredRecord) {
        transaction.remove(record.key)
        for row in record.indexRows { transaction.remove(row.key) }
    }

    /// Whether an index has a row under a prefix, and the names of a few.
    func names(under prefix: Key) -> [String] { view.names(under: prefix, limit: Limits.refusalNames) }

    func metadata(replacing old: RecordMetadata?) -> RecordMetadata {
        RecordMetadata(createdAt: old?.createdAt ?? time, updatedAt: time, revision: index)
    }

    func done(_ metadata: RecordMetadata, created: [String] = []) -> CommandResult.Done {
        CommandResult.Done(revision: index, objectRevision: metadata.revision, created: created)
    }

    func check(_ precondition: Precondition, on old: RecordMetadata?, _ name: String) throws(DirectoryError) {
        switch (precondition, old) {
        case (.none, _), (.mustNotExist, nil), (.mustExist, .some):
            return
        case (.mustNotExist, .some), (.mustExist, nil):
            throw .refused(.preconditionFailed, name)
        case (.revision(let revision), _):
            guard old?.revision == revision else { throw .refused(.revisionMismatch, name) }
        }
    }
}

extension DirectoryError {
    static func refused(_ code: RefusalCode, _ names: String...) -> DirectoryError {
        .refused(CommandResult.Refusal(code, names))
    }
}
