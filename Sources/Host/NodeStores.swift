import Consensus
import Decision
import Directory
import Kernel
import Replica
import Storage

/// What a node keeps on disk, and what a start makes of it.
final class NodeStores: Sendable {
    let directory: DataDirectory
    private let member: MemberID

    struct Start: Sendable {
        /// What was cut off the log because it did not read back.
        let cut: LogCut?
        let log: RestoredLog
        let applied: SnapshotPoint
        let facts: DirectoryFacts
        let snapshot: DecisionSnapshot
    }

    /// Entries are kept in memory up to this many bytes, so that a follower that lags a little costs no disk read.
    private static let windowBytes = 16 * 1024 * 1024

    /// Opens the stores, or makes them with the first entry of the log when they are not there.
    init(settings: NodeSettings, codec: any DirectoryCodec) throws(StorageError) {
        member = settings.member.id
        directory = try DataDirectory(
            path: settings.dataDirectory,
            owner: StoreOwner(lineage: settings.genesis.lineage, member: settings.member.id),
            limits: settings.storage
        )
        guard directory.log.summary == nil else { return }
        try directory.log.initialise(
            genesis: settings.genesis.firstEntry(codec: codec),
            configuration: Configuration(voters: settings.genesis.voters.map(\.id))
        )
    }

    func start(codec: any DirectoryCodec) throws -> Start {
        let view = try directory.state.openView()
        defer { view.close() }
        let applied = try view.applied()
        // An empty state knows of no members; the log always does.
        let base = directory.log.summary?.base.configuration ?? .empty
        let configuration = applied.configuration == .empty ? base : applied.configuration
        let cut = try directory.log.cutDamagedTail(
            after: applied,
            isOnlyVoter: configuration.allVoters == [member]
        )
        let log = try directory.log.restore(applied: applied, windowBytes: Self.windowBytes)
        let facts = try DirectoryFacts(at: applied.position.index, in: view, codec: codec)
        let snapshot = DecisionSnapshot(from: view, revision: facts.revision, codec: codec)
        if let failure = view.failure { throw failure }
        let point = SnapshotPoint(
            position: applied.position,
            hash: applied.hash,
            time: applied.time,
            configuration: configuration
        )
        return Start(cut: cut, log: log, applied: point, facts: facts, snapshot: snapshot)
    }
}
