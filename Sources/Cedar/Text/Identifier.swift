/// The rules for identifiers: ASCII letters, digits and `_`, no digit first.
enum Identifier {
    static func isStart(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
    }

    static func isPart(_ byte: UInt8) -> Bool { isStart(byte) || byte.isASCIIDigit }

    /// Words that can be no attribute after a point, no key of a record without quotation marks, and no part of a type's
    /// name. Annotations alone may be called so.
    private static let reserved = ["true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"]

    static func isReserved(_ text: borrowing Span<UInt8>) -> Bool {
        // None begins with a capital, as the names of types mostly do.
        guard !text.isEmpty, text[0] >= UInt8(ascii: "_") else { return false }
        for word in reserved where isEqual(text, word) { return true }
        return false
    }

    private static func isEqual(_ text: borrowing Span<UInt8>, _ word: String) -> Bool {
        guard text.count == word.utf8.count else { return false }
        for (place, byte) in word.utf8.enumerated() where text[place] != byte { return false }
        return true
    }
}
