import JSON

/// The name of an attribute, a tag or a field of a record: any text, equal to another when its code points are.
public struct AttributeName: Hashable, Comparable, Sendable {
    public let text: String

    public init(_ text: String) { self.text = text }

    public static func == (lhs: Self, rhs: Self) -> Bool {
        // All are tested within `isExactly` too: here most names are told apart without a call.
        lhs.text._isIdentical(to: rhs.text)
            || lhs.text.utf8.count == rhs.text.utf8.count && lhs.text == rhs.text && lhs.text.isExactly(rhs.text)
    }
    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.text.precedesExactly(rhs.text) }

    /// Equal code points hash alike under `String` too; that it also joins equivalent texts only costs a comparison.
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension AttributeName: ExpressibleByStringLiteral, CustomStringConvertible {
    public init(stringLiteral text: String) { self.init(text) }
    public var description: String { text }
}

extension AttributeName {
    /// Whether it may stand after a point, and as the key of a record without quotation marks.
    var isIdentifier: Bool { !text.utf8.contains(UInt8(ascii: ":")) && EntityTypeName.parse(text) != nil }
}
