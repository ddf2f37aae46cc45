internal import NIOCore
internal import NIOHTTP1

/// Writes the start of an answer in HTTP/1.1 (RFC 9112), without a list of headers in between.
struct ResponseHead {
    /// Value of the `Date` header; refreshed by whoever owns this once a second.
    var date: String

    private static let success = "HTTP/1.1 200 OK\r\n"

    func append(_ response: borrowing DataPlaneResponse, isHEAD: Bool, closes: Bool, to buffer: inout ByteBuffer) {
        if response.status == .ok {
            buffer.writeString(Self.success)
        } else {
            buffer.writeString("HTTP/1.1 \(response.status.code) \(response.status.reasonPhrase)\r\n")
        }
        buffer.writeStaticString("date: ")
        buffer.writeString(date)
        buffer.writeStaticString("\r\ncontent-type: ")
        buffer.writeStaticString(response.mediaType)
        buffer.writeStaticString("\r\ncontent-length: ")
        Self.append(decimal: response.body.count, to: &buffer)
        if !response.requestID.isEmpty {
            buffer.writeStaticString("\r\nx-request-id: ")
            buffer.writeString(response.requestID)
        }
        buffer.writeStaticString("\r\n")
        buffer.writeStaticString(response.headerLines)
        buffer.writeStaticString(closes ? "connection: close\r\n\r\n" : "\r\n")
        if !isHEAD { buffer.writeBytes(response.body) }
    }

    private static func append(decimal number: Int, to buffer: inout ByteBuffer) {
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            buffer.writeInteger(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }
}
