/// Lays out policies and templates anew: the same words in the same order with the same comments, so that the result
/// parses to the same trees. Formatting it again changes nothing.
///
/// Only commas after the last element of a list are dropped; parentheses and the writing of strings are the author's.
public func formatPolicies(
    _ text: String,
    _ options: FormatOptions = .standard,
    limits: SyntaxLimits = .standard
) throws(CedarSyntaxError) -> String {
    _ = try Parser.policies(text, limits: limits)
    var formatter = PolicyFormatter(SourceText(text), options)
    return formatter.format()
}

public struct FormatOptions: Hashable, Sendable {
    /// In characters. What cannot be broken may be longer.
    public let lineWidth: Int
    /// In spaces, for each level.
    public let indentation: Int

    public init(lineWidth: Int = 80, indentation: Int = 2) {
        self.lineWidth = max(1, lineWidth)
        self.indentation = min(max(0, indentation), 16)
    }

    public static let standard = FormatOptions()
}

/// Walks the tokens of a text that the parser has accepted, by the same grammar and as deep.
private struct PolicyFormatter {
    private let source: SourceText
    private let tokens: [Token]
    private var index = 0
    /// Where the comments end that have been written.
    private var commentsEnd = 0
    private var renderer: LayoutRenderer

    init(_ source: SourceText, _ options: FormatOptions) {
        self.source = source
        tokens = Lexer.tokens(of: source)
        renderer = LayoutRenderer(options: options)
    }

    mutating func format() -> String {
        while current != .end {
            renderer.append(policy())
            renderer.append(.emptyLine)
        }
        renderer.append(comments())
        return renderer.finish()
    }

    private var current: Token.Kind { tokens[index].kind }

    private mutating func text() -> Layout {
        defer { index = min(index + 1, tokens.count - 1) }
        return .text(source.text(tokens[index].range))
    }

    /// The next token, after the comments before it.
    private mutating func word() -> Layout { .sequence([comments(), text()]) }

    /// The next token, which stays on the line of what it follows. Comments between the two come after it, and those after
    /// it are taken along, so that formatting again finds all of them in one place.
    private mutating func hugging(_ space: String = "") -> Layout {
        let token = text()
        return .sequence([.text(space), token, comments(before: index - 1), comments()])
    }

    /// What stands before the next token and has not been written.
    private mutating func comments() -> Layout { comments(before: index) }
}

extension PolicyFormatter {
    private mutating func policy() -> Layout {
        // An empty line between a comment and the policy keeps them apart: it is not about this policy alone.
        var parts = [comments()]
        if parts[0].isBroken, hasEmptyLine(before: index) { parts.append(.emptyLine) }
        while current == .at {
            parts += [word(), word()]
            if current == .leftParenthesis { parts += [word(), word(), word()] }
            parts.append(.newLine)
        }
        parts += [word(), .text(" "), list { formatter in formatter.expression() }]
        while current != .semicolon { parts += [.newLine, condition()] }
        // Comments right before the semicolon come to stand after the policy, as do those that follow it.
        let semicolon = text()
        return .sequence(parts + [semicolon, .emptyLine, comments(before: index - 1)])
    }

    private mutating func condition() -> Layout {
        let opening: [Layout] = [word(), .text(" "), word()]
        let body: [Layout] = [.line, expression(isOuter: true), comments()]
        return .group(opening + [.indented(body), .line, word()])
    }

    /// Brackets and what is between them, separated by commas.
    private mutating func list(_ element: (inout PolicyFormatter) -> Layout) -> Layout {
        let before = comments()
        let opening = text()
        var parts: [Layout] = []
        while !isClosing(current) {
            if !parts.isEmpty { parts.append(.line) }
            parts.append(element(&self))
            guard current == .comma else { break }
            if isClosing(tokens[index + 1].kind) {
                parts.append(comments())
                index += 1
            } else {
                parts.append(hugging())
            }
        }
        let last = comments()
        guard !parts.isEmpty || last.isBroken else { return .sequence([before, opening, text()]) }
        let group = Layout.group([opening, .indented([.softLine] + parts + [last]), .softLine, text()])
        return .sequence([before, group])
    }

    private func isClosing(_ kind: Token.Kind) -> Bool {
        switch kind {
        case .rightParenthesis, .rightBracket, .rightBrace, .end: true
        default: false
        }
    }
}

extension PolicyFormatter {
    private struct Operand {
        let layout: Layout
        /// Whether it begins with a bracket, after which it breaks better than before.
        let isBracketed: Bool
    }

    private struct Sign {
        let layout: Layout
        let level: Int
    }

    /// - Parameter isOuter: whether it stands in braces by itself, where a chain needs no indentation of its own.
    private mutating func expression(isOuter: Bool = false) -> Layout {
        guard current != .if else { return conditional() }
        var operands = [operand()]
        var signs: [Sign] = []
        while let level = level(of: current) {
            signs.append(Sign(layout: hugging(" "), level: level))
            operands.append(operand())
        }
        return chain(operands[...], signs[...], isOuter: isOuter)
    }

    private mutating func conditional() -> Layout {
        var parts: [Layout] = []
        for _ in 0..<3 {
            if !parts.isEmpty { parts.append(.line) }
            let keyword = word()
            parts += [keyword, .text(" "), .indented([expression()])]
        }
        return .group(parts)
    }

    /// Of an infix operator, the loosest first.
    private func level(of kind: Token.Kind) -> Int? {
        switch kind {
        case .or: 0
        case .and: 1
        case .doubleEqual, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .in, .is, .like, .has: 2
        case .plus, .minus: 3
        case .star: 4
        default: nil
        }
    }

    /// Operands with the signs between them, broken at the loosest signs first.
    private func chain(_ operands: ArraySlice<Operand>, _ signs: ArraySlice<Sign>, isOuter: Bool) -> Layout {
        guard let level = signs.map(\.level).min() else { return operands.first?.layout ?? .sequence([]) }
        var parts: [Layout] = []
        var start = operands.startIndex
        var signStart = signs.startIndex
        for (index, sign) in zip(signs.indices, signs) where sign.level == level {
            let end = start + (index - signStart)
            parts.append(chain(operands[start...end], signs[signStart..<index], isOuter: false))
            let next = operands[end + 1]
            parts += [sign.layout, level == 2 && next.isBracketed ? .text(" ") : .line]
            (start, signStart) = (end + 1, index + 1)
        }
        parts.append(chain(operands[start...], signs[signStart...], isOuter: false))
        return isOuter ? .group(parts) : .group([parts[0], .indented(Array(parts.dropFirst()))])
    }

    private mutating func operand() -> Operand {
        var parts: [Layout] = []
        while current == .bang || current == .minus { parts.append(word()) }
        let isBracketed: Bool
        switch current {
        case .leftParenthesis, .leftBracket:
            isBracketed = true
            parts.append(list { formatter in formatter.expression() })
        case .leftBrace:
            isBracketed = true
            parts.append(list { formatter in .sequence(formatter.field()) })
        default:
            isBracketed = false
            parts.append(word())
        }
        while true {
            switch current {
            case .dot, .doubleColon: parts += [hugging(), word()]
            case .leftParenthesis: parts.append(list { formatter in formatter.expression() })
            case .leftBracket: parts += [word(), word(), word()]
            default: return Operand(layout: .sequence(parts), isBracketed: isBracketed)
            }
        }
    }

    private mutating func field() -> [Layout] { [word(), hugging(), .text(" "), expression()] }
}

extension PolicyFormatter {
    /// The comments between the last one written and that token.
    private mutating func comments(before token: Int) -> Layout {
        let end = Int(tokens[token].range.start)
        let codeEnd = token == 0 ? 0 : Int(tokens[token - 1].range.end)
        var position = max(commentsEnd, codeEnd)
        var layouts: [Layout] = []
        while let start = commentStart(from: position, to: end) {
            let commentEnd = source.bytes[start..<end].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? end
            let lineEnds = lineEnds(from: position, to: start)
            let comment = Comment(
                text: text(from: start, to: commentEnd),
                isTrailing: lineEnds == 0 && token > 0,
                followsEmptyLine: lineEnds > 1
            )
            layouts.append(.comment(comment))
            position = commentEnd
        }
        commentsEnd = max(commentsEnd, position)
        return .sequence(layouts)
    }

    private func commentStart(from start: Int, to end: Int) -> Int? {
        source.bytes[start..<end].firstIndex(of: UInt8(ascii: "/"))
    }

    private func hasEmptyLine(before token: Int) -> Bool {
        lineEnds(from: commentsEnd, to: Int(tokens[token].range.start)) > 1
    }

    private func lineEnds(from start: Int, to end: Int) -> Int {
        source.bytes[start..<end].count { $0 == UInt8(ascii: "\n") }
    }

    /// Without spaces at the end.
    private func text(from start: Int, to end: Int) -> String {
        var text = String(decoding: source.bytes[start..<end], as: UTF8.self)
        while let last = text.unicodeScalars.last, last.properties.isWhitespace { text.unicodeScalars.removeLast() }
        return text
    }
}
