import ArgumentParser
import Directory
import Foundation
import HTTPAPI
import Identity
import JSON
import Kernel
import Keys

struct AdministratorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "administrator",
        abstract: "Who may administer the cluster, by the keys of their certificates.",
        discussion: """
            An administrator may do what the policies of the set reeve.admin permit, which is everything at first. The log lists \
            the key; the certificate only carries it, so that another one for the same key needs no change here.

            Example: reeve administrator create ann --authority acme --dir ann
                     reeve administrator add ann --certificate ann/admin/admin.crt
            """,
        subcommands: [List.self, Create.self, Add.self, Remove.self]
    )

    private static func path(_ fingerprint: String) -> String { "/v1/administrators/\(fingerprint)" }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List them with the fingerprints of their keys.")

        @OptionGroup var list: ListOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let columns = [
                Column("name", "name"), Column("fingerprint", "fingerprint"),
                Column("since") { $0.withoutGenesisTimes["created_at"]?.cell ?? "" },
            ]
            try await common.list("/v1/administrators", [], list, columns)
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key, a certificate and a context for another one, on the operator's machine.",
            discussion: """
                The certificate is signed with the root key of the folder that `reeve cluster init` made. Nothing is sent anywhere: \
                `reeve administrator add` has the cluster list the key. Give the folder to the person whom it is for, and the \
                passphrase by another way.
                """
        )

        @Argument(help: "Name of the person.")
        var name: String
        @Option(help: ArgumentHelp("Folder of the cluster, with its root key.", valueName: "folder"))
        var authority: String
        @Option(help: ArgumentHelp("Folder to make.", valueName: "folder"))
        var dir: String
        @Option(help: ArgumentHelp("For how many days the certificate counts.", valueName: "days"))
        var days = 365
        @Option(help: ArgumentHelp("File whose first line is the passphrase for the new key.", valueName: "file"))
        var keyPassphraseFile: String?
        @OptionGroup var passphrase: PassphraseOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (1...3650).contains(days) else { throw ValidationError("--days must be from 1 to 3650.") }
            guard Grammar.isName(name) else {
                throw ValidationError("'\(name)' is not a name: use \(PrincipalID.grammar).")
            }
        }

        func run() async throws {
            try OutputFile.refuseExisting(dir, advice: "give another folder with --dir, or move this one away")
            let files = ClusterFiles(root: URL(filePath: dir))
            let old = ClusterFiles(root: URL(filePath: authority))
            let root = try RootAuthority(old, passphrase: passphrase)
            var context = try ClusterContext.load(option: old.context.filePath, environment: [:])
            let protection: PrivateKeyFile.Protection =
                root.isPlain && keyPassphraseFile == nil ? .plainForDevelopment : .encrypted(try newPassphrase())
            let maker = AdministratorMaker(name: name, issuer: root.issuer, days: days, protection: protection)
            do {
                try NodeFolder.create(files.root.appending(path: "admin"))
                _ = try maker.make(in: files)
                let roots = try KeyFiles.read(old.rootCertificate.filePath, limit: 1 << 20)
                try KeyFiles.create(files.rootCertificate.filePath, mode: 0o644, bytes: roots)
                context.files = ClusterContext.standardFiles
                context.allowPlainKey = root.isPlain && keyPassphraseFile == nil
                try KeyFiles.create(files.context.filePath, mode: 0o644, bytes: Array(context.text.utf8))
            } catch {
                try? FileManager.default.removeItem(at: files.root)
                throw error
            }
            if output.json {
                return Console.json([
                    "context": .string(files.context.filePath),
                    "certificate": .string(files.administratorCertificate.filePath),
                ])
            }
            Console.print(
                """
                \(files.root.filePath) has the key, the certificate and the context of \(name). Have the cluster list the key:
                  reeve administrator add \(name) --certificate \(files.administratorCertificate.filePath)

                """
            )
        }

        private func newPassphrase() throws -> Passphrase {
            let given = try keyPassphraseFile.map { try PassphraseOptions.load($0) }
            return try PassphraseOptions.new(given, prompt: "New passphrase for the key of \(name): ")
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have the cluster list the key of a certificate as an administrator's."
        )

        @Argument(help: "Name of the person, as others see it.")
        var name: String
        @Option(help: ArgumentHelp("Their certificate, in PEM.", valueName: "file"))
        var certificate: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let fingerprint = try AdministratorCommand.fingerprint(certificate)
            try await common.connection.withContext { client, context in
                try AdministratorCommand.check(certificate, isOf: context.trustDomain)
                let request = ClusterClient.Request(
                    method: .put,
                    path: path(fingerprint),
                    body: ["name": .string(name)]
                )
                common.output.written(
                    try await client.send(request),
                    "\(name) is an administrator, by key \(fingerprint)"
                )
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove one: nothing is accepted from that key from then on."
        )

        @Argument(help: ArgumentHelp("Name, or how the fingerprint begins.", valueName: "administrator"))
        var administrator: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.connection.withClient { client in
                let all = try await client.list("/v1/administrators")
                let (fingerprint, name) = try AdministratorCommand.chosen(administrator, of: all)
                let reply = try await client.send(.init(method: .delete, path: path(fingerprint)))
                common.output.written(reply, "\(name) is not an administrator any more")
            }
        }
    }

    /// SHA-256 of the public key (SubjectPublicKeyInfo in DER) of the first certificate in a file.
    static func fingerprint(_ path: String) throws -> String {
        guard let leaf = try ParsedCertificate.load(path).first else {
            throw CommandError("holds no certificate", at: path)
        }
        return leaf.fingerprint.hex
    }

    /// Refuses a certificate that no node would take.
    static func check(_ path: String, isOf trustDomain: String) throws {
        let domain = try ParsedCertificate.load(path).first?.spiffeID?.trustDomain.name
        guard domain == trustDomain else {
            throw CommandError(
                "is of trust domain \(domain ?? "none"), and the cluster of \(trustDomain)",
                at: path,
                advice: "have it signed by this cluster's root: `reeve administrator create`"
            )
        }
    }

    /// - Throws: Where none is meant, or several are.
    static func chosen(_ text: String, of all: [JSONValue]) throws -> (fingerprint: String, name: String) {
        let known = all.compactMap { item -> (fingerprint: String, name: String)? in
            guard let fingerprint = item["fingerprint"]?.stringValue, let name = item["name"]?.stringValue else {
                return nil
            }
            return (fingerprint, name)
        }
        let named = known.filter { $0.name == text }
        let found = named.isEmpty ? known.filter { $0.fingerprint.hasPrefix(text.lowercased()) } : named
        guard found.count == 1, !text.isEmpty else {
            let list = found.map { "\n  \($0.fingerprint)  \($0.name)" }.joined()
            throw CommandError(
                found.isEmpty || text.isEmpty
                    ? "there is no administrator '\(text)'" : "several administrators are meant by '\(text)':\(list)",
                advice: found.isEmpty ? "see `reeve administrator list`" : "give the fingerprint, or how it begins"
            )
        }
        return found[0]
    }
}
