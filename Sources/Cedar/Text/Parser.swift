/// Reads tokens by recursive descent, at most `maxRecursion` levels of it. The grammars are its extensions.
struct Parser {
    let bytes: [UInt8]
    let limits: SyntaxLimits
    private var lexer: Lexer
    private(set) var current: Token
    private(set) var following: Token
    /// The token last read.
    private(set) var previous: Token
    private var recursion = 0
    /// Where the ranges of what is read count from.
    var origin: UInt32 = 0

    /// - Parameter offset: Where the text before ends, whatever follows it: its start, or behind a semicolon that is a token.
    init(_ bytes: [UInt8], from offset: Int = 0, limits: SyntaxLimits) {
        self.bytes = bytes
        self.limits = limits
        lexer = Lexer(bytes, from: offset)
        current = lexer.next()
        following = lexer.next()
        previous = current
    }

    static func whole<Result>(
        _ text: String,
        limits: SyntaxLimits,
        _ read: (inout Parser) throws(Diagnostic) -> Result
    ) throws(CedarSyntaxError) -> Result {
        var parser = try Parser.start(text, limits: limits)
        do throws(Diagnostic) {
            let result = try read(&parser)
            guard parser.current.kind == .end else { throw parser.unexpected(expected: "the end of the text") }
            return result
        } catch {
            throw CedarSyntaxError(diagnostics: [error])
        }
    }

    static func start(_ text: String, limits: SyntaxLimits) throws(CedarSyntaxError) -> Parser {
        guard text.utf8.count <= limits.maxBytes else {
            let message = "the text has \(text.utf8.count) bytes, more than \(limits.maxBytes)"
            throw CedarSyntaxError(diagnostics: [Diagnostic(message, at: .none, in: SourceText(""))])
        }
        return Parser([UInt8](text.utf8), limits: limits)
    }
}

extension Parser {
    /// At the end of the text it does nothing.
    mutating func advance() {
        guard current.kind != .end else { return }
        (previous, current, following) = (current, following, lexer.next())
    }

    mutating func take(_ kind: Token.Kind) -> Bool {
        guard current.kind == kind else { return false }
        advance()
        return true
    }

    mutating func expect(_ kind: Token.Kind, _ expected: String) throws(Diagnostic) {
        guard take(kind) else { throw unexpected(expected: expected) }
    }

    func text(_ token: Token) -> String {
        String(decoding: bytes[Int(token.range.start)..<Int(token.range.end)], as: UTF8.self)
    }

    /// For faults. It is made when it is asked for, since most texts have none.
    var source: SourceText { SourceText(bytes) }

    /// Reads statements to the end of the text. A fault ends the statement that it is in; reading goes on after the next
    /// semicolon, so that one text can show several.
    mutating func statements(
        _ statement: (inout Parser) throws(Diagnostic) -> Void
    ) throws(CedarSyntaxError) {
        var diagnostics: [Diagnostic] = []
        while current.kind != .end, diagnostics.count < limits.maxDiagnostics {
            do throws(Diagnostic) {
                try statement(&self)
            } catch {
                diagnostics.append(error)
                skipStatement()
            }
        }
        guard diagnostics.isEmpty else { throw CedarSyntaxError(diagnostics: diagnostics) }
    }

    /// Enters one level, which is left by `leave`.
    ///
    /// Functions on the way from one level to the next are small, and leave single cases to others: unoptimized, a function
    /// has room for all that its cases hold, and 512 levels must fit on a thread's stack.
    mutating func enter() throws(Diagnostic) {
        guard recursion < limits.maxRecursion else { throw tooDeep(current.range) }
        recursion += 1
    }

    mutating func leave() { recursion -= 1 }

    /// A list up to its closing token, which is read too. A comma may follow the last element.
    mutating func list<Element>(
        until closing: Token.Kind,
        _ name: String,
        _ element: (inout Parser) throws(Diagnostic) -> Element
    ) throws(Diagnostic) -> [Element] {
        var elements: [Element] = []
        while !take(closing) {
            guard elements.count < limits.maxElements else {
                throw fault("more than \(limits.maxElements) elements in one list")
            }
            elements.append(try element(&self))
            guard take(.comma) || current.kind == closing else {
                throw unexpected(expected: "`,` or `\(name)`")
            }
        }
        return elements
    }

    /// Up to after the next semicolon, where the next policy or declaration begins.
    mutating func skipStatement() {
        while current.kind != .end, current.kind != .semicolon { advance() }
        _ = take(.semicolon)
    }
}

extension Parser {
    func fault(_ message: String, advice: String? = nil, at range: SourceRange? = nil) -> Diagnostic {
        Diagnostic(message, advice: advice, at: range ?? current.range, in: source)
    }

    func unexpected(expected: String) -> Diagnostic {
        let token = current
        switch token.kind {
        case .end: return fault("the text ends where \(expected) should be")
        case .invalid: return invalidToken(token)
        default:
            let text = self.text(token)
            let shown = text.utf8.count > 40 ? String(text.prefix(40)) + "…" : text
            return fault("unexpected `\(shown)`, expected \(expected)")
        }
    }

    func tooDeep(_ range: SourceRange) -> Diagnostic {
        fault("nested deeper than \(limits.maxNesting) levels", at: range)
    }

    private func invalidToken(_ token: Token) -> Diagnostic {
        let text = self.text(token)
        if text.hasPrefix("\"") { return fault("a string that is never closed", at: token.range) }
        if text == "'" { return fault("`'` begins no string", advice: "strings stand between `\"`", at: token.range) }
        let codes = text.unicodeScalars.map { "U+" + String($0.value, radix: 16, uppercase: true) }
        let isPlain = text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        return fault("`\(isPlain ? text : codes.joined(separator: " "))` has no meaning here", at: token.range)
    }
}
