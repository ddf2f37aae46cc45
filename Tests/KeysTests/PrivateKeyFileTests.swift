import Crypto
import FoundationEssentials
import Kernel
import Keys
import SwiftASN1
import Testing

@Suite("Private key file")
struct PrivateKeyFileTests {
    private let passphrase = Passphrase("correct horse")

    @Test("an encrypted key comes back with its passphrase, also one with a newline from a terminal")
    func roundTrip() throws {
        try withFolder { folder in
            let key = PrivateKey()
            let path = folder + "/root.key"
            try PrivateKeyFile.create(path, key: key, protection: .encrypted(passphrase), iterations: 1000)
            let loaded = try PrivateKeyFile.load(path) { Passphrase("correct horse\n") }
            #expect(loaded.key.fingerprint == key.fingerprint)
            #expect(loaded.warnings.isEmpty)
        }
    }

    @Test("the default cost is at least 600,000 rounds and does not stop a reader")
    func cost() throws {
        #expect(PrivateKeyFile.defaultIterations >= 600_000)
        let key = PrivateKey()
        let text = try PrivateKeyFile.pem(key, protection: .encrypted(passphrase), place: "test")
        // The count as a DER INTEGER: 600,000 is 0x0927c0.
        let der = try der(of: text)
        #expect(der.windows(of: 5).contains([0x02, 0x03, 0x09, 0x27, 0xc0]))
        #expect(try PrivateKeyFile.parse(text, passphrase: passphrase, place: "test").fingerprint == key.fingerprint)
    }

    @Test("reads what the openssl command writes")
    func interoperates() throws {
        let key = try PrivateKeyFile.parse(Fixtures.scrypt, passphrase: Passphrase("correct"), place: "test")
        #expect(key.fingerprint.hex == "38c76c94d6b0a3932e4b70eef57b1bab77fc4dec308086476dac5ee85eb415a2")
    }

    @Test("a file is created with permissions 0600 and no other file is left")
    func permissions() throws {
        try withFolder { folder in
            let path = folder + "/node.key"
            try PrivateKeyFile.create(path, key: PrivateKey(), protection: .plainForDevelopment)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["node.key"])
        }
    }

    @Test("no file is ever overwritten")
    func exclusive() throws {
        try withFolder { folder in
            let path = folder + "/node.key"
            let key = PrivateKey()
            try PrivateKeyFile.create(path, key: key, protection: .plainForDevelopment)
            #expect(throws: KeysError(.alreadyExists, at: path)) {
                try PrivateKeyFile.create(path, key: PrivateKey(), protection: .plainForDevelopment)
            }
            let loaded = try PrivateKeyFile.load(path, allowPlain: true) { nil }
            #expect(loaded.key.fingerprint == key.fingerprint)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["node.key"])
        }
    }

    @Test("a key in clear is refused unless asked for, and warned of when others can read it")
    func plain() throws {
        try withFolder { folder in
            let path = folder + "/node.key"
            try PrivateKeyFile.create(path, key: PrivateKey(), protection: .plainForDevelopment)
            #expect(throws: KeysError(.keyInClear, at: path)) { try PrivateKeyFile.load(path) { nil } }
            #expect(try PrivateKeyFile.load(path, allowPlain: true) { nil }.warnings.isEmpty)
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
            let loaded = try PrivateKeyFile.load(path, allowPlain: true) { nil }
            #expect(loaded.warnings == [.permissionsTooOpen(path: path, mode: 0o640)])
        }
    }

    @Test("wrong passphrases and wrong kinds of key are told apart")
    func refusals() throws {
        let encrypted = try PrivateKeyFile.pem(
            PrivateKey(),
            protection: .encrypted(passphrase),
            iterations: 1000,
            place: "test"
        )
        let cases: [(String, Passphrase?, KeysError.Problem)] = [
            (encrypted, Passphrase("wrong"), .wrongPassphrase),
            (encrypted, Passphrase(""), .wrongPassphrase),
            (encrypted, nil, .passphraseNeeded),
            (Fixtures.scrypt, Passphrase("wrong"), .wrongPassphrase),
            (Fixtures.legacyEncryption, Passphrase("correct"), .unsupportedEncryption),
            (P384.Signing.PrivateKey().pemRepresentation, nil, .wrongKeyType("secp384r1")),
            (Fixtures.ed25519, nil, .wrongKeyType("ED25519")),
            (Fixtures.notPKCS8, nil, .malformed(expected: "a private key as PKCS#8")),
            (PrivateKey().publicKey.pemRepresentation, nil, .malformed(expected: "a private key as PKCS#8")),
            ("", nil, .malformed(expected: "one private key")),
            ("hello", nil, .malformed(expected: "one private key")),
            (encrypted + "\n" + encrypted, nil, .malformed(expected: "one private key")),
            (
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", nil,
                .malformed(expected: "a private key")
            ),
        ]
        for (text, passphrase, problem) in cases {
            #expect(throws: KeysError(problem, at: "test")) {
                try PrivateKeyFile.parse(text, passphrase: passphrase, place: "test")
            }
        }
    }

    @Test("an empty passphrase encrypts nothing")
    func emptyPassphrase() {
        #expect(throws: KeysError(.passphraseEmpty, at: "test")) {
            try PrivateKeyFile.pem(PrivateKey(), protection: .encrypted(Passphrase("\n")), iterations: 1, place: "test")
        }
    }

    @Test("files that cannot be read or written say which and why")
    func unreadable() throws {
        try withFolder { folder in
            let missing = folder + "/none"
            #expect(throws: KeysError(.missing, at: missing)) { try PrivateKeyFile.load(missing) { nil } }
            #expect(throws: KeysError(.unreadable("not a regular file"), at: folder)) {
                try PrivateKeyFile.load(folder) { nil }
            }
            #expect(throws: KeysError(.unreadable("not a regular file"), at: "/dev/zero")) {
                try PrivateKeyFile.load("/dev/zero") { nil }
            }
            let big = folder + "/big"
            try Data(repeating: 65, count: 70_000).write(to: URL(filePath: big))
            #expect(throws: KeysError(.tooLarge(limit: 65536), at: big)) { try PrivateKeyFile.load(big) { nil } }
            let nowhere = folder + "/no/such/folder.key"
            #expect(throws: KeysError(.unwritable("No such file or directory"), at: nowhere)) {
                try PrivateKeyFile.create(nowhere, key: PrivateKey(), protection: .plainForDevelopment)
            }
        }
    }

    @Test("a damaged file is refused, never misread", arguments: [1, 2, 3] as [UInt64])
    func damaged(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let key = PrivateKey()
        let text = try PrivateKeyFile.pem(key, protection: .encrypted(passphrase), iterations: 1, place: "test")
        let der = try der(of: text)
        var problems: Set<KeysError.Problem> = []
        for _ in 0..<400 {
            var damaged = der
            damaged[Int.random(in: 0..<der.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            if Bool.random(using: &random) { damaged.removeLast(Int.random(in: 1..<der.count, using: &random)) }
            let text = PEMDocument(type: "ENCRYPTED PRIVATE KEY", derBytes: damaged).pemString
            // One flipped bit may land where nothing depends on it; then the key must still be the same.
            do {
                let read = try PrivateKeyFile.parse(text, passphrase: passphrase, place: "test")
                #expect(read.fingerprint == key.fingerprint, "seed \(seed)")
            } catch {
                problems.insert(error.problem)
            }
        }
        #expect(problems.isSuperset(of: [.wrongPassphrase, .malformed(expected: "an encrypted private key")]))
    }

    @Test("a count of rounds that would hang the reader is refused at once")
    func patience() throws {
        let text = try PrivateKeyFile.pem(
            PrivateKey(),
            protection: .encrypted(passphrase),
            iterations: 0x0304,
            place: "test"
        )
        var der = try der(of: text)
        let place = try #require(der.windows(of: 4).firstIndex(of: [0x02, 0x02, 0x03, 0x04]))
        // The salt of 16 bytes ends right before the count: it gives two of its own, so that no length changes.
        der[place - 17] = 0x0e
        der.replaceSubrange((place - 2)..<(place + 4), with: [0x02, 0x04, 0x7f, 0xff, 0xff, 0xff])
        let huge = PEMDocument(type: "ENCRYPTED PRIVATE KEY", derBytes: der).pemString
        #expect(throws: KeysError(.unsupportedEncryption, at: "test")) {
            try PrivateKeyFile.parse(huge, passphrase: passphrase, place: "test")
        }
    }

    @Test("secrets show nothing in text, debug text and dumps")
    func redaction() {
        let secret = Passphrase("hunter2")
        let key = PrivateKey()
        var dumped = ""
        dump(secret, to: &dumped)
        dump(key, to: &dumped)
        dumped += "\(secret) \(key) \(String(reflecting: secret)) \(String(reflecting: key))"
        #expect(!dumped.contains("hunter2"))
        #expect(!dumped.contains("104"), "the bytes of the passphrase")
        #expect(!dumped.contains("Crypto.P256"))
        #expect("\(key)" == "(private key \(key.fingerprint))")
    }

    private func der(of pem: String) throws -> [UInt8] {
        try PEMDocument(pemString: pem).derBytes
    }
}

extension [UInt8] {
    fileprivate func windows(of count: Int) -> [[UInt8]] {
        self.count < count ? [] : (0...(self.count - count)).map { Array(self[$0..<($0 + count)]) }
    }
}

/// Runs with a folder of its own, removed after.
func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "reeve-keys-\(UInt64.random(in: 0...(.max)))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path(percentEncoded: false))
}
