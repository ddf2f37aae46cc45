import ArgumentParser
import Foundation
import Identity
import JSON
import Keys

struct ClusterAuthorize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "authorize",
        abstract: "Let a node issue certificates: sign its issuing key with the root key, on the operator's machine.",
        discussion: """
            The request is the node's, made by `reeve node authority --request`; the key stays there. What the key may sign is \
            bounded by its certificate: nodes and clients of this trust domain, and no further authorities. Nothing is sent \
            anywhere.
            """
    )

    @Argument(help: ArgumentHelp("Name of the node.", valueName: "name"))
    var name: String
    @Option(help: ArgumentHelp("The node's request.", valueName: "file"))
    var request: String
    @Option(help: ArgumentHelp("Folder of the cluster, with its root key.", valueName: "folder"))
    var authority: String
    @Option(help: ArgumentHelp("File to make. Default: NAME-issuer.crt.", valueName: "file"))
    var out: String?
    @Option(help: ArgumentHelp("For how many days it counts, at most as long as the root.", valueName: "days"))
    var days = RootAuthority.issuerDays
    @OptionGroup var passphrase: PassphraseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...3650).contains(days) else { throw ValidationError("--days must be from 1 to 3650.") }
        do { try SPIFFEID.checkNodeName(name) } catch { throw ValidationError("The node's name: \(error)") }
    }

    func run() async throws {
        let path = out ?? "\(name)-issuer.crt"
        try OutputFile.refuseExisting(path)
        let wanted = try CertificateRequest.load(request)
        let root = try RootAuthority(ClusterFiles(root: URL(filePath: authority)), passphrase: passphrase).issuer
        let certificate = try root.issueAuthority(
            name,
            publicKey: wanted.publicKey,
            validity: .made(days: days).within(root.certificate.validity)
        )
        try KeyFiles.create(path, mode: 0o644, bytes: Array((certificate.pem + "\n").utf8))
        if output.json { return Console.json(["file": .string(path)]) }
        Console.print(
            """
            Copy \(path) to \(name)'s machine and run there:
              reeve node authority --config node.yaml --certificate \(path)

            """
        )
    }
}
