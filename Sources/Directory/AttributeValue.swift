/// A value that the directory keeps about something. Mirrors the values of Cedar, in a form that does not depend on
/// how policies are evaluated: what is in the log outlives every evaluator.
package enum AttributeValue: Hashable, Sendable {
    case bool(Bool)
    case long(Int64)
    case string(String)
    case entity(EntityName)
    /// Kept in the order given; order and repetition mean nothing to a policy.
    case set([AttributeValue])
    case record(Attributes)
    /// A call of a Cedar extension constructor: `ip`, `decimal`, `datetime` or `duration`.
    case `extension`(function: String, argument: String)
}

/// Names something that policies speak of: a Cedar entity type and an id within it.
///
/// Compares and hashes by code units, since Cedar does not normalise text and Swift's `String` does.
package struct EntityName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// One or more identifiers joined by `::`, such as `Tool` or `Billing::Account`.
    package let type: String
    package let id: String

    package init(type: String, id: String) {
        self.type = type
        self.id = id
    }

    package var description: String { "\(type)::\"\(id)\"" }

    package static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.type.utf8.elementsEqual(rhs.type.utf8) && lhs.id.utf8.elementsEqual(rhs.id.utf8)
    }

    package static func < (lhs: Self, rhs: Self) -> Bool {
        if lhs.type.utf8.elementsEqual(rhs.type.utf8) {
            return lhs.id.utf8.lexicographicallyPrecedes(rhs.id.utf8)
        }
        return lhs.type.utf8.lexicographicallyPrecedes(rhs.type.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        for byte in type.utf8 { hasher.combine(byte) }
        // No byte of UTF-8 text, so that type and id cannot run into each other.
        hasher.combine(UInt8(0xff))
        for byte in id.utf8 { hasher.combine(byte) }
    }
}
