import Directory
import Foundation
import HTTPAPI
import Identity
import JSON
import Kernel
import Keys
import Service

/// What a revoker needs to take authority away under a warrant: its key, and which number comes next.
///
/// There must be one such file for a warrant. From a copy, or one that was brought back, a number would be used for a second
/// statement, which freezes the warrant.
struct WarrantFile: Hashable, Sendable {
    let name: String
    let lineage: Lineage
    let level: RevocationKind
    let cascades: Bool
    /// Against whom alone it is; empty where its scope is another, which takes the directory to judge.
    var principals: [PrincipalID] = []
    let expiresAt: WallTime
    let budget: UInt32
    /// Of the next statement; past the budget when all are used.
    var nextSequence: UInt32
    /// PKCS#8 in PEM, encrypted unless `allowPlainKey`.
    let key: String
    /// Development: the key is in clear, as others of the cluster are.
    let allowPlainKey: Bool

    static let maximumByteCount = 1 << 16

    static func load(_ path: String) throws -> WarrantFile {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError(
                "there is no such file, or it cannot be read",
                at: path,
                advice: "give the one that `reeve warrant issue` made"
            )
        }
        do {
            return try WarrantFile(JSONValue.parse(Array(data), limits: JSONLimits(maxBytes: maximumByteCount)))
        } catch let error as JSONError {
            throw CommandError("is not valid JSON: \(error.reason)", at: "\(path):\(error.line):\(error.column)")
        } catch let error as FieldError {
            throw CommandError(error.description, at: path)
        }
    }

    /// Readable by its owner alone; never over another file.
    func create(at path: String) throws { try KeyFiles.create(path, mode: 0o600, bytes: bytes) }

    /// Takes the next number for one statement. When this returns, the file on the disk says so: a crash wastes a number, and
    /// uses none twice. Other processes wait for their turn.
    static func takeSequence(from path: String, patience: Duration = .seconds(5)) throws -> UInt32 {
        // A link stays one, or the file behind it would go on counting from here.
        let path = URL(filePath: path).resolvingSymlinksInPath().filePath
        let lock = try FileLock(path, patience: patience)
        defer { withExtendedLifetime(lock) {} }
        var file = try load(path)
        try file.checkBudget(at: path)
        let sequence = file.nextSequence
        file.nextSequence += 1
        try KeyFiles.replace(path, bytes: file.bytes)
        return sequence
    }

    /// Puts a number back under which no node has, or will have, a statement. Kept as used where a later one has been taken since.
    ///
    /// - Returns: Whether it can be taken again.
    static func giveBack(_ sequence: UInt32, to path: String, patience: Duration = .seconds(5)) throws -> Bool {
        let path = URL(filePath: path).resolvingSymlinksInPath().filePath
        let lock = try FileLock(path, patience: patience)
        defer { withExtendedLifetime(lock) {} }
        var file = try load(path)
        guard file.nextSequence == sequence + 1 else { return false }
        file.nextSequence = sequence
        try KeyFiles.replace(path, bytes: file.bytes)
        return true
    }

    /// Refuses whom every node would refuse, before it costs a number. Whose a token is, the nodes know.
    func checkScope(_ subject: RevocationSubject, at path: String) throws {
        guard case .principal(let id) = subject, !principals.isEmpty, !principals.contains(id) else { return }
        throw CommandError(
            "the warrant is against \(principals.map(\.description).joined(separator: ", ")) alone, not \(id)",
            at: path,
            advice: "check the name, or use another warrant"
        )
    }

    /// Refuses what every node would refuse, before it costs a number.
    func check(_ kind: RevocationKind, cascades: Bool, at path: String, now: WallTime) throws {
        guard kind <= level else {
            throw CommandError(
                "the warrant allows statements up to \(level.rawValue), and this is to \(kind.rawValue)",
                at: path,
                advice: "use another warrant, or the command without --warrant"
            )
        }
        guard self.cascades || !cascades else {
            throw CommandError(
                "the warrant does not allow statements that cascade",
                at: path,
                advice: "use another warrant, or leave --cascade or --warrant out"
            )
        }
        guard now < expiresAt else {
            throw CommandError("the warrant ended at \(expiresAt.rfc3339)", at: path, advice: Self.another)
        }
        try checkBudget(at: path)
    }

    private func checkBudget(at path: String) throws {
        guard nextSequence <= budget else {
            throw CommandError("all \(budget) statements of the warrant are used", at: path, advice: Self.another)
        }
    }

    private static let another = "have another one issued with `reeve warrant issue`"

    /// - Parameter passphrase: Asked for only where the key is encrypted.
    func privateKey(at path: String, passphrase: () throws -> Passphrase) throws -> PrivateKey {
        do throws(KeysError) {
            let plain = try PrivateKeyFile.parse(key, passphrase: nil, place: path)
            guard allowPlainKey else { throw KeysError(.keyInClear, at: path) }
            return plain
        } catch {
            guard error.problem == .passphraseNeeded else { throw error }
            return try PrivateKeyFile.parse(key, passphrase: passphrase(), place: path)
        }
    }

    private var bytes: [UInt8] { Array(json.prettyPrinted().utf8) }
}

extension WarrantFile {
    private init(_ value: JSONValue) throws(FieldError) {
        var reader = try ObjectReader(value)
        let lineage = try reader.uuid("lineage")
        let name = try reader.string("name")
        guard let level = try reader.optionalChoice("level", RevocationKind.self) else {
            throw FieldError(reader.path.member("level"), "is missing")
        }
        guard let expiresAt = try reader.optionalTime("expires_at") else {
            throw FieldError(reader.path.member("expires_at"), "is missing")
        }
        let cascades = try reader.optionalBool("cascade") ?? false
        let principals = try Self.principals(&reader)
        let budget = try reader.integer("budget", in: 1...Limits.statementsPerWarrant)
        self.init(
            name: name,
            lineage: Lineage(high: lineage.high, low: lineage.low),
            level: level,
            cascades: cascades,
            principals: principals,
            expiresAt: expiresAt,
            budget: budget,
            nextSequence: try reader.integer("next_sequence", in: 1...(budget + 1)),
            key: try reader.string("key"),
            allowPlainKey: try reader.optionalBool("allow_plain_key") ?? false
        )
        try reader.finish()
    }

    private static func principals(_ reader: inout ObjectReader) throws(FieldError) -> [PrincipalID] {
        try reader.strings("principals").map { text throws(FieldError) in
            guard let id = PrincipalID(parsing: text) else {
                throw FieldError(reader.path.member("principals"), "must name principals as KIND/NAME")
            }
            return id
        }
    }

    private var json: JSONValue {
        let members: JSONValue = [
            "lineage": .string(lineage.description), "name": .string(name), "level": .string(level.rawValue),
            "cascade": .bool(cascades), "expires_at": expiresAt.json, "budget": .integer(Int64(budget)),
            "next_sequence": .integer(Int64(nextSequence)), "key": .string(key),
            "allow_plain_key": .bool(allowPlainKey),
        ]
        let scope = JSONMember(name: "principals", value: .array(principals.map { .string($0.description) }))
        return .object((members.objectValue ?? []) + (principals.isEmpty ? [] : [scope]))
    }
}
