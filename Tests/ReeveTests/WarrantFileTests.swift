import Directory
import Dispatch
import Foundation
import HTTPAPI
import Identity
import Kernel
import Keys
import Synchronization
import TestSupport
import Testing

@testable import reeve

@Suite("Warrant file") struct WarrantFileTests {
    let directory: TemporaryDirectory
    let key = PrivateKey()

    init() throws { directory = try TemporaryDirectory() }

    private var path: String { "\(directory.path)/w.warrant" }

    private static let end = WallTime(milliseconds: 1_800_000_000_000)

    private func file(
        budget: UInt32 = 3,
        cascades: Bool = false,
        passphrase: String? = nil,
        allowPlain: Bool = true
    ) throws -> WarrantFile {
        let protection = passphrase.map { PrivateKeyFile.Protection.encrypted(Passphrase($0)) }
        return WarrantFile(
            name: "w",
            lineage: Lineage(high: 7, low: 8),
            level: .quarantine,
            cascades: cascades,
            expiresAt: Self.end,
            budget: budget,
            nextSequence: 1,
            key: try PrivateKeyFile.pem(
                key,
                protection: protection ?? .plainForDevelopment,
                iterations: 1,
                place: path
            ),
            allowPlainKey: passphrase == nil && allowPlain
        )
    }

    private func error(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test("what is written is read back, by its owner alone, and is not written over") func roundTrip() throws {
        let file = try file()
        try file.create(at: path)
        #expect(try WarrantFile.load(path) == file)
        #expect(try mode(path) == 0o600)
        #expect(error { try file.create(at: path) }.contains("exists already"))
    }

    @Test("each number is taken once, and the file says so before it is used") func numbers() throws {
        try file().create(at: path)
        #expect(try (1...3).map { _ in try WarrantFile.takeSequence(from: path) } == [1, 2, 3])
        #expect(try WarrantFile.load(path).nextSequence == 4)
        #expect(error { _ = try WarrantFile.takeSequence(from: path) }.contains("all 3 statements"))
        #expect(try WarrantFile.load(path).nextSequence == 4)
        #expect(try mode(path) == 0o600)
        #expect(directory.files == ["w.warrant"])
    }

    @Test("a statement that reached nobody is kept beside the file, and is there until it is removed") func unsent()
        throws
    {
        try file().create(at: path)
        #expect(try UnsentStatement.all(besideWarrantAt: path).isEmpty)
        let made = try [2, 1].map { try signed($0) }
        for one in made { _ = try UnsentStatement(one, besideWarrantAt: path) }
        #expect(directory.files.sorted() == ["w.warrant", "w.warrant.unsent-1", "w.warrant.unsent-2"])
        #expect(try mode("\(path).unsent-1") == 0o600)
        let kept = try UnsentStatement.all(besideWarrantAt: path)
        #expect(kept.map(\.signed) == made.reversed())
        #expect(error { _ = try UnsentStatement(made[0], besideWarrantAt: path) }.contains("exists already"))
        kept[0].remove()
        #expect(try UnsentStatement.all(besideWarrantAt: path).map(\.signed) == [made[0]])
        try Data("x".utf8).write(to: URL(filePath: "\(path).unsent-2"))
        #expect(error { _ = try UnsentStatement.all(besideWarrantAt: path) }.contains("is no statement"))
    }

    private func signed(_ number: UInt32) throws -> SignedStatement {
        let statement = Statement(
            lineage: Lineage(high: 7, low: 8),
            warrant: "w",
            sequence: number,
            kind: .quarantine,
            subject: .token("t"),
            reason: "odd",
            issuedAt: WallTime(milliseconds: 1_700_000_000_000)
        )
        return SignedStatement(statement, signature: try key.signature(of: statement.signedBytes))
    }

    @Test("a number is given back as long as no later one is taken") func giveBack() throws {
        try file().create(at: path)
        #expect(try WarrantFile.takeSequence(from: path) == 1)
        #expect(try WarrantFile.giveBack(1, to: path))
        #expect(try WarrantFile.load(path).nextSequence == 1)
        #expect(try (1...2).map { _ in try WarrantFile.takeSequence(from: path) } == [1, 2])
        #expect(try !WarrantFile.giveBack(1, to: path))
        #expect(try WarrantFile.load(path).nextSequence == 3)
        #expect(try mode(path) == 0o600 && directory.files == ["w.warrant"])
    }

    @Test("whom the warrant does not name is refused here, a token and other scopes are the nodes' to judge")
    func scope() throws {
        let bot = PrincipalID(kind: .agent, name: "bot")
        var file = try file()
        file.principals = [try #require(bot)]
        try file.create(at: path)
        let read = try WarrantFile.load(path)
        #expect(read == file)
        let named = try #require(RevocationSubject(parsing: "agent/bot"))
        let other = try #require(RevocationSubject(parsing: "agent/bto"))
        try read.checkScope(named, at: path)
        try read.checkScope(.token("t"), at: path)
        #expect(error { try read.checkScope(other, at: path) }.contains("agent/bot alone, not agent/bto"))
        try self.file().checkScope(other, at: path)
    }

    @Test("several at a time take different numbers") func concurrent() throws {
        try file(budget: 200).create(at: path)
        let path = path
        let taken = Mutex<[UInt32]>([])
        DispatchQueue.concurrentPerform(iterations: 40) { _ in
            guard let number = try? WarrantFile.takeSequence(from: path) else { return }
            taken.withLock { $0.append(number) }
        }
        #expect(taken.withLock { $0.sorted() } == Array(1...40))
    }

    @Test("through a link the file behind it counts") func link() throws {
        try file().create(at: path)
        let link = "\(directory.path)/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
        #expect(try WarrantFile.takeSequence(from: link) == 1)
        #expect(try WarrantFile.takeSequence(from: path) == 2)
        #expect(try WarrantFile.takeSequence(from: link) == 3)
    }

    @Test("a file that another process keeps for itself is not waited for without end")
    func held() throws {
        try file().create(at: path)
        let lock = try FileLock(path)
        #expect(
            error { _ = try WarrantFile.takeSequence(from: path, patience: .zero) }.contains("another process holds it")
        )
        withExtendedLifetime(lock) {}
        #expect(try WarrantFile.load(path).nextSequence == 1)
    }

    @Test("what every node would refuse costs no number") func checks() throws {
        let file = try file()
        let before = Self.end.reduced(by: .milliseconds(1))
        try file.check(.quarantine, cascades: false, at: path, now: before)
        #expect(error { try file.check(.revoke, cascades: false, at: path, now: before) }.contains("up to quarantine"))
        #expect(
            error { try file.check(.restrict, cascades: false, at: path, now: Self.end) }.contains(
                "ended at 2027-01-15T08:00:00.000Z"
            )
        )
        #expect(error { try file.check(.restrict, cascades: true, at: path, now: before) }.contains("cascade"))
        let wide = try self.file(cascades: true)
        try wide.check(.restrict, cascades: true, at: path, now: before)
        try wide.create(at: path)
        #expect(try WarrantFile.load(path) == wide)
        var used = file
        used.nextSequence = 4
        #expect(
            error { try used.check(.restrict, cascades: false, at: path, now: before) }.contains("all 3 statements")
        )
    }

    @Test("an encrypted key needs its passphrase, and signs what the nodes verify") func encrypted() throws {
        let file = try file(passphrase: "correct horse")
        let read = try file.privateKey(at: path) { Passphrase("correct horse") }
        let signature = try read.signature(of: [1, 2, 3])
        #expect(P256Verifier().isValid(signature, of: [1, 2, 3], by: key.compressedPublicKey))
        #expect(error { _ = try file.privateKey(at: path) { Passphrase("wrong") } }.contains("passphrase is wrong"))
    }

    @Test("a key in clear counts in a cluster for development only, and is not asked about") func plain() throws {
        let read = try file().privateKey(at: path) {
            Issue.record("asked for a passphrase")
            return Passphrase("")
        }
        #expect(read.compressedPublicKey == key.compressedPublicKey)
        let clear = try file(allowPlain: false)
        #expect(error { _ = try clear.privateKey(at: path) { Passphrase("") } }.contains("not encrypted"))
    }

    @Test(
        "a file that is none says where",
        arguments: [
            ("{", "w.warrant:1:2: is not valid JSON"), ("{}", "lineage: is missing"),
            (#"{"lineage":"x"}"#, "lineage: must be a UUID"),
        ]
    )
    func malformed(text: String, expected: String) throws {
        try directory.write(text, to: "w.warrant")
        #expect(error { _ = try WarrantFile.load(path) }.contains(expected))
    }

    @Test("a number past the budget's end is refused") func outOfRange() throws {
        try file().create(at: path)
        try directory.write(
            directory.text(of: "w.warrant").replacing("\"next_sequence\": 1", with: "\"next_sequence\": 5"),
            to: "w.warrant"
        )
        #expect(error { _ = try WarrantFile.load(path) }.contains("next_sequence: must be a whole number from 1 to 4"))
    }

    @Test("a file that is not there says which is meant") func missing() {
        #expect(error { _ = try WarrantFile.load(path) }.contains("reeve warrant issue"))
    }
}
