/// A number with four digits after the point: the extension type `decimal`.
public struct CedarDecimal: Hashable, Comparable, Sendable {
    /// The number times 10,000.
    public let tenThousandths: Int64

    public init(tenThousandths: Int64) { self.tenThousandths = tenThousandths }

    /// Reads `-?[0-9]+\.[0-9]{1,4}`.
    public static func parse(_ text: String) throws(ExtensionFailure) -> CedarDecimal {
        var scanner = ByteScanner(text)
        let isNegative = scanner.take(UInt8(ascii: "-"))
        let whole = scanner.takeDigits()
        let hasPoint = scanner.take(UInt8(ascii: "."))
        let fraction = scanner.takeDigits()
        guard hasPoint, !whole.isEmpty, !fraction.isEmpty, scanner.isAtEnd else {
            throw ExtensionFailure("\(text.cedarQuoted) is no decimal: digits, a point, and one to four digits")
        }
        guard fraction.count <= 4 else {
            throw ExtensionFailure("\(text.cedarQuoted) has more than four digits after the point")
        }
        let digits = whole + fraction + [UInt8](repeating: UInt8(ascii: "0"), count: 4 - fraction.count)
        guard let value = Int64(decimalDigits: digits, isNegative: isNegative) else {
            throw ExtensionFailure("\(text.cedarQuoted) is too large for a decimal")
        }
        return CedarDecimal(tenThousandths: value)
    }

    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.tenThousandths < rhs.tenThousandths }
}

extension CedarDecimal: CustomStringConvertible {
    public var description: String {
        let (whole, fraction) = tenThousandths.magnitude.quotientAndRemainder(dividingBy: 10_000)
        let digits = String(fraction + 10_000).dropFirst()
        return "\(tenThousandths < 0 ? "-" : "")\(whole).\(digits)"
    }
}

/// Why an extension function refuses its argument, for people.
public struct ExtensionFailure: Error, Hashable, Sendable {
    public let message: String

    init(_ message: String) { self.message = message }
}
