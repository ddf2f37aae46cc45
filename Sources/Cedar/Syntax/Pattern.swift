import JSON

/// The right side of `like`: texts with `*`, any run of characters, between each two of them.
package struct Pattern: Hashable, Sendable {
    /// At least one; each but the first follows a star.
    package let segments: [String]
    /// Of the segments.
    private let bytes: [[UInt8]]
    /// Bytes of the longest text that is looked for between two stars.
    private let longestSearch: Int

    init(segments: [String]) {
        self.segments = segments
        bytes = segments.map { Array($0.utf8) }
        longestSearch = bytes.dropFirst().dropLast().map(\.count).max() ?? 0
    }

    package static func == (lhs: Pattern, rhs: Pattern) -> Bool {
        lhs.segments.elementsEqual(rhs.segments) { $0.isExactly($1) }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(segments) }

    /// What to match a text costs: the longest segment may have to be held against each place in it.
    func steps(byteCount: Int) -> Int { byteCount * (longestSearch + 1) / 16 }

    /// Whether the whole text has this form.
    ///
    /// Works on UTF-8: no character's bytes begin inside of another's, so runs of bytes and runs of characters match alike.
    package func matches(_ text: String) -> Bool {
        let text = text.utf8Span.span
        let segments = bytes.span
        guard segments.count > 0, Self.holds(segments[0], in: text, at: 0) else { return false }
        var start = segments[0].count
        guard segments.count > 1 else { return text.count == start }
        let end = text.count - segments[segments.count - 1].count
        guard start <= end, Self.holds(segments[segments.count - 1], in: text, at: end) else { return false }
        // Taking the leftmost place for each segment leaves the most for the next.
        for place in 1..<(segments.count - 1) {
            let length = segments[place].count
            while start + length <= end, !Self.holds(segments[place], in: text, at: start) { start += 1 }
            start += length
            guard start <= end else { return false }
        }
        return true
    }

    private static func holds(_ segment: [UInt8], in bytes: borrowing Span<UInt8>, at start: Int) -> Bool {
        let wanted = segment.span
        guard start + wanted.count <= bytes.count else { return false }
        for place in wanted.indices where wanted[place] != bytes[start + place] { return false }
        return true
    }
}

extension Pattern: CustomStringConvertible {
    /// As a literal, in quotation marks.
    package var description: String {
        let texts = segments.map { segment in
            segment.unicodeScalars.map { $0 == "*" ? "\\*" : StringLiteral.escaped($0) }.joined()
        }
        return "\"" + texts.joined(separator: "*") + "\""
    }
}
