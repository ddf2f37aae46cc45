import ArgumentParser
import Foundation
import JSON
import Keys

struct ClusterCertify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certify",
        abstract: "Have a voter give a member another certificate, when it can ask for none itself.",
        discussion: """
            The request is the member's, made by `reeve node renew --request`; only the key that the log pins for the member is \
            given a certificate, with the name and addresses that the log has.
            """
    )

    @Argument(help: ArgumentHelp("Name of the member.", valueName: "name"))
    var name: String
    @Option(help: ArgumentHelp("Its certificate request.", valueName: "file"))
    var request: String
    @Option(help: ArgumentHelp("File to make. Default: NAME.crt.", valueName: "file"))
    var out: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let path = out ?? "\(name).crt"
        try OutputFile.refuseExisting(path)
        let wanted = try CertificateRequest.load(request)
        try await common.connection.withClient { client in
            let certificate = try await client.send(.certificate(of: name, wanted.pem)).certificate()
            try KeyFiles.create(path, mode: 0o644, bytes: Array(certificate.utf8))
            if common.output.json { return Console.json(["file": .string(path)]) }
            Console.print(
                """
                Copy \(path) to \(name)'s machine and run there:
                  reeve node renew --config node.yaml --certificate \(path)

                """
            )
        }
    }
}
