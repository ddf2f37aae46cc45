package import Kernel

/// What went wrong with a store, where, and what the operator can do.
package enum StorageError: Error, Hashable, Sendable {
    case openFailed(path: String, reason: String)
    /// Another process, or another store of this one, has the directory.
    case inUse(path: String)
    case lowDisk(path: String, availableBytes: UInt64, minimumBytes: UInt64)
    case versionTooNew(path: String, found: UInt32, supported: UInt32)
    case wrongLineage(path: String, expected: Lineage, found: Lineage)
    case wrongMember(path: String, expected: MemberID, found: MemberID)
    /// The limit that the configuration sets. Nothing was written; the store goes on.
    case full(path: String, limitBytes: UInt64)
    /// Nothing was written. The store goes on once there is room.
    case diskFull(path: String)
    /// The disk did not confirm what it was given. What it holds is unknown, so the store takes no more: halt.
    case syncFailed(path: String, reason: String)
    /// A log entry whose bytes are not what was written. `isCommitted` is the store's hint: false says only that the
    /// entry is not known to be committed.
    case corruptEntry(path: String, index: LogIndex, isCommitted: Bool, reason: String)
    case corrupt(path: String, reason: String)
    /// Snapshot bytes from a peer that are not what the peer promised. The store is unharmed.
    case badSnapshot(reason: String)
    case keyTooLong(byteCount: Int, limit: Int)
    /// The caller asked for what must never be written. Nothing was.
    case misuse(String)
    case failed(operation: String, path: String, reason: String)

    /// Whether the store is of no use any more, so that the node has to stop.
    package var isFatal: Bool {
        switch self {
        case .syncFailed, .corrupt: true
        default: false
        }
    }

    /// Whether nothing was changed and the same can be tried again when there is room.
    package var isRoomMissing: Bool {
        switch self {
        case .full, .diskFull: true
        default: false
        }
    }
}

extension StorageError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .openFailed(let path, let reason):
            "cannot open \(path): \(reason). Check that the directory exists and belongs to this user"
        case .inUse(let path):
            "\(path) is in use by another process. Stop it first, or give this node its own data directory"
        case .lowDisk(let path, let available, let minimum):
            "\(path) has \(available) bytes free, at least \(minimum) are needed. Free space or move the data directory"
        case .versionTooNew(let path, let found, let supported):
            "\(path) has format \(found), this program knows up to \(supported). Run the version that wrote it, or newer"
        case .wrongLineage(let path, let expected, let found):
            "\(path) belongs to cluster \(found), not \(expected). Check the data directory in the configuration"
        case .wrongMember(let path, let expected, let found):
            "\(path) belongs to member \(found.uuid) incarnation \(found.incarnation), not \(expected.uuid) incarnation "
                + "\(expected.incarnation). Check the data directory in the configuration"
        default:
            runtimeDescription
        }
    }

    private var runtimeDescription: String {
        switch self {
        case .full(let path, let limit):
            "\(path) has reached its limit of \(limit) bytes. Raise the limit, or let the log be compacted"
        case .diskFull(let path):
            "no space left on the disk of \(path). Free space; nothing was lost"
        case .syncFailed(let path, let reason):
            "the disk did not confirm a write to \(path): \(reason). The node has to stop; check the disk"
        case .corruptEntry(let path, let index, let isCommitted, let reason):
            "\(path): \(isCommitted ? "committed" : "uncommitted") entry \(index.number) is damaged: \(reason). "
                + "Repair it from the other voters, or replace this member"
        case .corrupt(let path, let reason):
            "\(path) is damaged: \(reason). Replace this member: wipe the directory and join under a new incarnation"
        case .badSnapshot(let reason):
            "refused a snapshot: \(reason)"
        case .keyTooLong(let byteCount, let limit):
            "a key of \(byteCount) bytes, at most \(limit) are possible"
        case .misuse(let what):
            "refused to write: \(what)"
        case .failed(let operation, let path, let reason):
            "\(operation) in \(path) failed: \(reason)"
        default:
            "storage error"
        }
    }
}
