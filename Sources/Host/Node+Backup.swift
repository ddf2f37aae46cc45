package import Consensus
import Directory
package import Kernel
import NIOPosix
package import Service
package import Storage
import Synchronization
import Wire

extension Node {
    /// Each holds old pages of the state for as long as it lasts.
    private static let maximumBackups = 2
    private static let backupPatience = Span.seconds(3600)

    package func backup(_ kind: BackupKind) async throws(ServiceError) -> BackupSource {
        guard backups.add(1, ordering: .relaxed).newValue <= Self.maximumBackups else {
            backups.subtract(1, ordering: .relaxed)
            throw ServiceError(
                .overloaded,
                code: "too_many_backups",
                message: "\(Self.maximumBackups) backups are being taken from this node already."
            )
        }
        let lease = BackupLease(node: self)
        try await keeper.commitPublished()
        let stream: BackupStream
        do {
            // A whole state is one that the log has come to; what is in force beside it is in exports alone.
            let unjudged = kind == .revocations ? try stores.directory.keptStatements() : []
            stream = try stores.directory.state.openBackup(
                kind,
                lineage: settings.genesis.lineage,
                at: clock.now().wall
            ) { [codec] transaction, point in
                try DirectoryState.show(
                    unjudged,
                    at: point.position.index,
                    time: point.time,
                    codec: codec,
                    in: &transaction
                )
                return point
            }
        } catch { throw ServiceError.unreadable(error) }
        let deadline = clock.now().monotonic.advanced(by: Self.backupPatience)
        return BackupSource(revision: stream.header.point.position.index) { [clock] () async throws(ServiceError) in
            _ = lease
            guard clock.now().monotonic < deadline else {
                throw ServiceError(.unavailable, code: "backup_too_slow", message: "The backup took too long.")
            }
            // Reading the disk blocks.
            do { return try await NIOThreadPool.singleton.runIfActive { try stream.next() } } catch {
                throw ServiceError.unreadable(error)
            }
        }
    }
}

/// Counts a backup for as long as somebody holds it.
private final class BackupLease: Sendable {
    private let node: Node

    init(node: Node) { self.node = node }
    deinit { node.backups.subtract(1, ordering: .relaxed) }
}

extension StateStore {
    /// A copy of the whole state, or of what an export of revocations holds: as it is, or as it would be after changes that are
    /// never committed.
    package func openBackup(
        _ kind: BackupKind,
        lineage: Lineage,
        at time: WallTime,
        after changes: (inout StateTransaction, SnapshotPoint) throws -> SnapshotPoint = { $1 }
    ) throws -> BackupStream {
        try openBackup(tables: kind.tables, after: changes) { kind.header(of: $0, $1, lineage, time) }
    }
}

extension BackupKind {
    fileprivate func header(
        of view: StateTransaction,
        _ point: SnapshotPoint,
        _ lineage: Lineage,
        _ time: WallTime
    ) -> BackupHeader {
        BackupHeader(
            kind: self == .state ? .state : .revocations,
            lineage: lineage,
            point: point,
            stateRoot: StateTree.root(in: view),
            createdAt: time
        )
    }

    /// First bytes of the keys that are copied; nil for all.
    fileprivate var tables: [UInt8]? {
        switch self {
        case .state: nil
        case .revocations: [Table.cluster, .ledger, .revocation].map(\.rawValue).sorted()
        }
    }
}
