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
        let bytes = Array(text.utf8)
        guard let first = segments.first, let last = segments.last else { return false }
        guard segments.count > 1 else { return bytes.elementsEqual(first.utf8) }
        let (head, tail) = (Array(first.utf8), Array(last.utf8))
        guard bytes.count >= head.count + tail.count, bytes.starts(with: head),
            bytes[(bytes.count - tail.count)...].elementsEqual(tail)
        else { return false }
        // Taking the leftmost place for each segment leaves the most for the next.
        var rest = bytes[head.count..<(bytes.count - tail.count)]
        for segment in segments.dropFirst().dropLast() {
            guard let end = Self.endOfFirst(Array(segment.utf8), in: rest) else { return false }
            rest = rest[end...]
        }
        return true
    }

    private static func endOfFirst(_ wanted: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= wanted.count else { return nil }
        for start in bytes.startIndex...(bytes.endIndex - wanted.count)
        where bytes[start..<(start + wanted.count)].elementsEqual(wanted) {
            return start + wanted.count
        }
        return nil
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
