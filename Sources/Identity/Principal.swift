/// What sort of thing acts.
package enum PrincipalKind: String, Hashable, Comparable, Sendable, CaseIterable {
    /// An autonomous program that a model steers.
    case agent
    /// A program that does what its code says.
    case service
    /// A person.
    case user
    /// A process definition that other principals act for.
    case workflow

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// Identity of a principal within the trust domain: its kind and a name that is unique within the kind.
///
/// A name is one segment of a SPIFFE path (SPIFFE-ID standard, section 2.2): 1 to 128 bytes of ASCII letters, digits,
/// `.`, `-` and `_`, but neither `.` nor `..`. Case counts. The text form is `kind/name`, such as `agent/invoice-bot`.
package struct PrincipalID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let kind: PrincipalKind
    package let name: String

    package static let maximumNameByteCount = 128
    package static let grammar = "1 to 128 letters, digits, '.', '-' or '_', and neither '.' nor '..'"

    /// Nil when the name breaks the grammar.
    package init?(kind: PrincipalKind, name: String) {
        guard Self.isName(name) else { return nil }
        self.kind = kind
        self.name = name
    }

    /// From the text form; nil when that is malformed.
    package init?(parsing text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = PrincipalKind(rawValue: String(parts[0])) else { return nil }
        self.init(kind: kind, name: String(parts[1]))
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { (lhs.kind, lhs.name) < (rhs.kind, rhs.name) }
    package var description: String { "\(kind.rawValue)/\(name)" }

    /// Whether a text is fit to name a principal, and so to be one segment of a SPIFFE path.
    package static func isName(_ text: String) -> Bool {
        let bytes = text.utf8
        guard (1...maximumNameByteCount).contains(bytes.count), text != ".", text != ".." else { return false }
        return bytes.allSatisfy(isNameByte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
