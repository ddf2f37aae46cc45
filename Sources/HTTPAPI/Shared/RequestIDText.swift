/// The value of `X-Request-ID`, which a client chooses and which goes back to it and into logs.
package enum RequestIDText {
    package static let maximumByteCount = 256

    /// Printable ASCII of the text, at most 256 bytes; most texts come out as they are. Empty where nothing is left.
    package static func sanitized(_ text: String) -> String {
        if text.utf8.count <= maximumByteCount, text.utf8.allSatisfy(isPrintable) { return text }
        return String(decoding: text.utf8.lazy.filter(isPrintable).prefix(maximumByteCount), as: UTF8.self)
    }

    private static func isPrintable(_ byte: UInt8) -> Bool { (0x20...0x7e).contains(byte) }
}
