import JSON

/// The right side of `like`: texts with `*`, any run of characters, between each two of them.
package struct Pattern: Hashable, Sendable {
    /// At least one; each but the first follows a star.
    package let segments: [String]
    private let storage: Storage
    let places: PatternPlaces

    /// Its memory, so that a text can be matched without counting references.
    private final class Storage: Sendable {
        /// Of the segments, one behind the other.
        let bytes: FixedBuffer<UInt8>
        /// Where each segment ends there.
        let ends: FixedBuffer<Int>

        init(_ segments: [String]) {
            bytes = FixedBuffer(segments.flatMap(\.utf8))
            var end = 0
            ends = FixedBuffer(
                segments.map { segment in
                    end += segment.utf8.count
                    return end
                }
            )
        }
    }

    init(segments: [String]) {
        self.segments = segments
        storage = Storage(segments)
        places = unsafe PatternPlaces(
            bytes: storage.bytes.base,
            ends: storage.ends.base,
            count: segments.count,
            longestSearch: segments.dropFirst().dropLast().map(\.utf8.count).max() ?? 0
        )
    }

    package static func == (lhs: Pattern, rhs: Pattern) -> Bool {
        lhs.segments.elementsEqual(rhs.segments) { $0.isExactly($1) }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(segments) }

    package func matches(_ text: String) -> Bool { withExtendedLifetime(storage) { places.match(text) } }
}

/// What a text is held against, while somebody holds the pattern.
// Safe: the pattern's memory is not written after its initializer, and whoever uses this holds the pattern.
@safe struct PatternPlaces: @unchecked Sendable {
    private let bytes: UnsafePointer<UInt8>
    /// Of the segments.
    private let ends: UnsafePointer<Int>
    private let count: Int
    /// Bytes of the longest text that is looked for between two stars.
    private let longestSearch: Int

    init(bytes: UnsafePointer<UInt8>, ends: UnsafePointer<Int>, count: Int, longestSearch: Int) {
        unsafe self.bytes = bytes
        unsafe self.ends = ends
        self.count = count
        self.longestSearch = longestSearch
    }

    /// What to match a text costs: the longest segment may have to be held against each place in it.
    func steps(byteCount: Int) -> Int { byteCount * (longestSearch + 1) / 16 }

    /// Whether the whole text has this form.
    ///
    /// Works on UTF-8: no character's bytes begin inside of another's, so runs of bytes and runs of characters match alike.
    func match(_ text: String) -> Bool {
        let text = text.utf8Span.span
        guard count > 0, holds(0, in: text, at: 0) else { return false }
        var start = length(0)
        guard count > 1 else { return text.count == start }
        let end = text.count - length(count - 1)
        guard start <= end, holds(count - 1, in: text, at: end) else { return false }
        // Taking the leftmost place for each segment leaves the most for the next.
        for segment in 1..<(count - 1) {
            while start + length(segment) <= end, !holds(segment, in: text, at: start) { start += 1 }
            start += length(segment)
            guard start <= end else { return false }
        }
        return true
    }

    private func start(_ segment: Int) -> Int { unsafe segment == 0 ? 0 : ends[segment - 1] }
    private func length(_ segment: Int) -> Int { unsafe ends[segment] - start(segment) }

    private func holds(_ segment: Int, in text: borrowing Span<UInt8>, at place: Int) -> Bool {
        let (start, length) = (start(segment), length(segment))
        guard place + length <= text.count else { return false }
        for offset in 0..<length where unsafe bytes[start + offset] != text[place + offset] { return false }
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
