/// Identity of a member of the cluster: a random UUID (RFC 9562) and an incarnation.
///
/// A node whose disk was wiped has forgotten its votes, so it may come back only under a higher incarnation.
package struct MemberID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64
    package let incarnation: UInt32

    package init(high: UInt64, low: UInt64, incarnation: UInt32 = 1) {
        self.high = high
        self.low = low
        self.incarnation = incarnation
    }

    /// Whether both are incarnations of one node.
    package func isSameNode(as other: MemberID) -> Bool { high == other.high && low == other.low }

    package static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.high, lhs.low, lhs.incarnation) < (rhs.high, rhs.low, rhs.incarnation)
    }

    /// The first eight digits, and the incarnation after a dot when it is not the first.
    package var description: String {
        let digits = String(uuid.prefix(8))
        return incarnation == 1 ? digits : "\(digits).\(incarnation)"
    }

    /// The UUID in its canonical text form, without the incarnation.
    package var uuid: String { UUIDText.format(high: high, low: low) }
}

/// Identity of a replicated log from its first entry on. Survives backup and restore.
package struct Lineage: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { (lhs.high, lhs.low) < (rhs.high, rhs.low) }
    package var description: String { UUIDText.format(high: high, low: low) }
}

/// The text form of RFC 9562 section 4, without Foundation.
package enum UUIDText {
    package static func format(high: UInt64, low: UInt64) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for place in 0..<16 {
            if place == 4 || place == 6 || place == 8 || place == 10 { text.append(UInt8(ascii: "-")) }
            let byte = UInt8(truncatingIfNeeded: (place < 8 ? high : low) >> UInt64(56 - 8 * (place % 8)))
            text.append([UInt8].hexDigit(byte >> 4))
            text.append([UInt8].hexDigit(byte & 15))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil unless the text has the canonical 8-4-4-4-12 form.
    package static func parse(_ text: String) -> (high: UInt64, low: UInt64)? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.count) == [8, 4, 4, 4, 12] else { return nil }
        let digits = parts.joined()
        guard let bytes = [UInt8](hex: digits), bytes.count == 16 else { return nil }
        let words = [bytes.prefix(8), bytes.suffix(8)].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        return (words[0], words[1])
    }
}
