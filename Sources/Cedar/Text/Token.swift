/// A word of the text.
struct Token: Sendable {
    let kind: Kind
    let range: SourceRange

    enum Kind: UInt8, Sendable {
        case identifier, number, string, slot, question, end
        /// What begins no token, up to where the next may begin.
        case invalid
        case `true`, `false`, `if`, then, `else`, `in`, `is`, like, has
        case at, dot, comma, semicolon, colon, doubleColon
        case leftParenthesis, rightParenthesis, leftBrace, rightBrace, leftBracket, rightBracket
        case equal, doubleEqual, notEqual, less, lessOrEqual, greater, greaterOrEqual
        case or, and, plus, minus, star, slash, percent, bang

        /// Whether it has the form of an identifier, reserved or not.
        var isWord: Bool {
            switch self {
            case .identifier, .true, .false, .if, .then, .else, .in, .is, .like, .has: true
            case .number, .string, .slot, .question, .end, .invalid, .at, .dot, .comma, .semicolon, .colon,
                .doubleColon,
                .leftParenthesis, .rightParenthesis, .leftBrace, .rightBrace, .leftBracket, .rightBracket, .equal,
                .doubleEqual, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .or, .and, .plus, .minus,
                .star, .slash, .percent, .bang:
                false
            }
        }
    }
}
