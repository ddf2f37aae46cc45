/// One fault in a text: what, where, and what to do.
public struct Diagnostic: Error, Hashable, Sendable {
    private let content: Reference

    private struct Content: Hashable, Sendable {
        let message: String
        let advice: String?
        let position: SourcePosition
        let line: String
        let length: Int
    }

    /// What can fail has room for its errors on the stack, where parsers are many calls deep.
    private indirect enum Reference: Hashable, Sendable {
        case to(Content)
    }

    init(_ message: String, advice: String? = nil, at range: SourceRange, in source: SourceText) {
        let start = Int(range.start)
        let faulty = source.bytes[start..<max(start, min(Int(range.end), source.bytes.count))]
        let length = faulty.prefix { $0 != UInt8(ascii: "\n") }.count { $0 & 0xC0 != 0x80 }
        content = .to(
            Content(
                message: message,
                advice: advice,
                position: source.position(at: start),
                line: source.line(at: start),
                length: max(1, length)
            )
        )
    }

    /// About a text that was parsed before.
    package init(_ message: String, at range: SourceRange, inText text: String) {
        self.init(message, at: range, in: SourceText(text))
    }

    /// About a place in a text of which line and column are known, both from 1.
    package init(_ message: String, line: Int, column: Int, inText text: String) {
        let source = SourceText(text)
        let start = UInt32(clamping: source.offset(line: line, column: column))
        self.init(message, at: SourceRange(start: start, end: start + 1), in: source)
    }

    private var parts: Content {
        switch content {
        case .to(let content): content
        }
    }

    public var message: String { parts.message }
    /// What to write instead, where that is known.
    public var advice: String? { parts.advice }
    public var position: SourcePosition { parts.position }
    /// The line of the text that the fault starts in.
    public var line: String { parts.line }
    /// How many characters of the line are at fault, at least one.
    public var length: Int { parts.length }
}

extension Diagnostic: CustomStringConvertible {
    /// Without the excerpt.
    public var description: String { "\(position): \(message)" + (advice.map { "; \($0)" } ?? "") }

    /// With the line at fault and carets under what is wrong in it. Long lines are cut around the fault.
    public func excerpt(file: String? = nil, as kind: String = "error") -> String {
        let number = String(position.line)
        let margin = String(repeating: " ", count: number.count)
        let before = max(0, position.column - 61)
        let characters = Array(line.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }.dropFirst(before).prefix(120))
        var shown = String.UnicodeScalarView()
        shown.append(contentsOf: characters)
        let indentation = String(repeating: " ", count: position.column - 1 - before)
        let carets = String(
            repeating: "^",
            count: max(1, min(length, characters.count - (position.column - 1 - before)))
        )
        return """
            \(kind): \(message)
            \(margin)--> \(file.map { "\($0):" } ?? "")\(position)
            \(margin) |
            \(number) | \(String(shown))
            \(margin) | \(indentation)\(carets)\(advice.map { " \($0)" } ?? "")
            """
    }
}

/// All faults that were found in a text, at least one, in the order of the text.
public struct CedarSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    public let diagnostics: [Diagnostic]

    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }

    /// Every fault with its excerpt.
    public func excerpts(file: String? = nil) -> String {
        diagnostics.map { $0.excerpt(file: file) }.joined(separator: "\n\n")
    }
}
