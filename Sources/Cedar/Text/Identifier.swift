/// The rules for identifiers: ASCII letters, digits and `_`, no digit first.
enum Identifier {
    static func isStart(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
    }

    static func isPart(_ byte: UInt8) -> Bool { isStart(byte) || byte.isASCIIDigit }

    /// Words that can be no attribute after a point, no key of a record without quotation marks, and no part of a type's
    /// name. Annotations alone may be called so.
    private static let reserved = ["true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"]

    /// Whether the text is an identifier and not reserved.
    static func isValidName(_ text: some Collection<UInt8>) -> Bool {
        guard let first = text.first, isStart(first), text.allSatisfy(isPart) else { return false }
        return !isReserved(text)
    }

    /// The longest reserved word has seven letters.
    static func isReserved(_ text: some Collection<UInt8>) -> Bool {
        text.count <= 7 && reserved.contains { $0.utf8.elementsEqual(text) }
    }
}
