/// JSON written straight into a buffer that is used again and again, where a writer of its own would copy.
extension [UInt8] {
    package mutating func append(json text: String) {
        append(UInt8(ascii: "\""))
        if Self.needsEscape(text.utf8Span.span) {
            for byte in text.utf8 { append(escaping: byte) }
        } else {
            append(contentsOf: text.utf8)
        }
        append(UInt8(ascii: "\""))
    }

    package mutating func append(json value: Bool) { append(contentsOf: (value ? "true" : "false").utf8) }

    package mutating func append(decimal number: UInt64, width: Int = 1) {
        var divisor: UInt64 = 1
        var digits = 1
        while number / divisor >= 10 || digits < width {
            divisor *= 10
            digits += 1
        }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }

    private static func needsEscape(_ text: borrowing Swift.Span<UInt8>) -> Bool {
        for place in text.indices {
            let byte = text[place]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7f { return true }
        }
        return false
    }

    /// What RFC 8259 section 7 requires, and DEL, which terminals act on.
    private mutating func append(escaping byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            append(UInt8(ascii: "\\"))
            append(byte)
        case 0..<0x20, 0x7f:
            append(contentsOf: "\\u00".utf8)
            append(Self.hexDigit(byte >> 4))
            append(Self.hexDigit(byte & 15))
        default: append(byte)
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
