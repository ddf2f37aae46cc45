import Consensus
import Directory
import Foundation
import Host
import Kernel
import Keys
import Links
import Sealing
import Storage

/// Lays into the data directory of an edge what it begins from: the newest state of a voter, and the checkpoint by which
/// it will know that this is what the cluster has.
///
/// The voter's word for the state is not taken: the edge answers nothing from it before a seal has its root, by voters who
/// follow from those of the checkpoint.
struct EdgeStart {
    let folder: NodeFolder
    let member: MemberSpec
    let lineage: Lineage
    let checkpoint: Checkpoint
    /// Who can be asked for the state, as they are to be tried.
    let servers: [ClusterContext.Node]

    private static let timeout = Duration.seconds(3600)
    private static let attempts = 30
    private static let pause = Duration.seconds(1)

    /// What was laid there before, by an attempt that was interrupted, is replaced.
    ///
    /// - Returns: What the state reflects.
    func lay() async throws -> LogIndex {
        guard checkpoint.lineage == lineage else {
            throw CommandError("the checkpoint is of another cluster, \(checkpoint.lineage)", at: member.name)
        }
        let file = URL(filePath: folder.path("state.part"))
        defer { try? FileManager.default.removeItem(at: file) }
        try await Progress.run("fetching the state") { try await fetch(to: file) }
        let backup = try BackupReader(verifying: file.filePath)
        guard backup.header.kind == .state, backup.header.lineage == lineage else {
            throw CommandError("the state is of another cluster, \(backup.header.lineage)", at: member.name)
        }
        let data = try StoppedData(path: folder.data, lineage: lineage, member: member.id)
        try data.load(backup)
        try data.directory.begin(from: checkpoint)
        return backup.header.point.position.index
    }

    /// Voters may be busy with other edges, or may not have heard of this one yet.
    private func fetch(to file: URL) async throws {
        let (credentials, _) = try NodeCredentials.load(
            NodeCredentials.Files(certificate: folder.certificate, key: folder.key, roots: folder.roots),
            allowPlainKey: folder.isPlain
        ) { () throws(KeysError) -> Passphrase? in try folder.passphrase() }
        let tls = try TLSContexts.client(roots: credentials.roots, credentials: credentials)
        try await ClusterClient.with(servers, tls) { try await fetch(by: $0, to: file) }
    }

    private func fetch(by client: ClusterClient, to file: URL) async throws {
        var failures: [String] = []
        for attempt in 0..<Self.attempts {
            if attempt > 0 { try await Task.sleep(for: Self.pause) }
            failures = []
            for server in servers {
                do {
                    return try await client.download("/v1/state", from: server, to: file, timeout: Self.timeout)
                } catch let error as CancellationError {
                    throw error
                } catch { failures.append("\(error)") }
            }
        }
        throw CommandError(
            "no voter gives the state:\n  " + failures.joined(separator: "\n  "),
            advice: "run the same command again; it goes on where it was"
        )
    }
}
