import ArgumentParser
import Consensus
import Directory
import Foundation
import HTTPAPI
import Host
import JSON
import Kernel
import Keys
import Service
import Storage

struct ClusterBackup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Save a consistent copy of the whole state in a file, while the cluster serves.",
        discussion: """
            The file is checked before it gets its name. It holds everything but private keys and secrets in clear: keep it \
            as you keep the directory. `reeve cluster restore` makes a cluster of it.
            """
    )

    @Option(help: ArgumentHelp("File to make.", valueName: "file"))
    var out: String
    @OptionGroup var common: CommonOptions

    func run() async throws { try await BackupFile.fetch("state", to: out, common) }
}

struct ClusterExportRevocations: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export-revocations",
        abstract: "Save the statements of revocation that a surviving node knows, for a restore.",
        discussion: """
            Ask every node that is left, or give the data folder of one that is stopped: a restore from an older backup \
            forgets no revocation that it is given. Of a stopped node all counts that its log holds, also what may never have been \
            acknowledged.
            """
    )

    @Option(help: ArgumentHelp("File to make.", valueName: "file"))
    var out: String
    @Option(help: ArgumentHelp("Read this node's stopped data, named by its configuration.", valueName: "file"))
    var config: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        guard let config else { return try await BackupFile.fetch("revocations", to: out, common) }
        let node = try StoppedNode(configuration: NodeConfiguration.load(config))
        let stream = try node.data.openRevocations(lineage: node.genesis.lineage)
        try await BackupFile.make(at: out, common.output) { file in
            let handle = try FileHandle(forWritingTo: file)
            defer { try? handle.close() }
            while let piece = try stream.next() { try handle.write(contentsOf: piece) }
            try handle.synchronize()
            return node.configuration.name
        }
    }
}

/// A copy of a cluster's state, or of its revocations, in a file.
enum BackupFile {
    /// From the first node that gives one.
    static func fetch(_ kind: String, to path: String, _ common: CommonOptions) async throws {
        try await make(at: path, common.output) { file in
            try await common.connection.withClient { client in
                try await Progress.run("copying") {
                    try await client.download("/v1/backup?kind=\(kind)", to: file, timeout: .seconds(3600))
                }
            }
        }
    }

    /// The file gets its name once it has been checked; a failure leaves nothing.
    ///
    /// - Parameter fill: Writes it, into a file that is there and empty, and says which node it is of.
    static func make(at path: String, _ output: OutputOptions, _ fill: (URL) async throws -> String) async throws {
        try OutputFile.refuseExisting(path)
        let part = "\(path).part-\(UInt64.random(in: .min ... .max))"
        try KeyFiles.create(part, mode: 0o600, bytes: [])
        do {
            let node = try await fill(URL(filePath: part))
            let backup = try BackupReader(verifying: part)
            try FileManager.default.moveItem(atPath: part, toPath: path)
            try show(backup, at: path, node, output)
        } catch {
            try? FileManager.default.removeItem(atPath: part)
            throw error
        }
    }

    private static func show(_ backup: BackupReader, at path: String, _ node: String, _ output: OutputOptions) throws {
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int64 ?? 0
        let header = backup.header
        output.object([
            "file": .string(path), "bytes": .integer(size), "node": .string(node),
            "lineage": .string(header.lineage.description),
            "revision": .integer(Int64(clamping: header.point.position.index.number)),
            "state_root": .string(header.stateRoot.hex),
        ])
    }
}
