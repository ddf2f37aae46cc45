import Consensus
import Decision
import Directory
import Kernel
import Replica
import Storage
import Wire

/// The two stores of a node, and what a start makes of them.
final class NodeStores: Sendable {
    let directory: DataDirectory
    let log: LogStore
    let state: StateStore

    struct Start {
        let log: RestoredLog
        let applied: SnapshotPoint
        let facts: DirectoryFacts
        let snapshot: DecisionSnapshot
    }

    /// Entries are kept in memory up to this many bytes, so that a follower that lags a little costs no disk read.
    private static let windowBytes = 16 * 1024 * 1024

    /// Opens both, or makes them with the first entry of the log when they are not there.
    init(settings: NodeSettings, codec: any DirectoryCodec) throws(StorageError) {
        directory = try DataDirectory(
            path: settings.dataDirectory,
            lineage: settings.genesis.lineage,
            member: settings.member.id,
            limits: settings.storage
        )
        log = directory.log
        state = directory.state
        let configuration = Configuration(voters: settings.genesis.voters.map(\.id))
        if try log.isEmpty() {
            try log.initialise(
                first: Self.firstEntry(settings.genesis, codec: codec),
                configuration: configuration
            )
        }
    }

    /// Equal bytes on every voter, so that all logs begin with the same hash. Raft's term 1 is the term of this entry;
    /// the first election is for term 2.
    static func firstEntry(_ genesis: Genesis, codec: any DirectoryCodec) -> Entry {
        let command = Command.bootstrap(genesis)
        return Entry(
            position: LogPosition(term: Term(1), index: LogIndex(1)),
            time: .distantPast,
            previousHash: .zero,
            payload: .command(codec.encode(command))
        )
    }

    func start(codec: any DirectoryCodec) throws(StorageError) -> Start {
        let applied = try state.appliedPoint()
        // A crash between the two steps of installing a snapshot leaves a state ahead of its log.
        if try log.lastPosition().index < applied.position.index { try log.reset(to: applied) }
        let restored = try log.restore(from: applied.position.index, windowBytes: Self.windowBytes)
        let (facts, snapshot) = try state.read { view, point in
            let facts = DirectoryFacts(revision: point.position.index, view: view, codec: codec)
            return (facts, DecisionSnapshot(from: view, facts: facts, codec: codec))
        }
        return Start(
            log: restored,
            applied: SnapshotPoint(
                position: applied.position,
                hash: applied.hash,
                time: applied.time,
                configuration: restored.base.configuration
            ),
            facts: facts,
            snapshot: snapshot
        )
    }

    func close() { directory.close() }
}
