internal import Kernel

/// The memory of commands: history, idempotency keys and their bounds.
///
/// A command's record stays while either the history or its key needs it. A key is found by (caller, key); for eviction
/// the keys of a caller are also in the order of their not-after times. After a day of log time a key goes, a few
/// with each command, so that no command pays for many.
extension Application {
    /// How many old rows one command removes at most. More than one, so that the backlog shrinks.
    private static var removalsPerCommand: Int { 4 }

    /// Digest of what was asked, apart from who asked, with which key and until when.
    var bodyDigest: Digest {
        let neutral = Command(
            featureLevel: command.featureLevel,
            caller: .bootstrap,
            authenticatedBy: MemberID(high: 0, low: 0, incarnation: 0),
            idempotencyKey: "",
            notAfter: .distantPast,
            body: command.body.withoutSecrets
        )
        return Digest.of(codec.encode(neutral))
    }

    private var caller: Caller { command.caller.withoutToken }
    private func retryKey(_ key: String) -> [UInt8] { Key(.retry).caller(caller).text(key).bytes }

    private static func orderKey(_ caller: Caller, _ notAfter: WallTime, _ index: LogIndex) -> [UInt8] {
        Key(.retryOrder).caller(caller).number(notAfter.milliseconds).number(index.number).bytes
    }

    /// The command that the caller sent under the same key before, within a day.
    mutating func recordedCommand() throws(DirectoryError) -> CommandRecord? {
        let key = retryKey(command.idempotencyKey)
        guard let value = transaction.value(for: key) else { return nil }
        guard let index = Self.index(value),
            let record = try read({ view throws(StateDamage) in try view.command(index) })
        else { throw .damaged(StateDamage(key: key, reason: "names no command")) }
        guard isExpired(record) else { return record }
        // Old keys go a few at a time: this one's turn has not come yet.
        try forgetKey(of: record)
        return nil
    }

    private func isExpired(_ record: CommandRecord) -> Bool {
        record.time.advanced(by: .milliseconds(Limits.retentionMilliseconds)) < time
    }

    /// Evicts keys of a caller that has reached its limit, and gives how many. Only keys that could not be
    /// used again anyhow go: those whose command would be refused as late.
    mutating func roomForKey() throws(DirectoryError) -> UInt32 {
        let limit = settings.idempotencyLimit
        let pending = try pendingCount(caller)
        guard pending >= limit else { return 0 }
        let prefix = Key(.retryOrder).caller(caller).bytes
        var evicted: UInt32 = 0
        while pending - evicted >= limit, evicted < Self.removalsPerCommand, evicted < pending {
            guard let row = transaction.first(atOrAfter: prefix), row.key.starts(with: prefix),
                let notAfter = Self.notAfter(ofOrderKey: row.key), notAfter < time
            else { break }
            transaction.remove(row.key)
            transaction.remove(retryKey(String(decoding: row.value, as: UTF8.self)))
            evicted += 1
        }
        guard evicted > 0 else { throw .refused(.tooManyPending) }
        return evicted
    }

    private func pendingCount(_ caller: Caller) throws(DirectoryError) -> UInt32 {
        try read { view throws(StateDamage) in try view.callerRecord(caller)?.pendingCount ?? 0 }
    }

    private mutating func setPendingCount(_ count: UInt32, of caller: Caller) {
        let record = StoredRecord.caller(CallerRecord(caller: caller, pendingCount: count))
        if count == 0 { erase(record) } else { store(record) }
    }

    mutating func record(
        _ result: CommandResult,
        digest: Digest,
        ledger: LedgerRecord,
        evicted: UInt32
    ) throws(DirectoryError) {
        let key = command.idempotencyKey
        store(.command(commandRecord(result, digest: digest)))
        transaction.set(Self.bytes(index), for: retryKey(key))
        transaction.set(Array(key.utf8), for: Self.orderKey(caller, command.notAfter, index))
        let pending = try pendingCount(caller)
        setPendingCount(pending - min(evicted, pending) + 1, of: caller)
        let retryFloor = try forgetKeys(from: ledger.retryFloor)
        let removed = try trimHistory(ledger.commandCount + 1, retryFloor: retryFloor)
        store(
            .ledger(
                LedgerRecord(
                    time: time,
                    commandCount: ledger.commandCount + 1 - removed,
                    retryFloor: retryFloor,
                    epoch: epoch
                )
            )
        )
    }

    /// The first command has no idempotency key in force: there is no second.
    mutating func recordBootstrap(_ done: CommandResult.Done) {
        store(.command(commandRecord(.done(done), digest: bodyDigest)))
        store(.ledger(LedgerRecord(time: time, commandCount: 1, retryFloor: index.next, epoch: 0)))
    }

    private func commandRecord(_ result: CommandResult, digest: Digest) -> CommandRecord {
        CommandRecord(
            index: index,
            time: time,
            caller: command.caller,
            authenticatedBy: command.authenticatedBy,
            action: command.body.action,
            target: command.body.target.bounded(byteCount: Limits.historyTextByteCount),
            result: result,
            idempotencyKey: command.idempotencyKey,
            notAfter: command.notAfter,
            bodyDigest: digest
        )
    }

    /// Forgets keys that are a day old, and gives the index below which there are none.
    private mutating func forgetKeys(from floor: LogIndex) throws(DirectoryError) -> LogIndex {
        var floor = floor
        for _ in 0..<Self.removalsPerCommand {
            guard let record = try firstCommand(atOrAfter: floor), record.index < index else { return floor }
            guard isExpired(record) else { return floor }
            try forgetKey(of: record)
            floor = record.index.next
        }
        return floor
    }

    private mutating func forgetKey(of record: CommandRecord) throws(DirectoryError) {
        let caller = record.caller.withoutToken
        let key = Key(.retry).caller(caller).text(record.idempotencyKey).bytes
        // An evicted key may have been used again since, by a later command.
        guard transaction.value(for: key) == Self.bytes(record.index) else { return }
        transaction.remove(key)
        transaction.remove(Self.orderKey(caller, record.notAfter, record.index))
        let pending = try pendingCount(caller)
        setPendingCount(pending - min(1, pending), of: caller)
    }

    private mutating func trimHistory(_ count: UInt64, retryFloor: LogIndex) throws(DirectoryError) -> UInt64 {
        let limit = settings.historyLimit
        var removed: UInt64 = 0
        while count - removed > UInt64(limit), removed < UInt64(Self.removalsPerCommand) {
            guard let oldest = try firstCommand(atOrAfter: .zero), oldest.index < retryFloor else { break }
            erase(.command(oldest))
            removed += 1
        }
        return removed
    }

    private func firstCommand(atOrAfter index: LogIndex) throws(DirectoryError) -> CommandRecord? {
        let key = Key(.command).number(index.number).bytes
        guard let row = transaction.first(atOrAfter: key), row.key.first == Table.command.rawValue else { return nil }
        return try read { view throws(StateDamage) in
            try view.decode(row.value, at: row.key) { if case .command(let record) = $0 { record } else { nil } }
        }
    }

    private static func bytes(_ index: LogIndex) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: index.number)
        return bytes
    }

    private static func index(_ bytes: [UInt8]) -> LogIndex? {
        guard bytes.count == 8 else { return nil }
        return LogIndex(bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }

    private static func notAfter(ofOrderKey key: [UInt8]) -> WallTime? {
        guard key.count > 16 else { return nil }
        return WallTime(milliseconds: key.dropLast(8).suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }
}
