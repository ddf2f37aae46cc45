/// Takes small texts apart from left to right.
struct ByteScanner {
    private let bytes: [UInt8]
    private var index = 0

    init(_ text: String) { bytes = [UInt8](text.utf8) }

    var isAtEnd: Bool { index == bytes.count }

    mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    /// As many as there are, possibly none.
    mutating func takeDigits() -> ArraySlice<UInt8> { take(while: \.isASCIIDigit) }

    mutating func takeLetters() -> ArraySlice<UInt8> {
        take { $0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z") }
    }

    /// A number of exactly so many digits, at most 18; nil, and nothing taken, otherwise.
    mutating func takeNumber(digits count: Int) -> Int64? {
        let digits = bytes[index...].prefix(count)
        guard digits.count == count, digits.allSatisfy(\.isASCIIDigit) else { return nil }
        index += count
        return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    private mutating func take(while isWanted: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = index
        while index < bytes.count, isWanted(bytes[index]) { index += 1 }
        return bytes[start..<index]
    }
}

extension UInt8 {
    var isASCIIDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
}

extension FixedWidthInteger {
    /// The number that ASCII digits spell; nil where it does not fit.
    init?(decimalDigits digits: some Sequence<UInt8>, isNegative: Bool = false) {
        var value: Self = 0
        for byte in digits {
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
            let digit = Self(truncatingIfNeeded: byte &- UInt8(ascii: "0"))
            let (next, carry) =
                isNegative ? shifted.subtractingReportingOverflow(digit) : shifted.addingReportingOverflow(digit)
            if overflow || carry { return nil }
            value = next
        }
        self = value
    }
}
