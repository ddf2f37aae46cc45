import Foundation
import Identity
import Kernel
import Keys
import Testing

@Suite("Node credentials")
struct NodeCredentialsTests {
    @Test("three files that belong together load, and peers would accept them")
    func load() async throws {
        let authority = try Authority()
        let key = PrivateKey()
        var credentials: NodeCredentials?
        try withFolder { folder in
            let files = try write(
                authority: authority,
                certificate: authority.node("n1", key: key),
                key: key,
                to: folder
            )
            let loaded = try NodeCredentials.load(files, allowPlainKey: true) { nil }
            #expect(loaded.warnings.isEmpty)
            #expect(loaded.credentials.spiffeID.nodeName == "n1")
            #expect(loaded.credentials.fingerprint == key.fingerprint)
            credentials = loaded.credentials
        }
        let loaded = try #require(credentials)
        try await loaded.check(as: [.server, .client], expecting: .node(name: "n1"), at: now)
        let late = year.notAfter.advanced(by: day)
        await #expect(
            throws: KeysError(.refused(.expired(notAfter: year.notAfter)), at: "certificate of \(loaded.spiffeID)")
        ) {
            try await loaded.check(as: [.server], expecting: .anyNode, at: late)
        }
    }

    @Test("files that do not belong together say which is wrong")
    func mismatch() throws {
        let authority = try Authority()
        try withFolder { folder in
            let files = try write(
                authority: authority,
                certificate: authority.node("n1"),
                key: PrivateKey(),
                to: folder
            )
            #expect(throws: KeysError(.keyDoesNotMatchCertificate, at: files.certificate)) {
                try NodeCredentials.load(files, allowPlainKey: true) { nil }
            }
            #expect(throws: KeysError(.keyInClear, at: files.key)) {
                try NodeCredentials.load(files, allowPlainKey: false) { nil }
            }
            let missing = NodeCredentials.Files(certificate: folder + "/none", key: files.key, roots: files.roots)
            #expect(throws: KeysError(.missing, at: folder + "/none")) {
                try NodeCredentials.load(missing, allowPlainKey: true) { nil }
            }
            let swapped = NodeCredentials.Files(certificate: files.key, key: files.key, roots: files.roots)
            #expect(throws: KeysError(.malformed(expected: "one or more certificates"), at: files.key)) {
                try NodeCredentials.load(swapped, allowPlainKey: true) { nil }
            }
            let leafAsRoot = NodeCredentials.Files(
                certificate: files.certificate,
                key: files.key,
                roots: files.certificate
            )
            #expect(throws: KeysError.self) { try NodeCredentials.load(leafAsRoot, allowPlainKey: true) { nil } }
        }
    }

    private func write(
        authority: Authority,
        certificate: ParsedCertificate,
        key: PrivateKey,
        to folder: String
    ) throws -> NodeCredentials.Files {
        let files = NodeCredentials.Files(
            certificate: folder + "/n1.crt",
            key: folder + "/n1.key",
            roots: folder + "/root.crt"
        )
        try KeyFiles.create(files.certificate, mode: 0o644, bytes: Array(certificate.pem.utf8))
        try KeyFiles.create(files.roots, mode: 0o644, bytes: Array(authority.issuer.certificate.pem.utf8))
        try PrivateKeyFile.create(files.key, key: key, protection: .plainForDevelopment)
        return files
    }

    @Test("a file is replaced whole, keeps its permissions, and must have been there") func replace() throws {
        try withFolder { folder in
            let path = folder + "/node.crt"
            #expect(throws: KeysError.self) { try KeyFiles.replace(path, bytes: [1]) }
            try KeyFiles.create(path, mode: 0o640, bytes: [1, 2, 3])
            try KeyFiles.replace(path, bytes: [4])
            #expect(try KeyFiles.read(path, limit: 10) == [4])
            let facts = try FileManager.default.attributesOfItem(atPath: path)
            #expect(facts[.posixPermissions] as? Int == 0o640)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["node.crt"])
            try KeyFiles.checkReplaceable(path)
            #expect(throws: KeysError.self) { try KeyFiles.checkReplaceable(folder + "/none/node.crt") }
        }
    }
}
