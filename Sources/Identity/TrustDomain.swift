/// The realm of one set of roots: what stands between `spiffe://` and the path. SPIFFE-ID standard, section 2.1.
///
/// Only the canonical, lower-case form is accepted, so that equal domains have equal bytes.
package struct TrustDomain: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Between 1 and 255 bytes of `a-z 0-9 . - _`.
    package let name: String

    package static let maximumByteCount = 255

    package init(parsing text: String) throws(IdentityError) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else { throw IdentityError(.trustDomain, .empty) }
        guard bytes.count <= Self.maximumByteCount else {
            throw IdentityError(.trustDomain, .tooLong(byteCount: bytes.count, limit: Self.maximumByteCount))
        }
        if let offset = bytes.firstIndex(where: { !Self.isAllowed($0) }) {
            throw IdentityError(.trustDomain, .unexpectedByte(bytes[offset], offset: offset))
        }
        self.name = text
    }

    package var description: String { name }
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.name < rhs.name }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
