import JSON

/// The name of an entity type: identifiers joined by `::`, all but the last its namespace.
public struct EntityTypeName: Hashable, Comparable, Sendable {
    public let text: String

    /// Takes the text as it is. For what comes from outside use `parse`.
    package init(_ text: String) { self.text = text }

    /// Nil unless the text is a name in its normal form: identifiers that are not reserved, no white space.
    public static func parse(_ text: String) -> EntityTypeName? {
        isName(text.utf8Span.span) ? EntityTypeName(text) : nil
    }

    private static func isName(_ text: borrowing Span<UInt8>) -> Bool {
        var start = 0
        while true {
            var end = start
            while end < text.count, Identifier.isPart(text[end]) { end += 1 }
            guard start < end, Identifier.isStart(text[start]), !Identifier.isReserved(text.extracting(start..<end))
            else {
                return false
            }
            if end == text.count { return true }
            guard end + 1 < text.count, text[end] == UInt8(ascii: ":"), text[end + 1] == UInt8(ascii: ":") else {
                return false
            }
            start = end + 2
        }
    }

    /// Whether entities of this type are actions, in any namespace.
    public var isAction: Bool { text == "Action" || text.hasSuffix("::Action") }

    public static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.text._isIdentical(to: rhs.text) || lhs.text.isExactly(rhs.text)
    }
    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.text.precedesExactly(rhs.text) }
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension EntityTypeName: ExpressibleByStringLiteral, CustomStringConvertible {
    public init(stringLiteral text: String) { self.init(text) }
    public var description: String { text }
}

/// The identity of an entity: its type and an arbitrary, case-sensitive text, which may be empty.
public struct EntityUID: Hashable, Comparable, Sendable {
    public let type: EntityTypeName
    public let id: String
    /// The hash of both, kept since each decision looks up the same few names again and again. Differs between processes.
    let code: Int

    public init(type: EntityTypeName, id: String) {
        self.type = type
        self.id = id
        var hasher = Hasher()
        hasher.combine(type)
        hasher.combine(id)
        code = hasher.finalize()
    }

    /// Takes the type's name as it is: see `EntityTypeName.parse` for what comes from outside.
    package init(type: String, id: String) { self.init(type: EntityTypeName(type), id: id) }

    /// Inlined, and its parts are taken one by one, so that neither side has to be copied to be compared in its place.
    @inline(__always)
    public static func == (lhs: EntityUID, rhs: EntityUID) -> Bool {
        lhs.code == rhs.code
            && (lhs.id._isIdentical(to: rhs.id) && lhs.type.text._isIdentical(to: rhs.type.text)
                || areExactly(lhs.type.text, lhs.id, rhs.type.text, rhs.id))
    }

    /// For names of one code that are not the same bits, as short names that are equal are, and copies of a long one.
    @inline(never)
    private static func areExactly(_ type: String, _ id: String, _ otherType: String, _ otherID: String) -> Bool {
        id.isExactly(otherID) && type.isExactly(otherType)
    }

    /// By type, then by id.
    public static func < (lhs: EntityUID, rhs: EntityUID) -> Bool {
        lhs.type == rhs.type ? lhs.id.precedesExactly(rhs.id) : lhs.type < rhs.type
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}

extension EntityUID: CustomStringConvertible {
    /// The literal in Cedar's text form, which `parse` reads back.
    public var description: String { "\(type)::\(id.cedarQuoted)" }

    /// Reads a literal such as `Agent::"build-bot"`.
    public static func parse(_ text: String) throws(CedarSyntaxError) -> EntityUID {
        try Parser.entityLiteral(text)
    }
}
