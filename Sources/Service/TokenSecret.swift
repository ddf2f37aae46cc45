package import Kernel

/// The secret of an API token: `reeve_` and 32 random bytes in base64url (RFC 4648 section 5) without padding.
///
/// Shown once, to whoever asked for the token, and kept nowhere: the log gets its digest. Its description is the same for all, so
/// that it cannot end up in a log by accident.
package struct TokenSecret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What the holder sends as a bearer token.
    package let text: String

    package static let prefix = "reeve_"
    /// Of a whole text: the prefix and 43 characters.
    package static let byteCount = 49

    /// A new secret from the system's random source.
    package static func random() -> TokenSecret {
        var source = SystemRandomNumberGenerator()
        return TokenSecret(random: (0..<32).map { _ in UInt8.random(in: 0...255, using: &source) })
    }

    init(random bytes: [UInt8]) { self.text = Self.prefix + bytes.base64URL }

    /// Whether a text can be one at all; whether it was ever issued, the directory knows.
    package static func isWellFormed(_ text: String) -> Bool {
        let bytes = text.utf8
        return bytes.count == byteCount && bytes.starts(with: prefix.utf8)
            && bytes.dropFirst(prefix.utf8.count).allSatisfy(isBase64URL)
    }

    /// SHA-256 of the whole text, prefix included.
    package var digest: Digest { .of(Array(text.utf8)) }

    package var description: String { "(token secret)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }

    private static func isBase64URL(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}

extension [UInt8] {
    /// RFC 4648 section 5, without padding.
    package var base64URL: String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: count, by: 3) {
            let group = self[start..<Swift.min(start + 3, count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for shift in [18, 12, 6, 0].prefix(group.count + 1) {
                text.append(alphabet[Int(bits >> UInt32(shift) & 63)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
