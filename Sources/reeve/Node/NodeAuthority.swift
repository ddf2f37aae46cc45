import ArgumentParser
import Foundation
import Host
import Identity
import Kernel
import Keys

struct NodeAuthority: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "authority",
        abstract: "Give this node an issuing key, so that it can certify nodes that join and renew by itself.",
        discussion: """
            The first voters have one from `reeve cluster init`. A voter that joined later gets one in three steps; the same \
            steps give an issuing key another certificate when its own comes to an end:
              reeve node authority --config node.yaml --request n4-issuer.csr             # on n4
              reeve cluster authorize n4 --request n4-issuer.csr --authority acme         # where the root key is
              reeve node authority --config node.yaml --certificate n4-issuer.crt         # on n4, then restart it
            """
    )

    @OptionGroup var node: NodeKeyOptions
    @Option(
        help: ArgumentHelp("Make the key if there is none, and write its request into a new file.", valueName: "file")
    )
    var request: String?
    @Option(help: ArgumentHelp("Check this certificate and use it.", valueName: "file"))
    var certificate: String?

    func validate() throws {
        guard (request == nil) != (certificate == nil) else {
            throw ValidationError("Give --request or --certificate, one of them.")
        }
    }

    func run() async throws {
        let configuration = try node.load()
        let files = configuration.tls.issuer ?? configuration.tls.standardIssuer
        if let request { return try write(request, configuration, files) }
        if let certificate { try await use(certificate, configuration, files) }
    }

    private func write(
        _ path: String,
        _ configuration: NodeConfiguration,
        _ files: NodeConfiguration.IssuerFiles
    ) throws {
        if !FileManager.default.fileExists(atPath: files.key) {
            try PrivateKeyFile.create(files.key, key: PrivateKey(), protection: configuration.tls.protection())
        }
        let key = try configuration.tls.loadKey(files.key)
        let request = try CertificateRequest(for: key, name: "issuer \(configuration.name)")
        try KeyFiles.create(path, mode: 0o644, bytes: Array((request.pem + "\n").utf8))
        Console.print(
            """
            Give \(path) to whoever has the root key, and then run there:
              reeve cluster authorize \(configuration.name) --request \(path) --authority FOLDER

            """
        )
    }

    private func use(
        _ path: String,
        _ configuration: NodeConfiguration,
        _ files: NodeConfiguration.IssuerFiles
    ) async throws {
        let roots = try ParsedCertificate.load(configuration.tls.files.roots)
        let own = try ParsedCertificate.load(configuration.tls.files.certificate)
        guard let domain = own.first?.spiffeID?.trustDomain, let given = try ParsedCertificate.load(path).first else {
            throw CommandError("names no trust domain", at: configuration.tls.files.certificate)
        }
        let key = try configuration.tls.loadKey(files.key)
        _ = try CertificateIssuer(certificate: given, key: key, trustDomain: domain, place: path)
        do {
            let verifier = PeerVerifier(roots: roots, trustDomain: domain)
            try await verifier.verify(authority: given, at: NodeClock().now().wall)
        } catch { throw KeysError(.refused(error), at: path) }
        let bytes = Array((given.pem + "\n").utf8)
        if FileManager.default.fileExists(atPath: files.certificate) {
            try KeyFiles.replace(files.certificate, bytes: bytes)
        } else {
            try KeyFiles.create(files.certificate, mode: 0o644, bytes: bytes)
        }
        Console.print(
            """
            \(files.certificate) counts until \(given.validity.notAfter.calendarText). Restart the node to take it into use.
            \(configuration.tls.issuer == nil ? advice(files) : "")
            """
        )
    }

    private func advice(_ files: NodeConfiguration.IssuerFiles) -> String {
        """
        Before that add to the section tls of \(node.config):
          issuer_certificate: \(files.certificate)
          issuer_key: \(files.key)

        """
    }
}

extension NodeConfiguration.TLSFiles {
    /// Where an issuing key goes that the configuration does not name yet: beside the node's own.
    fileprivate var standardIssuer: NodeConfiguration.IssuerFiles {
        let folder = URL(filePath: files.key).deletingLastPathComponent()
        return NodeConfiguration.IssuerFiles(
            certificate: folder.appending(path: "issuer.crt").filePath,
            key: folder.appending(path: "issuer.key").filePath
        )
    }

    /// As the node's own key is protected.
    func protection() throws -> PrivateKeyFile.Protection {
        if let passphrase = try passphrase() { return .encrypted(passphrase) }
        guard allowPlainKey else {
            throw CommandError("the configuration has neither passphrase_file nor allow_plain_key")
        }
        return .plainForDevelopment
    }

    func loadKey(_ path: String) throws(KeysError) -> PrivateKey {
        try PrivateKeyFile.load(path, allowPlain: allowPlainKey, passphrase: passphrase).key
    }
}
