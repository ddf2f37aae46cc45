/// Bytes of a source text, half open.
package struct SourceRange: Hashable, Sendable {
    package let start: UInt32
    package let end: UInt32

    /// What has no place in a text, because no parser made it.
    package static let none = SourceRange(start: 0, end: 0)

    package init(start: UInt32, end: UInt32) {
        self.start = start
        self.end = end
    }

    /// From the start of this one to the end of the other.
    func through(_ other: SourceRange) -> SourceRange { SourceRange(start: start, end: max(end, other.end)) }

    /// The same with offsets that count from a place before it.
    func counted(from origin: UInt32) -> SourceRange { SourceRange(start: start - origin, end: end - origin) }

    /// The opposite of `counted(from:)`.
    func moved(by origin: UInt32) -> SourceRange { SourceRange(start: start + origin, end: end + origin) }
}

/// A place in a source text, for people.
public struct SourcePosition: Hashable, Sendable, CustomStringConvertible {
    /// From 1.
    public let line: Int
    /// In characters (Unicode scalars), from 1.
    public let column: Int
    /// In bytes, from 0.
    public let offset: Int

    public var description: String { "\(line):\(column)" }

    /// The first of a text.
    public static let start = SourcePosition(line: 1, column: 1, offset: 0)
}

/// A text and where its lines start.
struct SourceText: Sendable {
    let bytes: [UInt8]
    private let lineStarts: [Int]

    init(_ text: String) { self.init([UInt8](text.utf8)) }

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var starts = [0]
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(index + 1) }
        lineStarts = starts
    }

    /// Where a line and a column begin; the nearest place that there is.
    func offset(line: Int, column: Int) -> Int {
        var offset = lineStarts[min(max(1, line), lineStarts.count) - 1]
        var left = column - 1
        while left > 0, offset < bytes.count, bytes[offset] != UInt8(ascii: "\n") {
            repeat { offset += 1 } while offset < bytes.count && bytes[offset] & 0xC0 == 0x80
            left -= 1
        }
        return offset
    }

    func position(at offset: Int) -> SourcePosition {
        let line = lineNumber(at: offset)
        let scalars = bytes[lineStarts[line]..<min(offset, bytes.count)].count { $0 & 0xC0 != 0x80 }
        return SourcePosition(line: line + 1, column: scalars + 1, offset: offset)
    }

    /// The line that holds the offset, without its end.
    func line(at offset: Int) -> String {
        let line = lineNumber(at: offset)
        let end = line + 1 < lineStarts.count ? lineStarts[line + 1] - 1 : bytes.count
        return String(decoding: bytes[lineStarts[line]..<end], as: UTF8.self)
    }

    func text(_ range: SourceRange) -> String {
        String(decoding: bytes[Int(range.start)..<Int(range.end)], as: UTF8.self)
    }

    /// From 0.
    private func lineNumber(at offset: Int) -> Int {
        var range = lineStarts.indices
        while let middle = range.middle {
            range = lineStarts[middle] <= offset ? (middle + 1)..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound - 1
    }
}
