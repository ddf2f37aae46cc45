import Foundation
import Keys

/// The folder that a node runs from: its keys, certificates, configuration and data.
struct NodeFolder: Sendable {
    let url: URL
    /// Keys in clear, for development.
    let isPlain: Bool

    var key: String { path("node.key") }
    var certificate: String { path("node.crt") }
    var issuerKey: String { path("issuer.key") }
    var issuerCertificate: String { path("issuer.crt") }
    var roots: String { path("roots.crt") }
    var genesis: String { path("genesis.json") }
    var introduction: String { path("introduction.json") }
    var configuration: String { path("node.yaml") }
    var data: String { path("data") }
    private var passphraseFile: String { path("passphrase") }

    func path(_ name: String) -> String { url.appending(path: name).filePath }

    func create() throws { try Self.create(url) }

    static func create(_ url: URL) throws {
        do {
            let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true, attributes: attributes)
        } catch {
            throw CommandError("cannot be made: \(error.localizedDescription)", at: url.filePath)
        }
    }

    func write(_ text: String, to path: String, mode: UInt32 = 0o644) throws {
        try KeyFiles.create(path, mode: mode, bytes: Array(text.utf8))
    }

    func createKey(_ key: PrivateKey, at path: String) throws {
        try PrivateKeyFile.create(path, key: key, protection: try protection())
    }

    func loadKey(at path: String) throws -> PrivateKey {
        try PrivateKeyFile.load(path, allowPlain: isPlain) { () throws(KeysError) -> Passphrase? in try passphrase() }
            .key
    }

    /// Of the keys here that are encrypted.
    func passphrase() throws(KeysError) -> Passphrase {
        Passphrase(String(decoding: try KeyFiles.read(passphraseFile, limit: 4096), as: UTF8.self))
    }

    /// A node must start without a person, so its passphrase is drawn here and lies in a file of its own, from where it
    /// can be moved to wherever the machine keeps secrets.
    private func protection() throws -> PrivateKeyFile.Protection {
        if isPlain { return .plainForDevelopment }
        if !FileManager.default.fileExists(atPath: passphraseFile) {
            let words = (0..<4).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }
            try write(words.joined(separator: "-") + "\n", to: passphraseFile, mode: 0o600)
        }
        return .encrypted(try passphrase())
    }
}
