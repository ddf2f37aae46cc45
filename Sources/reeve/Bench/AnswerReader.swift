import NIOCore

/// Takes the answers of a connection apart just far enough to count them (RFC 9112).
struct AnswerReader {
    private var bytes = ByteBuffer()

    /// Of one answer; a server that sends more is none of ours.
    private static let byteLimit = 64 * 1024

    mutating func append(_ part: ByteBuffer) {
        if bytes.readableBytes == 0 { bytes = part } else { bytes.writeImmutableBuffer(part) }
    }

    /// Status of the next answer, once it is there whole.
    mutating func next() throws(CommandError) -> Int? {
        let view = bytes.readableBytesView
        var bodyByteCount: Int?
        var start = view.startIndex
        while let end = view[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = view[start..<end]
            start = end + 1
            if line.count > 1 {
                bodyByteCount = bodyByteCount ?? Self.contentLength(line)
                continue
            }
            guard let bodyByteCount else { throw CommandError("an answer says no length") }
            return take(start - view.startIndex + bodyByteCount)
        }
        guard view.count <= Self.byteLimit else { throw CommandError("an answer has no end") }
        return nil
    }

    private mutating func take(_ byteCount: Int) -> Int? {
        guard bytes.readableBytes >= byteCount else { return nil }
        // HTTP/1.1 200 OK
        let status = Self.number(bytes.readableBytesView.dropFirst(9).prefix(3))
        bytes.moveReaderIndex(forwardBy: byteCount)
        return status
    }

    private static func contentLength(_ line: ByteBufferView) -> Int? {
        let name = "content-length:"
        guard line.count > name.utf8.count, zip(line, name.utf8).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) else {
            return nil
        }
        return number(line.dropFirst(name.utf8.count).filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") })
    }

    /// Zero for what is no number of at most nine digits, which no status is.
    private static func number(_ digits: some Collection<UInt8>) -> Int {
        guard digits.count <= 9, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return 0
        }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
}
