import NIOCore
import Testing

@testable import reeve

@Suite("Answers that the load generator reads") struct AnswerReaderTests {
    private static let ok = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
    private static let refused = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"

    @Test("each is counted once, however the bytes arrive", arguments: [1, 2, 7, 1000]) func pieces(size: Int) throws {
        let bytes = Array((Self.ok + Self.refused + Self.ok).utf8)
        var reader = AnswerReader()
        var found: [Int] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            reader.append(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
            while let status = try reader.next() { found.append(status) }
        }
        #expect(found == [200, 503, 200])
    }

    @Test("an answer without a length or an end is an error") func malformed() {
        for text in ["HTTP/1.1 200 OK\r\n\r\n", String(repeating: "x", count: 70_000)] {
            var reader = AnswerReader()
            reader.append(ByteBuffer(string: text))
            #expect(throws: CommandError.self) { try reader.next() }
        }
    }
}
