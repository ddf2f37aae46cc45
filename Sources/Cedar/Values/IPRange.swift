/// An IP address with the length of its prefix: the extension type `ipaddr`.
///
/// The bits after the prefix are kept, so `10.0.0.1/24` and `10.0.0.0/24` are different values of equal range. A single
/// address has the full length.
package struct IPRange: Hashable, Sendable {
    package enum Family: UInt8, Hashable, Sendable {
        case v4, v6

        var bits: Int { self == .v4 ? 32 : 128 }
    }

    package let family: Family
    /// The last 32 bits hold an IPv4 address.
    package let address: UInt128
    package let prefixLength: Int

    package var isLoopback: Bool {
        switch family {
        case .v4: address >> 24 == 127 && prefixLength >= 8
        case .v6: address == 1 && prefixLength == 128
        }
    }

    package var isMulticast: Bool {
        switch family {
        case .v4: address >> 28 == 0xE && prefixLength >= 4
        case .v6: address >> 120 == 0xFF && prefixLength >= 8
        }
    }

    /// Whether every address of this range is one of the other. Families never mix.
    package func isInRange(_ other: IPRange) -> Bool {
        family == other.family && other.first <= first && last <= other.last
    }

    private var hostMask: UInt128 {
        let hostBits = family.bits - prefixLength
        return hostBits == 128 ? .max : (1 << UInt128(hostBits)) - 1
    }
    private var first: UInt128 { address & ~hostMask }
    private var last: UInt128 { address | hostMask }
}

extension IPRange: Comparable {
    package static func < (lhs: IPRange, rhs: IPRange) -> Bool {
        (lhs.family.rawValue, lhs.address, lhs.prefixLength) < (rhs.family.rawValue, rhs.address, rhs.prefixLength)
    }
}

extension IPRange {
    /// Reads IPv4 (four decimal numbers without leading zeros) or IPv6 (hexadecimal groups only, no zone), optionally
    /// with `/` and a prefix length without leading zeros.
    package static func parse(_ text: String) throws(ExtensionFailure) -> IPRange {
        let bytes = [UInt8](text.utf8)
        // 39 characters of IPv6, a slash and three digits.
        guard bytes.count <= 43 else { throw ExtensionFailure("an address has at most 43 characters") }
        let slash = bytes.firstIndex(of: UInt8(ascii: "/"))
        let addressText = bytes[..<(slash ?? bytes.endIndex)]
        let family: Family
        let address: UInt128
        if let parsed = v4(addressText) {
            (family, address) = (.v4, parsed)
        } else if let parsed = v6(addressText) {
            (family, address) = (.v6, parsed)
        } else {
            throw ExtensionFailure("\(text.cedarQuoted) is no IP address")
        }
        guard let slash else { return IPRange(family: family, address: address, prefixLength: family.bits) }
        guard let length = prefixLength(bytes[(slash + 1)...]), length <= family.bits else {
            throw ExtensionFailure("\(text.cedarQuoted) has no prefix length from 0 to \(family.bits) after its slash")
        }
        return IPRange(family: family, address: address, prefixLength: length)
    }

    private static func prefixLength(_ digits: ArraySlice<UInt8>) -> Int? {
        guard (1...3).contains(digits.count), digits.allSatisfy(\.isASCIIDigit) else { return nil }
        guard digits.count == 1 || digits.first != UInt8(ascii: "0") else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    private static func v4(_ text: ArraySlice<UInt8>) -> UInt128? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt128 = 0
        for part in parts {
            guard let number = prefixLength(part), number < 256 else { return nil }
            address = address << 8 | UInt128(number)
        }
        return address
    }

    /// RFC 4291 section 2.2, forms 1 and 2. `::` stands for one group or more.
    private static func v6(_ text: ArraySlice<UInt8>) -> UInt128? {
        let colon = UInt8(ascii: ":")
        guard let gap = text.indices.dropLast().first(where: { text[$0] == colon && text[$0 + 1] == colon }) else {
            guard let groups = v6Groups(text), groups.count == 8 else { return nil }
            return groups.reduce(0) { $0 << 16 | $1 }
        }
        guard let head = v6Groups(text[..<gap]), let tail = v6Groups(text[(gap + 2)...]), head.count + tail.count < 8
        else { return nil }
        let zeros = [UInt128](repeating: 0, count: 8 - head.count - tail.count)
        return (head + zeros + tail).reduce(0) { $0 << 16 | $1 }
    }

    private static func v6Groups(_ text: ArraySlice<UInt8>) -> [UInt128]? {
        if text.isEmpty { return [] }
        var groups: [UInt128] = []
        for part in text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false) {
            guard (1...4).contains(part.count) else { return nil }
            var group: UInt128 = 0
            for byte in part {
                guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
                group = group << 4 | UInt128(digit)
            }
            groups.append(group)
        }
        return groups
    }
}

extension IPRange: CustomStringConvertible {
    /// IPv6 with all its groups. The prefix length is left out where it is the full one.
    package var description: String {
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
