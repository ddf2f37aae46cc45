import Directory
import Foundation
import HTTPAPI
import JSON
import Kernel
import Keys

/// A signed statement that no node has taken yet, in a file beside its warrant's: its number is used, and to sign another one would
/// use another of the budget.
struct UnsentStatement {
    let path: String
    let signed: SignedStatement
    /// Whether it was made in this run, so that no node has heard of it before.
    let isNew: Bool

    /// Writes it. It survives a crash, so that what was perhaps brought to nobody is not signed a second time.
    init(_ signed: SignedStatement, besideWarrantAt file: String) throws {
        path = Self.prefix(file) + "\(signed.statement.sequence)"
        self.signed = signed
        isNew = true
        try KeyFiles.create(path, mode: 0o600, bytes: Array(signed.json.prettyPrinted().utf8))
    }

    private init(at path: String) throws {
        let bytes = try KeyFiles.read(path, limit: WarrantFile.maximumByteCount)
        do {
            let limits = JSONLimits(maxBytes: WarrantFile.maximumByteCount)
            var reader = try ObjectReader(JSONValue.parse(bytes, limits: limits))
            signed = try SignedStatement(reading: &reader)
            try reader.finish()
        } catch {
            throw CommandError("is no statement: \(error)", at: path, advice: "move it away; its number is used")
        }
        self.path = path
        isNew = false
    }

    /// Those that earlier runs have left, in the order of their numbers.
    static func all(besideWarrantAt file: String) throws -> [UnsentStatement] {
        let prefix = URL(filePath: Self.prefix(file))
        let names = try FileManager.default.contentsOfDirectory(
            atPath: prefix.deletingLastPathComponent().filePath
        )
        let own = names.filter { name in
            name.hasPrefix(prefix.lastPathComponent) && UInt32(name.dropFirst(prefix.lastPathComponent.count)) != nil
        }
        return try own.map {
            try UnsentStatement(at: prefix.deletingLastPathComponent().appending(path: $0).filePath)
        }
        .sorted { $0.signed.statement.sequence < $1.signed.statement.sequence }
    }

    /// A node has taken it, or all have refused it.
    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// A link to the warrant's file stays one: the file behind it is the one that counts.
    private static func prefix(_ file: String) -> String {
        URL(filePath: file).resolvingSymlinksInPath().filePath + ".unsent-"
    }
}
