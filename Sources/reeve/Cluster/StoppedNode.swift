import Consensus
import Directory
import Foundation
import Host
import Kernel
import Replica
import Service
import Storage
import Wire

/// A node that does not run: its configuration and its data.
struct StoppedNode {
    let configuration: NodeConfiguration
    let genesis: Genesis
    let data: StoppedData

    /// - Throws: `StorageError.inUse` when the node runs.
    init(configuration: NodeConfiguration) throws {
        self.configuration = configuration
        genesis = try GenesisFile.load(configuration.genesisFile).genesis
        guard FileManager.default.fileExists(atPath: configuration.dataDirectory + "/log") else {
            throw CommandError("there is no data", at: configuration.dataDirectory)
        }
        data = try StoppedData(
            path: configuration.dataDirectory,
            lineage: genesis.lineage,
            member: configuration.member,
            limits: DataDirectory.Limits(configuration.limits)
        )
    }
}

/// The data directory of a member that does not run.
struct StoppedData {
    let directory: DataDirectory
    private let path: String

    init(path: String, lineage: Lineage, member: MemberID, limits: DataDirectory.Limits = .init()) throws {
        self.path = path
        directory = try DataDirectory(
            path: path,
            owner: StoreOwner(lineage: lineage, member: member),
            limits: limits
        )
    }

    /// Takes in a backup, and checks the state that comes of it against the root that the backup names.
    func load(_ backup: BackupReader) throws {
        let point = backup.header.point
        var number: UInt64 = 0
        try backup.forEachChunk { pairs in
            let bytes = pairs.encoded()
            let chunk = Message.SnapshotChunk(
                point: point,
                number: number,
                isLast: number + 1 == backup.chunkCount,
                bytes: bytes,
                digest: .of(bytes)
            )
            _ = try directory.stage(chunk)
            number += 1
        }
        try directory.installSnapshot(point)
        let roots = try directory.state.read { [StateTree.root(in: $0), StateTree.recomputedRoot(of: $0)] }
        guard roots == [backup.header.stateRoot, backup.header.stateRoot] else {
            throw CommandError("its rows are not the state that it names by its root", at: backup.path)
        }
    }

    /// Makes this another member's copy of a state that stands at `point`.
    func copy(_ other: StoppedData, _ point: SnapshotPoint) throws {
        let snapshot = try other.directory.state.openSnapshot()
        var number: UInt64 = 0
        while let chunk = try snapshot.chunk(number, maxBytes: Self.chunkBytes) {
            _ = try directory.stage(chunk)
            number += 1
        }
        try directory.installSnapshot(point)
    }

    private static let chunkBytes = 256 * 1024

    /// The statements of revocation after everything that the log holds, whether it is known to be committed or not: the state
    /// on disk lags behind what was applied, and what the log has beyond that may have been acknowledged. Also those that were
    /// made outside the log and that it has not judged. One that was never acknowledged takes authority away too soon, at
    /// worst. Nothing is changed here.
    func openRevocations(lineage: Lineage) throws -> BackupStream {
        let unjudged = try directory.keptStatements()
        return try directory.state.openBackup(.revocations, lineage: lineage, at: .now) { transaction, point in
            var applier = Replica.Applier(codec: ProtobufCodec())
            let entries = try entries(after: point)
            switch applier.apply(entries, after: point.knowingVoters(from: directory.log), to: &transaction) {
            case .done(let batch):
                try DirectoryState.show(
                    unjudged,
                    at: batch.point.position.index,
                    time: batch.point.time,
                    codec: ProtobufCodec(),
                    in: &transaction
                )
                return batch.point
            case .blocked(_, let reason): throw CommandError("the log cannot be applied: \(reason)", at: path)
            }
        }
    }

    /// What the log has beyond a state. Ends before the first entry that does not read back, and says so.
    private func entries(after point: SnapshotPoint) throws -> [Entry] {
        var entries: [Entry] = []
        let last = directory.log.summary?.last.index ?? point.position.index
        var next = point.position.index.next
        while next <= last {
            do throws(StorageError) {
                entries += try directory.log.entries(from: next, maxBytes: 1)?.entries ?? []
            } catch {
                guard case .corruptEntry = error else { throw error }
                Console.progress("\(error); the export ends before it")
                break
            }
            guard let end = entries.last?.index, end >= next else { break }
            next = end.next
        }
        return entries
    }

    /// What the state says of the cluster, in the form of a first entry.
    func genesis(voters: [MemberSpec]) throws -> Genesis {
        let found = try directory.state.read { view in
            Result { () throws(StateDamage) in
                let view = DirectoryView(view, codec: ProtobufCodec())
                return (try view.cluster(), try view.settings(), try view.administrators(ListRequest(limit: 1)).items)
            }
        }
        let (cluster, settings, administrators) = try found.get()
        guard let cluster, let settings, let administrator = administrators.first else {
            throw CommandError("the state has no first entry", at: path)
        }
        return Genesis(
            lineage: cluster.lineage,
            trustDomain: cluster.trustDomain,
            voters: voters,
            administrator: administrator.spec,
            settings: settings.settings,
            featureLevel: cluster.featureLevel
        )
    }

    /// Changes the state as an operator wants, and starts the log anew after it.
    ///
    /// The state goes first: when this is interrupted, `finishInterrupted` does the rest.
    func restore(_ restoration: Restoration, at point: SnapshotPoint) throws -> Restoration.Outcome {
        let codec = ProtobufCodec()
        let result = try directory.state.update { transaction, _ -> (RestorationResult, applied: SnapshotPoint?) in
            var tracked = TrackedTransaction(transaction)
            do throws(DirectoryError) {
                let outcome = try DirectoryState.restore(
                    restoration,
                    at: point.position.index,
                    time: point.time,
                    codec: codec,
                    to: &tracked
                )
                transaction = tracked.finish()
                return (.success(outcome), point)
            } catch {
                return (.failure(error), nil)
            }
        }
        let outcome = try result.get()
        try finish(at: point)
        return outcome
    }

    private typealias RestorationResult = Result<Restoration.Outcome, DirectoryError>

    private func finish(at point: SnapshotPoint) throws {
        try directory.state.sync()
        try directory.forgetFormerVoters()
        try directory.log.reset(to: point, stateGeneration: directory.log.summary?.stateGeneration ?? 1)
    }

    /// Whether a restoration had changed the state and not yet the log; the log then follows.
    func finishInterrupted() throws -> Bool {
        let applied = try directory.state.applied()
        guard let last = directory.log.summary?.last.index, applied.position.index > last else { return false }
        try finish(at: applied)
        return true
    }
}
