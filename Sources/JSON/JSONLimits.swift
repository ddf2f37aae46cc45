/// Bounds on one JSON text, so that no input can exhaust stack or memory.
package struct JSONLimits: Hashable, Sendable {
    package var maxBytes: Int
    /// How deep arrays and objects may nest; each level costs stack in the parser and wherever the tree is walked.
    package var maxDepth: Int
    /// How many values there may be in all, at any depth.
    package var maxElements: Int

    package init(maxBytes: Int = 1 << 20, maxDepth: Int = 64, maxElements: Int = 100_000) {
        self.maxBytes = maxBytes
        self.maxDepth = maxDepth
        self.maxElements = maxElements
    }

    package static let standard = JSONLimits()
}

/// Why a text is no JSON or exceeds its limits, and where.
package struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// In bytes from the start.
    package let offset: Int
    /// From 1.
    package let line: Int
    /// In bytes, from 1.
    package let column: Int
    package let reason: Reason

    package enum Reason: Hashable, Sendable {
        case tooLong(bytes: Int, limit: Int)
        case tooDeep(limit: Int)
        case tooManyElements(limit: Int)
        case endOfText
        case unexpected(byte: UInt8, expected: String)
        case trailingText
        case badNumber
        case badEscape
        case loneSurrogate
        case controlCharacter(UInt8)
        case invalidUTF8
        case duplicateName(String)
    }

    package var description: String { "line \(line), column \(column): \(reason)" }
}

extension JSONError.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLong(let bytes, let limit): "the text has \(bytes) bytes, more than \(limit)"
        case .tooDeep(let limit): "nested deeper than \(limit)"
        case .tooManyElements(let limit): "more than \(limit) values"
        case .endOfText: "the text ends too early"
        case .unexpected(let byte, let expected): "expected \(expected), found \(Self.printable(byte))"
        case .trailingText: "something follows the value"
        case .badNumber: "not a JSON number"
        case .badEscape: "not a JSON escape sequence"
        case .loneSurrogate: "half of a surrogate pair"
        case .controlCharacter(let byte): "unescaped control character \(Self.printable(byte)) in a string"
        case .invalidUTF8: "not UTF-8"
        case .duplicateName(let name): "the member \(JSONValue.string(name)) is given twice"
        }
    }

    private static func printable(_ byte: UInt8) -> String {
        (0x21...0x7E).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
    }
}
