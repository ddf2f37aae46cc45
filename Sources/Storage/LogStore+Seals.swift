internal import CLMDB
internal import Kernel

// What this member must remember of seals. It stands beside the log, with the vote: a member that forgets what it has signed could
// contradict itself as one that forgets how it has voted could.
extension LogStore {
    /// What is kept, in the bytes that it was kept in.
    package enum SealRecord: Hashable, Sendable {
        /// What was signed last.
        case mark
        /// Who voted at the newest seal, and how the voters before led there.
        case memory

        var name: MetaTable.Name {
            switch self {
            case .mark: .sealMark
            case .memory: .sealMemory
            }
        }
    }

    /// Durable on return.
    ///
    /// - Throws: `diskFull` leaves the store as it was, and usable.
    package func keep(_ bytes: [UInt8], as record: SealRecord) throws(StorageError) {
        try change { (writer) throws(StorageError) in try meta.put(bytes, as: record.name, in: writer.transaction) }
    }

    /// Nil where none was kept.
    ///
    /// - Throws: `corrupt` for one that does not read back.
    package func sealRecord(_ record: SealRecord) throws(StorageError) -> [UInt8]? {
        let transaction = try environment.beginRead()
        defer { transaction.abort() }
        return try meta.record(record.name, in: transaction)
    }
}
