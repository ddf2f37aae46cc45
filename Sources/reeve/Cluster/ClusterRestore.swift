import ArgumentParser
import Consensus
import Directory
import Foundation
import Identity
import JSON
import Kernel
import Keys
import Service
import Storage

struct ClusterRestore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make a new cluster of a backup, on the operator's machine.",
        discussion: """
            Makes a folder as `reeve cluster init` does, whose nodes have the state of the backup. The new cluster has the same \
            lineage and administrators, and new members: no node of the old one is let in.

            A backup is older than the end. Give what the surviving nodes know of revocations (`reeve cluster \
            export-revocations`), so that nothing that was revoked comes back. Without it --accept-lost-revocations is needed, \
            and every principal starts quarantined until an administrator lifts it.
            """
    )

    @Option(help: ArgumentHelp("What `reeve cluster backup` made.", valueName: "file"))
    var backup: String
    @Option(help: ArgumentHelp("Folder to make.", valueName: "folder"))
    var dir: String
    @Option(
        help: ArgumentHelp("Folder of the old cluster, with its root key and administrator's key.", valueName: "folder")
    )
    var authority: String
    @Option(help: ArgumentHelp("A voter; give 1, 3, 5 or 7 of them.", valueName: NodeArgument.grammar))
    var node: [NodeArgument]
    @Option(help: ArgumentHelp("An export of a surviving node; may be given more than once.", valueName: "file"))
    var revocations: [String] = []
    @Flag(help: "Go on without any export: every principal starts quarantined.")
    var acceptLostRevocations = false
    @Option(help: ArgumentHelp("For how many days the certificates of the nodes count.", valueName: "days"))
    var days = 365
    @OptionGroup var passphrase: PassphraseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try NodeArgument.validate(node)
        guard revocations.isEmpty || !acceptLostRevocations else {
            throw ValidationError("Give --revocations or --accept-lost-revocations, not both.")
        }
        guard revocations.isEmpty == acceptLostRevocations else {
            throw ValidationError(
                "Give --revocations FILE of every surviving node, or --accept-lost-revocations if there is none."
            )
        }
    }

    func run() async throws {
        let target = ClusterFiles(root: URL(filePath: dir))
        try OutputFile.refuseExisting(dir, advice: "give another folder with --dir")
        let sources = try RestoreSources(backup: backup, revocations: revocations)
        let old = ClusterFiles(root: URL(filePath: authority))
        let maker = RestoreMaker(
            sources: sources,
            target: target,
            old: old,
            nodes: node,
            days: days,
            quarantinesPrincipals: revocations.isEmpty
        )
        let made = try maker.make(with: RootAuthority(old, passphrase: passphrase))
        if output.json {
            return Console.json([
                "lineage": .string("\(sources.backup.header.lineage)"),
                "backup_revision": .integer(Int64(sources.backup.header.point.position.index.number)),
                "revision": .integer(Int64(made.revision.number)),
                "added_revocations": .integer(Int64(made.outcome.addedRevocations)),
                "quarantined_principals": .integer(Int64(made.outcome.quarantinedPrincipals)),
                "context": .string(target.context.filePath), "nodes": target.folders(of: node),
            ])
        }
        let folders = node.map { "  \(target.node($0.name).filePath)  to node \($0.name)" }.joined(separator: "\n")
        Console.print(
            """
            Restored revision \(sources.backup.header.point.position.index.number) of lineage \
            \(sources.backup.header.lineage); the new cluster starts at revision \(made.revision.number).
            \(counted(made.outcome.addedRevocations, "revocation")) added from \(counted(revocations.count, "export")), \
            \(counted(made.outcome.quarantinedPrincipals, "principal")) quarantined.
            Copy each folder to its machine and run there `reeve node run --config node.yaml`:
            \(folders)
            Your context: \(target.context.filePath)

            """
        )
    }
}
