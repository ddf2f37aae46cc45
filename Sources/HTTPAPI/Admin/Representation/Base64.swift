internal import Service

extension [UInt8] {
    /// RFC 4648 section 4, with padding.
    package var base64: String {
        let text = base64URL.replacing("-", with: "+").replacing("_", with: "/")
        return text + String(repeating: "=", count: (3 - count % 3) % 3)
    }

    /// Nil for anything but the one text that `base64` gives for some bytes.
    package init?(base64 text: String) {
        let symbols = text.utf8.map(Self.base64Value)
        let padding = symbols.reversed().prefix { $0 == Self.padding }.count
        guard symbols.count.isMultiple(of: 4), padding <= 2, !symbols.contains(nil),
            !symbols.dropLast(padding).contains(Self.padding)
        else { return nil }
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: symbols.count, by: 4) {
            let bits = symbols[start..<(start + 4)].reduce(UInt32(0)) { $0 << 6 | UInt32(($1 ?? 0) & 63) }
            for shift in [16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(shift))) }
        }
        bytes.removeLast(padding)
        // Bits that no byte holds must be zero.
        guard bytes.base64 == text else { return nil }
        self = bytes
    }

    /// Its low six bits are zero.
    private static var padding: UInt8 { 64 }

    private static func base64Value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        case UInt8(ascii: "="): padding
        default: nil
        }
    }
}
