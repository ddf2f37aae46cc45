package import Consensus
import Decision
import Directory
import Kernel
import Keys
import Replica
package import Storage

/// What a node keeps on disk, and what a start makes of it.
final class NodeStores: Sendable {
    let directory: DataDirectory
    let instance: Digest
    private let member: MemberID
    private let raft: RaftOptions

    struct Start: Sendable {
        /// What was cut off the log because it did not read back.
        let cut: LogCut?
        let log: RestoredLog
        let applied: SnapshotPoint
        let facts: DirectoryFacts
        let snapshot: DecisionSnapshot
        let members: MemberFacts
        /// In force beside the state.
        let statements: [SignedStatement]
        let seals: SealStart
    }

    /// Opens the stores, or makes them when they are not there: with the first entry of the log, or, for a member that
    /// joins, with nothing. An edge has got its state when it joined.
    ///
    /// - Throws: `StorageError`, `KeysError`, `LostData`.
    init(settings: NodeSettings, codec: any DirectoryCodec) throws {
        member = settings.member.id
        raft = settings.options.raft
        directory = try DataDirectory(
            path: settings.dataDirectory,
            owner: StoreOwner(lineage: settings.genesis.lineage, member: settings.member.id),
            limits: settings.storage
        )
        let isNew = directory.log.summary == nil
        let joins = settings.invitedBy != nil
        let lost = LostData(name: settings.member.name, path: directory.path, isEdge: settings.isEdge)
        do throws(KeysError) {
            // Joining has named the directory already.
            instance = try DataInstance.load(settings.dataDirectory, mayBegin: !(settings.isEdge || isNew && joins))
        } catch {
            throw error.problem == .missing ? lost : error
        }
        if isNew, try DataInstance.hasBegun(settings.dataDirectory) { throw lost }
        guard isNew else {
            try DataInstance.begin(settings.dataDirectory)
            return
        }
        guard !settings.isEdge else { throw lost }
        let configuration = Configuration(voters: settings.genesis.voters.map(\.id))
        if joins {
            let nothing = SnapshotPoint(
                position: .zero,
                hash: .zero,
                time: .distantPast,
                configuration: configuration
            )
            try directory.log.reset(to: nothing, stateGeneration: 1)
        } else {
            try directory.log.initialise(
                genesis: settings.genesis.firstEntry(codec: codec),
                configuration: configuration
            )
        }
        try DataInstance.begin(settings.dataDirectory)
    }

    func start(codec: any DirectoryCodec) throws -> Start {
        let view = try directory.state.openView()
        defer { view.close() }
        let applied = try view.applied()
        let configuration = applied.knowingVoters(from: directory.log).configuration
        let cut = try directory.log.cutDamagedTail(
            after: applied,
            isOnlyVoter: configuration.allVoters == [member]
        )
        let log = try directory.log.restore(
            applied: applied,
            windowBytes: raft.windowBytes,
            maxUnappliedBytes: raft.maxUnappliedBytes
        )
        let facts = try DirectoryFacts(at: applied.position.index, in: view, codec: codec)
        let statements = try directory.keptStatements()
        let snapshot = DecisionSnapshot(from: view, revision: facts.revision, codec: codec, for: member)
            .enforcing(statements)
        let members = try MemberFacts(in: view, codec: codec)
        let seals = SealStart(
            verifier: P256Verifier(),
            mark: try directory.sealMark(),
            memory: try directory.sealMemory()
        )
        if let failure = view.failure { throw failure }
        let point = applied.knowingVoters(from: directory.log)
        return Start(
            cut: cut,
            log: log,
            applied: point,
            facts: facts,
            snapshot: snapshot,
            members: members,
            statements: statements,
            seals: seals
        )
    }
}

extension SnapshotPoint {
    /// An empty state knows of no voters; the log that it belongs to does.
    package func knowingVoters(from log: LogStore) -> SnapshotPoint {
        guard position == .zero, let base = log.summary?.base else { return self }
        return SnapshotPoint(position: position, hash: hash, time: time, configuration: base.configuration)
    }
}

/// A node whose data is gone: with a member's the votes that it gave, with an edge's what it can prove of the log.
package struct LostData: Error, Hashable, Sendable, CustomStringConvertible {
    let name: String
    let path: String
    let isEdge: Bool

    package var description: String {
        let loss = isEdge ? "it has no state to begin from" : "it does not know how it has voted"
        let add = "`reeve cluster add \(name)=…\(isEdge ? " --edge" : "")`"
        return "\(path): the data of \(name) is not there, so \(loss); run `reeve cluster remove \(name)` and \(add), "
            + "and `reeve node join` here, in a new folder"
    }
}
