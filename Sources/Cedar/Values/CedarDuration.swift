/// A length of time in milliseconds, possibly negative: the extension type `duration`.
public struct CedarDuration: Hashable, Comparable, Sendable {
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    static let units: [(suffix: String, milliseconds: Int128)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// Reads an optional `-` and then days, hours, minutes, seconds and milliseconds, at least one of them, in that
    /// order: `1d12h`, `-90m`, `250ms`.
    public static func parse(_ text: String) throws(ExtensionFailure) -> CedarDuration {
        var scanner = ByteScanner(text)
        let isNegative = scanner.take(UInt8(ascii: "-"))
        var total: Int128 = 0
        var remaining = units[...]
        repeat {
            let digits = scanner.takeDigits()
            let suffix = scanner.takeLetters()
            guard !digits.isEmpty, let unit = remaining.firstIndex(where: { suffix.elementsEqual($0.suffix.utf8) })
            else {
                throw ExtensionFailure("\(text.cedarQuoted) is no duration such as \"1d2h3m4s5ms\"")
            }
            remaining = remaining[(unit + 1)...]
            guard let count = UInt64(decimalDigits: digits) else { throw Self.tooLarge(text) }
            // At most five terms, each below 2^64 times 2^27.
            total += Int128(count) * units[unit].milliseconds
        } while !scanner.isAtEnd
        guard let milliseconds = Int64(exactly: isNegative ? -total : total) else { throw Self.tooLarge(text) }
        return CedarDuration(milliseconds: milliseconds)
    }

    private static func tooLarge(_ text: String) -> ExtensionFailure {
        ExtensionFailure("\(text.cedarQuoted) is too large for a duration")
    }

    /// Whole units, truncated toward zero.
    public var seconds: Int64 { milliseconds / 1000 }
    public var minutes: Int64 { milliseconds / 60_000 }
    public var hours: Int64 { milliseconds / 3_600_000 }
    public var days: Int64 { milliseconds / 86_400_000 }

    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.milliseconds < rhs.milliseconds }
}

extension CedarDuration: CustomStringConvertible {
    public var description: String { "\(milliseconds)ms" }
}
