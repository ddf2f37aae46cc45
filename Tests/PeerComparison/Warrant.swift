import Crypto
import Foundation

/// What `reeve warrant issue` has written for a revoker, and statements under it, made as docs/reference/api.md says: a program that
/// revokes by itself starts no other one for each.
struct Warrant: Sendable {
    private struct File: Decodable {
        let name: String
        let lineage: String
        let key: String
    }

    private let file: File
    private let key: P256.Signing.PrivateKey

    /// - Parameter path: A file of a development cluster, with the key in clear.
    init(at path: String) throws {
        file = try JSONDecoder().decode(File.self, from: Data(contentsOf: URL(filePath: path)))
        key = try P256.Signing.PrivateKey(pemRepresentation: file.key)
    }

    /// The body that `POST /v1/statements` takes.
    ///
    /// - Parameter sequence: From 1, each for one statement.
    func revocation(of subject: String, sequence: Int, reason: String, at time: Date = .now) throws -> String {
        let milliseconds = UInt64(time.timeIntervalSince1970 * 1000)
        var bytes = Array("reeve statement 2\0".utf8) + lineage
        for number in [UInt64(sequence), milliseconds] { bytes += Self.bigEndian(number) }
        for text in [file.name, "revoke", subject, reason] {
            bytes += Self.bigEndian(UInt64(text.utf8.count)) + text.utf8
        }
        let object: [String: Any] = [
            "lineage": file.lineage, "warrant": file.name, "sequence": sequence, "kind": "revoke", "subject": subject,
            "reason": reason, "issued_at": Self.text(milliseconds),
            "signature": try key.signature(for: bytes).rawRepresentation.base64EncodedString(),
        ]
        return String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
    }

    /// 16 bytes from the digits.
    private var lineage: [UInt8] {
        let digits = file.lineage.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    private static func bigEndian(_ number: UInt64) -> [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }
    }

    private static func text(_ milliseconds: UInt64) -> String {
        let seconds = Date(timeIntervalSince1970: Double(milliseconds / 1000)).formatted(.iso8601)
        return seconds.dropLast() + String(format: ".%03dZ", Int(milliseconds % 1000))
    }
}
