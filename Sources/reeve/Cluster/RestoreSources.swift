import Consensus
import Directory
import Kernel
import Storage
import Wire

/// The files that a restore starts from, each checked from first byte to last.
struct RestoreSources: Sendable {
    let backup: BackupReader
    let revocations: [RevocationRecord]
    /// The newest place in the log that any of the files has seen.
    let latest: LogPosition
    let epoch: UInt64

    /// - Throws: `BackupError`, `CommandError`; nothing has been made then.
    init(backup path: String, revocations paths: [String]) throws {
        backup = try BackupReader(verifying: path)
        guard backup.header.kind == .state else {
            throw CommandError("holds revocations only", at: path, advice: "give it with --revocations")
        }
        var survivors = SurvivingRevocations()
        var latest = backup.header.point.position
        for path in paths {
            let export = try BackupReader(verifying: path)
            guard export.header.kind == .revocations else {
                throw CommandError(
                    "is a whole backup, not an export of revocations",
                    at: path,
                    advice: "give it with --backup, or make an export with `reeve cluster export-revocations`"
                )
            }
            guard export.header.lineage == backup.header.lineage else {
                throw CommandError("is of another cluster, \(export.header.lineage)", at: path)
            }
            let found = try Self.read(export)
            survivors.add(found.revocations, epoch: found.epoch)
            let position = export.header.point.position
            latest = LogPosition(term: max(latest.term, position.term), index: max(latest.index, position.index))
        }
        self.revocations = survivors.revocations
        self.latest = latest
        self.epoch = survivors.epoch
    }

    private static func read(_ export: BackupReader) throws -> (revocations: [RevocationRecord], epoch: UInt64) {
        let codec = ProtobufCodec()
        var records: [RevocationRecord] = []
        var epoch: UInt64 = 0
        try export.forEachChunk { pairs in
            for pair in pairs.pairs {
                switch try codec.decodeRecord(pair.value) {
                case .revocation(let record) where StoredRecord.revocation(record).key == pair.key:
                    records.append(record)
                case .ledger(let ledger): epoch = ledger.epoch
                default: continue
                }
            }
        }
        return (records, epoch)
    }
}
