/// An IP address with the length of its prefix: the extension type `ipaddr`.
///
/// The bits after the prefix are kept, so `10.0.0.1/24` and `10.0.0.0/24` are different values of equal range. A single
/// address has the full length.
public struct IPRange: Hashable, Sendable {
    public enum Family: UInt8, Hashable, Sendable {
        case v4, v6

        var bits: Int { self == .v4 ? 32 : 128 }
    }

    public let family: Family
    /// The last 32 bits hold an IPv4 address.
    public let address: UInt128
    public let prefixLength: Int

    public var isLoopback: Bool {
        switch family {
        case .v4: address >> 24 == 127 && prefixLength >= 8
        case .v6: address == 1 && prefixLength == 128
        }
    }

    public var isMulticast: Bool {
        switch family {
        case .v4: address >> 28 == 0xE && prefixLength >= 4
        case .v6: address >> 120 == 0xFF && prefixLength >= 8
        }
    }

    /// Whether every address of this range is one of the other. Families never mix.
    public func isInRange(_ other: IPRange) -> Bool {
        family == other.family && prefixLength >= other.prefixLength
            && (address ^ other.address) & ~other.hostMask == 0
    }

    private var hostMask: UInt128 {
        let hostBits = family.bits - prefixLength
        return hostBits == 128 ? .max : (1 << UInt128(hostBits)) - 1
    }
}

extension IPRange: Comparable {
    public static func < (lhs: IPRange, rhs: IPRange) -> Bool {
        (lhs.family.rawValue, lhs.address, lhs.prefixLength) < (rhs.family.rawValue, rhs.address, rhs.prefixLength)
    }
}

extension IPRange {
    /// Reads IPv4 (four decimal numbers without leading zeros) or IPv6 (hexadecimal groups only, no zone), optionally
    /// with `/` and a prefix length without leading zeros.
    public static func parse(_ text: String) throws(ExtensionFailure) -> IPRange {
        let bytes = text.utf8Span.span
        // 39 characters of IPv6, a slash and three digits.
        guard bytes.count <= 43 else { throw ExtensionFailure("an address has at most 43 characters") }
        var slash = 0
        while slash < bytes.count, bytes[slash] != UInt8(ascii: "/") { slash += 1 }
        let family: Family
        let address: UInt128
        if let parsed = v4(bytes.extracting(..<slash)) {
            (family, address) = (.v4, parsed)
        } else if let parsed = v6(bytes.extracting(..<slash)) {
            (family, address) = (.v6, parsed)
        } else {
            throw ExtensionFailure("\(text.cedarQuoted) is no IP address")
        }
        guard slash < bytes.count else { return IPRange(family: family, address: address, prefixLength: family.bits) }
        guard let length = prefixLength(bytes.extracting((slash + 1)...)), length <= family.bits else {
            throw ExtensionFailure("\(text.cedarQuoted) has no prefix length from 0 to \(family.bits) after its slash")
        }
        return IPRange(family: family, address: address, prefixLength: length)
    }

    private static func prefixLength(_ digits: borrowing Span<UInt8>) -> Int? {
        guard (1...3).contains(digits.count), digits.count == 1 || digits[0] != UInt8(ascii: "0") else { return nil }
        var length = 0
        for place in digits.indices {
            guard digits[place].isASCIIDigit else { return nil }
            length = length * 10 + Int(digits[place] - UInt8(ascii: "0"))
        }
        return length
    }

    /// In one pass: decisions read the addresses of their requests.
    private static func v4(_ text: borrowing Span<UInt8>) -> UInt128? {
        var (address, number): (UInt32, UInt32) = (0, 0)
        var (dots, digits) = (0, 0)
        for place in text.indices {
            let digit = UInt32(text[place] &- UInt8(ascii: "0"))
            if digit < 10 {
                // No number has a digit behind a zero at its beginning.
                guard digits == 0 || number > 0 else { return nil }
                number = number &* 10 &+ digit
                digits &+= 1
                guard number < 256 else { return nil }
            } else {
                guard text[place] == UInt8(ascii: "."), digits > 0, dots < 3 else { return nil }
                (address, number) = (address << 8 | number, 0)
                (dots, digits) = (dots &+ 1, 0)
            }
        }
        return dots == 3 && digits > 0 ? UInt128(address << 8 | number) : nil
    }

    /// RFC 4291 section 2.2, forms 1 and 2. `::` stands for one group or more.
    private static func v6(_ text: borrowing Span<UInt8>) -> UInt128? {
        let colon = UInt8(ascii: ":")
        var gap = 0
        while gap + 1 < text.count, text[gap] != colon || text[gap + 1] != colon { gap += 1 }
        guard gap + 1 < text.count else {
            guard let groups = v6Groups(text), groups.count == 8 else { return nil }
            return groups.value
        }
        guard let head = v6Groups(text.extracting(..<gap)), let tail = v6Groups(text.extracting((gap + 2)...)),
            head.count + tail.count < 8
        else { return nil }
        return head.value << UInt128(16 * (8 - head.count)) | tail.value
    }

    /// The last eight, where there are more.
    private static func v6Groups(_ text: borrowing Span<UInt8>) -> (value: UInt128, count: Int)? {
        if text.isEmpty { return (0, 0) }
        var (value, count, digits): (UInt128, Int, Int) = (0, 0, 0)
        var group: UInt128 = 0
        for place in text.indices {
            if text[place] == UInt8(ascii: ":") {
                guard digits > 0 else { return nil }
                (value, count, digits, group) = (value << 16 | group, count + 1, 0, 0)
            } else {
                guard digits < 4, let digit = text[place].hexDigitValue else { return nil }
                (group, digits) = (group << 4 | UInt128(digit), digits + 1)
            }
        }
        guard digits > 0 else { return nil }
        return (value << 16 | group, count + 1)
    }
}

extension UInt8 {
    /// Of an ASCII digit in base 16, large or small.
    fileprivate var hexDigitValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension IPRange: CustomStringConvertible {
    /// IPv6 with all its groups. The prefix length is left out where it is the full one.
    public var description: String {
        let text =
            switch family {
            case .v4: [24, 16, 8, 0].map { String(address >> UInt128($0) & 0xFF) }.joined(separator: ".")
            case .v6:
                stride(from: 112, through: 0, by: -16)
                    .map { String(address >> UInt128($0) & 0xFFFF, radix: 16) }.joined(separator: ":")
            }
        return prefixLength == family.bits ? text : "\(text)/\(prefixLength)"
    }
}
