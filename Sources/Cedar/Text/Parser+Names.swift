extension Parser {
    /// An entity's literal and nothing else.
    static func entityLiteral(_ text: String) throws(CedarSyntaxError) -> EntityUID {
        try whole(text, limits: .standard) { parser throws(Diagnostic) in try parser.entityUID().uid }
    }

    /// A string literal, with its escapes resolved.
    mutating func string(_ expected: String) throws(Diagnostic) -> String {
        let token = current
        guard token.kind == .string else { throw unexpected(expected: expected) }
        advance()
        do throws(StringLiteral.BadEscape) {
            return try StringLiteral.unescape(inside(token))
        } catch {
            throw badEscape(error, in: token)
        }
    }

    /// The literal on the right side of `like`.
    mutating func pattern() throws(Diagnostic) -> Pattern {
        let token = current
        guard token.kind == .string else {
            throw unexpected(expected: "a pattern in quotation marks on the right side of `like`")
        }
        advance()
        do throws(StringLiteral.BadEscape) {
            return Pattern(segments: try StringLiteral.patternSegments(inside(token)))
        } catch {
            throw badEscape(error, in: token)
        }
    }

    private func inside(_ token: Token) -> ArraySlice<UInt8> {
        bytes[Int(token.range.start) + 1..<Int(token.range.end) - 1]
    }

    private func badEscape(_ escape: StringLiteral.BadEscape, in token: Token) -> Diagnostic {
        let start = token.range.start + 1 + UInt32(escape.offset)
        return fault(
            "`\(escape.text)` is no escape sequence",
            advice: "write a backslash as `\\\\`",
            at: SourceRange(start: start, end: start + 1)
        )
    }

    /// An identifier that is not reserved.
    mutating func name(_ expected: String) throws(Diagnostic) -> String {
        let token = current
        guard token.kind.isWord else { throw unexpected(expected: expected) }
        let name = text(token)
        guard token.kind == .identifier, !Identifier.isReserved(name.utf8Span.span) else {
            throw fault("`\(name)` is reserved", advice: "as an attribute or key write it in quotation marks")
        }
        advance()
        return name
    }

    /// Identifiers joined by `::`, up to where something else follows `::`.
    mutating func path(_ expected: String) throws(Diagnostic) -> (name: EntityTypeName, range: SourceRange) {
        let start = current.range
        var text = try name(expected)
        while current.kind == .doubleColon, following.kind.isWord {
            advance()
            text += "::" + (try name(expected))
        }
        return (EntityTypeName(text), start.through(previous.range))
    }

    /// The right side of `is`.
    mutating func typeName() throws(Diagnostic) -> EntityTypeName {
        let path = try self.path("the name of an entity type")
        switch current.kind {
        case .doubleColon, .leftParenthesis, .leftBracket, .dot:
            throw unexpected(expected: "nothing more of the type's name")
        default:
            return path.name
        }
    }

    /// `Path '::' STRING`
    mutating func entityUID() throws(Diagnostic) -> (uid: EntityUID, range: SourceRange) {
        let path = try self.path("an entity such as `User::\"alice\"`")
        return try entityUID(type: path.name, from: path.range)
    }

    /// With the type already read.
    mutating func entityUID(
        type: EntityTypeName,
        from start: SourceRange
    ) throws(Diagnostic) -> (uid: EntityUID, range: SourceRange) {
        try expect(.doubleColon, "`::` and the entity's id in quotation marks")
        let id = try string("the entity's id in quotation marks")
        return (EntityUID(type: type, id: id), start.through(previous.range))
    }
}
