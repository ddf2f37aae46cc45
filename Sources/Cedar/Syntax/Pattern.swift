import JSON

/// The right side of `like`: texts with `*`, any run of characters, between each two of them.
package struct Pattern: Hashable, Sendable {
    /// At least one; each but the first follows a star.
    package let segments: [String]

    init(segments: [String]) { self.segments = segments }

    package static func == (lhs: Pattern, rhs: Pattern) -> Bool {
        lhs.segments.elementsEqual(rhs.segments) { $0.isExactly($1) }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(segments) }

    /// Whether the whole text has this form.
    ///
    /// Works on UTF-8: no character's bytes begin inside of another's, so runs of bytes and runs of characters match alike.
    package func matches(_ text: String) -> Bool {
        let bytes = text.utf8Span.span
        guard let first = segments.first, let last = segments.last, Self.holds(first, in: bytes, at: 0) else {
            return false
        }
        var start = first.utf8.count
        guard segments.count > 1 else { return bytes.count == start }
        let end = bytes.count - last.utf8.count
        guard start <= end, Self.holds(last, in: bytes, at: end) else { return false }
        // Taking the leftmost place for each segment leaves the most for the next.
        for segment in segments.dropFirst().dropLast() {
            let length = segment.utf8.count
            while start + length <= end, !Self.holds(segment, in: bytes, at: start) { start += 1 }
            start += length
            guard start <= end else { return false }
        }
        return true
    }

    private static func holds(_ segment: String, in bytes: borrowing Span<UInt8>, at start: Int) -> Bool {
        let wanted = segment.utf8Span.span
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
