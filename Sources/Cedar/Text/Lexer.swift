/// Cuts a text into tokens, always taking the longest.
struct Lexer {
    private let bytes: [UInt8]
    private var index: Int

    /// - Parameter offset: Where a token, or space before one, begins.
    init(_ bytes: [UInt8], from offset: Int = 0) {
        self.bytes = bytes
        index = offset
    }

    /// Ends with one `end` token. What is no token is kept as `invalid`, for the parser to report where it meets it.
    static func tokens(of source: SourceText) -> [Token] {
        var lexer = Lexer(source.bytes)
        var tokens: [Token] = []
        tokens.reserveCapacity(source.bytes.count / 5)
        repeat { tokens.append(lexer.next()) } while tokens.last?.kind != .end
        return tokens
    }

    /// At the end of the text `end`, however often.
    mutating func next() -> Token {
        skipSpaceAndComments()
        let start = index
        let kind = index < bytes.count ? scan() : .end
        return Token(kind: kind, range: SourceRange(start: UInt32(start), end: UInt32(index)))
    }

    private mutating func scan() -> Token.Kind {
        let byte = bytes[index]
        if Identifier.isStart(byte) {
            let word = takeWord()
            return Self.keywords[[UInt8](word)] ?? .identifier
        }
        if byte.isASCIIDigit {
            while index < bytes.count, bytes[index].isASCIIDigit { index += 1 }
            return .number
        }
        if byte == UInt8(ascii: "\"") { return string() }
        if byte == UInt8(ascii: "?") {
            index += 1
            guard index < bytes.count, Identifier.isStart(bytes[index]) else { return .question }
            _ = takeWord()
            return .slot
        }
        return punctuation(byte)
    }

    private mutating func takeWord() -> ArraySlice<UInt8> {
        let start = index
        while index < bytes.count, Identifier.isPart(bytes[index]) { index += 1 }
        return bytes[start..<index]
    }

    /// A string may go over several lines. One that is never closed is invalid as a whole.
    private mutating func string() -> Token.Kind {
        index += 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard index < bytes.count else {
            index = bytes.count
            return .invalid
        }
        index += 1
        return .string
    }

    private mutating func punctuation(_ byte: UInt8) -> Token.Kind {
        if index + 1 < bytes.count, let kind = Self.pair(byte, bytes[index + 1]) {
            index += 2
            return kind
        }
        index += 1
        if let kind = Self.single(byte) { return kind }
        // The rest of a character that takes several bytes.
        while index < bytes.count, bytes[index] & 0xC0 == 0x80 { index += 1 }
        return .invalid
    }

    private static func pair(_ first: UInt8, _ second: UInt8) -> Token.Kind? {
        switch (first, second) {
        case (UInt8(ascii: ":"), UInt8(ascii: ":")): .doubleColon
        case (UInt8(ascii: "="), UInt8(ascii: "=")): .doubleEqual
        case (UInt8(ascii: "!"), UInt8(ascii: "=")): .notEqual
        case (UInt8(ascii: "<"), UInt8(ascii: "=")): .lessOrEqual
        case (UInt8(ascii: ">"), UInt8(ascii: "=")): .greaterOrEqual
        case (UInt8(ascii: "|"), UInt8(ascii: "|")): .or
        case (UInt8(ascii: "&"), UInt8(ascii: "&")): .and
        default: nil
        }
    }

    private static func single(_ byte: UInt8) -> Token.Kind? {
        switch byte {
        case UInt8(ascii: "@"): .at
        case UInt8(ascii: "."): .dot
        case UInt8(ascii: ","): .comma
        case UInt8(ascii: ";"): .semicolon
        case UInt8(ascii: ":"): .colon
        case UInt8(ascii: "("): .leftParenthesis
        case UInt8(ascii: ")"): .rightParenthesis
        case UInt8(ascii: "{"): .leftBrace
        case UInt8(ascii: "}"): .rightBrace
        case UInt8(ascii: "["): .leftBracket
        case UInt8(ascii: "]"): .rightBracket
        case UInt8(ascii: "="): .equal
        case UInt8(ascii: "<"): .less
        case UInt8(ascii: ">"): .greater
        case UInt8(ascii: "+"): .plus
        case UInt8(ascii: "-"): .minus
        case UInt8(ascii: "*"): .star
        case UInt8(ascii: "/"): .slash
        case UInt8(ascii: "%"): .percent
        case UInt8(ascii: "!"): .bang
        default: nil
        }
    }

    private static let keywords: [[UInt8]: Token.Kind] = [
        [UInt8]("true".utf8): .true, [UInt8]("false".utf8): .false, [UInt8]("if".utf8): .if,
        [UInt8]("then".utf8): .then, [UInt8]("else".utf8): .else, [UInt8]("in".utf8): .in, [UInt8]("is".utf8): .is,
        [UInt8]("like".utf8): .like, [UInt8]("has".utf8): .has,
    ]
}

extension Lexer {
    private mutating func skipSpaceAndComments() {
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 0x20 || (0x09...0x0D).contains(byte) {
                index += 1
            } else if byte == UInt8(ascii: "/"), index + 1 < bytes.count, bytes[index + 1] == byte {
                // Either character ends a comment, as in the reference's lexer.
                while index < bytes.count, bytes[index] != 0x0A, bytes[index] != 0x0D { index += 1 }
            } else if let length = wideSpace() {
                index += length
            } else {
                return
            }
        }
    }

    /// How long the white space outside of ASCII is that starts here; nil for anything else.
    private func wideSpace() -> Int? {
        guard bytes[index] >= 0x80 else { return nil }
        let length = bytes[index] < 0xE0 ? 2 : 3
        guard index + length <= bytes.count else { return nil }
        var scalar = UInt32(bytes[index] & (length == 2 ? 0x1F : 0x0F))
        for byte in bytes[(index + 1)..<(index + length)] { scalar = scalar << 6 | UInt32(byte & 0x3F) }
        return Self.wideSpaces.contains(scalar) && bytes[index] < 0xF0 ? length : nil
    }

    /// Unicode's White_Space outside of ASCII.
    private static let wideSpaces: Set<UInt32> = Set(
        [0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000] + Array(0x2000...0x200A)
    )
}
