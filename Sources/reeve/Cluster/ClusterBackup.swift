import ArgumentParser
import Consensus
import Directory
import Foundation
import HTTPAPI
import Host
import JSON
import Kernel
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

    func run() async throws { try await BackupDownload(kind: "state", path: out).run(common) }
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
        guard let config else { return try await BackupDownload(kind: "revocations", path: out).run(common) }
        let node = try StoppedNode(configuration: NodeConfiguration.load(config))
        let stream = try node.data.openRevocations(lineage: node.genesis.lineage)
        let part = try BackupDownload.Part(path: out)
        try part.write { handle in
            while let piece = try stream.next() { try handle.write(contentsOf: piece) }
        }
        try part.finish(from: node.configuration.name, common.output)
    }
}

/// Fetches a copy and gives it its name once it has been checked.
struct BackupDownload {
    let kind: String
    let path: String

    func run(_ common: CommonOptions) async throws {
        let part = try Part(path: path)
        let node = try await common.connection.withClient { client in
            try await Progress.run("copying") {
                try await client.download("/v1/backup?kind=\(kind)", to: part.url, timeout: .seconds(3600))
            }
        }
        try part.finish(from: node, common.output)
    }

    /// A file that does not have its name yet.
    struct Part {
        let path: String
        let url: URL

        init(path: String) throws {
            guard !FileManager.default.fileExists(atPath: path) else {
                throw CommandError(
                    "exists already and is not overwritten",
                    at: path,
                    advice: "give another one with --out"
                )
            }
            self.path = path
            self.url = URL(filePath: "\(path).part-\(UInt64.random(in: .min ... .max))")
        }

        func write(_ body: (FileHandle) throws -> Void) throws {
            let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
            guard FileManager.default.createFile(atPath: url.path(), contents: nil, attributes: attributes) else {
                throw CommandError("cannot be written", at: url.path())
            }
            let handle = try FileHandle(forWritingTo: url)
            defer { try? handle.close() }
            try body(handle)
            try handle.synchronize()
        }

        func finish(from node: String, _ output: OutputOptions) throws {
            do {
                let backup = try BackupReader(verifying: url.path())
                try FileManager.default.moveItem(at: url, to: URL(filePath: path))
                try show(backup, node, output)
            } catch {
                try? FileManager.default.removeItem(at: url)
                throw error
            }
        }

        private func show(_ backup: BackupReader, _ node: String, _ output: OutputOptions) throws {
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
}
