import ArgumentParser
import Directory
import Foundation
import Identity
import JSON
import Keys

struct ClusterInit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make the keys, certificates and files of a new cluster, on the operator's machine.",
        discussion: """
            Makes a root key, an administrator's key, and a folder for each node with its key, certificate, configuration \
            and the genesis file that all of them share. Nothing is sent anywhere and nothing is overwritten.

            Example: reeve cluster init --dir acme --domain acme.example \
            --node n1=10.0.0.1:7401,7402,7403 --node n2=10.0.0.2:7401,7402,7403 --node n3=10.0.0.3:7401,7402,7403
            """
    )

    @Option(help: ArgumentHelp("Folder to make.", valueName: "folder"))
    var dir: String
    @Option(help: "Name of the trust domain, such as acme.example.")
    var domain: String
    @Option(help: ArgumentHelp("A voter; give 1, 3, 5 or 7 of them.", valueName: NodeArgument.grammar))
    var node: [NodeArgument]
    @Option(help: ArgumentHelp("Name of the first administrator.", valueName: "name"))
    var administrator = "admin"
    @Option(
        help: ArgumentHelp("For how many days the certificates of nodes and administrator count.", valueName: "days")
    )
    var days = 365
    @Flag(help: "For development: keys in clear, no passphrase.")
    var dev = false
    @Flag(help: "Leave your default context alone.")
    var keepDefaultContext = false
    @OptionGroup var passphrase: PassphraseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try NodeArgument.validate(node)
        guard (1...3650).contains(days) else { throw ValidationError("--days must be from 1 to 3650.") }
        guard Grammar.isName(administrator) else {
            throw ValidationError("--administrator must have 1 to 128 letters, digits and . - _ in it.")
        }
    }

    func run() async throws {
        let trustDomain: TrustDomain
        do { trustDomain = try TrustDomain(parsing: domain) } catch { throw ValidationError("--domain: \(error)") }
        let files = ClusterFiles(root: URL(filePath: dir))
        try OutputFile.refuseExisting(dir, advice: "give another folder with --dir, or move this one away")
        let protection: PrivateKeyFile.Protection =
            if dev { .plainForDevelopment } else {
                .encrypted(try passphrase.readNew(prompt: "Passphrase for the root and administrator's keys: "))
            }
        let maker = ClusterMaker(
            files: files,
            trustDomain: trustDomain,
            nodes: node,
            administrator: administrator,
            days: days,
            protection: protection
        )
        try maker.make()
        let link = keepDefaultContext ? nil : DefaultContext.link(to: files.context)
        if output.json {
            return Console.json([
                "trust_domain": .string(domain), "offline": .string(files.offline.filePath),
                "context": .string(files.context.filePath), "nodes": files.folders(of: node),
            ])
        }
        Console.print(summary(files, link))
    }

    private func summary(_ files: ClusterFiles, _ link: DefaultContext.Outcome?) -> String {
        let folders = node.map { "  \(files.node($0.name).filePath)  to node \($0.name)" }.joined(separator: "\n")
        let rest =
            dev
            ? "All keys are in clear: this cluster is for development only."
            : """
            Keep offline, away from every node: \(files.offline.filePath) (the root key signs certificates and nothing else).
            The passphrase of each node's key is in its folder: hand it to the service by your system's credentials.
            """
        return """
            Trust domain \(domain) with \(counted(node.count, "node")).
            Copy each folder to its machine and run there `reeve node run --config node.yaml`:
            \(folders)
            \(rest)
            Your own key and the list of nodes: \(files.context.filePath)
            \(link.map(\.sentence) ?? "Give it with --context or REEVE_CONTEXT.")

            """
    }
}

extension ClusterFiles {
    /// What goes to which node.
    func folders(of nodes: [NodeArgument]) -> JSONValue {
        .array(nodes.map { ["name": .string($0.name), "folder": .string(node($0.name).filePath)] })
    }
}

/// The context that commands use when they are told none: a link in the user's configuration folder.
enum DefaultContext {
    enum Outcome {
        case linked(String)
        case taken(String, context: String)

        var sentence: String {
            switch self {
            case .linked(let path): "It is now your default context: \(path)"
            case .taken(let path, let context):
                "\(path) points to another cluster and stays; use this one with export REEVE_CONTEXT=\(context)"
            }
        }
    }

    /// Replaces a link that leads nowhere, and nothing else.
    static func link(to context: URL) -> Outcome {
        let files = FileManager.default
        let path = ClusterContext.standardFile(ProcessInfo.processInfo.environment)
        let target = context.standardizedFileURL.filePath
        let current = try? files.destinationOfSymbolicLink(atPath: path)
        if current == target { return .linked(path) }
        if current != nil, !files.fileExists(atPath: path) { try? files.removeItem(atPath: path) }
        do {
            let folder = URL(filePath: path).deletingLastPathComponent()
            try files.createDirectory(at: folder, withIntermediateDirectories: true)
            try files.createSymbolicLink(atPath: path, withDestinationPath: target)
            return .linked(path)
        } catch {
            return .taken(path, context: target)
        }
    }
}
