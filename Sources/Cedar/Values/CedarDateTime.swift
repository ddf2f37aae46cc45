/// A moment in milliseconds since 1970-01-01T00:00:00Z, without leap seconds: the extension type `datetime`.
public struct CedarDateTime: Hashable, Comparable, Sendable {
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    static let millisecondsADay: Int64 = 86_400_000

    /// Nil where the sum does not fit.
    public func offset(by duration: CedarDuration) -> CedarDateTime? {
        let (sum, overflow) = milliseconds.addingReportingOverflow(duration.milliseconds)
        return overflow ? nil : CedarDateTime(milliseconds: sum)
    }

    /// Nil where the difference does not fit.
    public func duration(since other: CedarDateTime) -> CedarDuration? {
        let (difference, overflow) = milliseconds.subtractingReportingOverflow(other.milliseconds)
        return overflow ? nil : CedarDuration(milliseconds: difference)
    }

    /// The last midnight, also before 1970; nil where that does not fit.
    public var date: CedarDateTime? {
        let (midnight, overflow) = milliseconds.subtractingReportingOverflow(time.milliseconds)
        return overflow ? nil : CedarDateTime(milliseconds: midnight)
    }

    /// What has passed since the last midnight, never negative.
    public var time: CedarDuration {
        let remainder = milliseconds % Self.millisecondsADay
        return CedarDuration(milliseconds: remainder < 0 ? remainder + Self.millisecondsADay : remainder)
    }

    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.milliseconds < rhs.milliseconds }
}

extension CedarDateTime {
    /// Reads `YYYY-MM-DD`, or that with `Thh:mm:ss`, optionally `.SSS`, and `Z` or an offset `+hhmm`.
    public static func parse(_ text: String) throws(ExtensionFailure) -> CedarDateTime {
        var scanner = ByteScanner(text)
        guard let year = scanner.takeNumber(digits: 4), scanner.take(UInt8(ascii: "-")),
            let month = scanner.takeNumber(digits: 2), scanner.take(UInt8(ascii: "-")),
            let day = scanner.takeNumber(digits: 2)
        else { throw ExtensionFailure("\(text.cedarQuoted) starts with no date such as \"2026-11-23\"") }
        guard let days = Self.daysSinceEpoch(year: year, month: month, day: day) else {
            throw ExtensionFailure("\(text.cedarQuoted) names a day that is not in the calendar")
        }
        let midnight = days * millisecondsADay
        if scanner.isAtEnd { return CedarDateTime(milliseconds: midnight) }
        let time = try Self.timeOfDay(&scanner, text)
        let offset = try Self.offset(&scanner, text)
        return CedarDateTime(milliseconds: midnight + time - offset)
    }

    private static func timeOfDay(_ scanner: inout ByteScanner, _ text: String) throws(ExtensionFailure) -> Int64 {
        guard scanner.take(UInt8(ascii: "T")), let hour = scanner.takeNumber(digits: 2),
            scanner.take(UInt8(ascii: ":")), let minute = scanner.takeNumber(digits: 2),
            scanner.take(UInt8(ascii: ":")), let second = scanner.takeNumber(digits: 2)
        else { throw ExtensionFailure("\(text.cedarQuoted) has no time such as \"T09:30:00\" after its date") }
        guard hour < 24, minute < 60, second < 60 else {
            throw ExtensionFailure("\(text.cedarQuoted) names a time that no day has")
        }
        var milliseconds: Int64 = 0
        if scanner.take(UInt8(ascii: ".")) {
            guard let fraction = scanner.takeNumber(digits: 3) else {
                throw ExtensionFailure("\(text.cedarQuoted) needs exactly three digits of milliseconds")
            }
            milliseconds = fraction
        }
        return ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds
    }

    /// What local time is ahead of UTC by.
    private static func offset(_ scanner: inout ByteScanner, _ text: String) throws(ExtensionFailure) -> Int64 {
        let failure = ExtensionFailure(
            "\(text.cedarQuoted) does not end with \"Z\" or an offset such as \"+0130\""
        )
        if scanner.take(UInt8(ascii: "Z")) {
            guard scanner.isAtEnd else { throw failure }
            return 0
        }
        let isAhead = scanner.take(UInt8(ascii: "+"))
        guard isAhead || scanner.take(UInt8(ascii: "-")), let hours = scanner.takeNumber(digits: 2),
            let minutes = scanner.takeNumber(digits: 2), scanner.isAtEnd
        else { throw failure }
        guard hours < 24, minutes < 60 else {
            throw ExtensionFailure("\(text.cedarQuoted) has an offset of a day or more")
        }
        let offset = (hours * 60 + minutes) * 60_000
        return isAhead ? offset : -offset
    }

    /// Days in the proleptic Gregorian calendar, year 0 included; nil for a day that does not exist.
    private static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64? {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...12).contains(month), (1...lengths[Int(month) - 1]).contains(day) else { return nil }
        // The year is counted from March, so that the leap day is its last; 719,468 days lie between the first of
        // March of year 0 and the epoch. See H. Hinnant, "chrono-compatible low-level date algorithms".
        let shifted = month > 2 ? year : year - 1
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension CedarDateTime: CustomStringConvertible {
    /// In UTC with milliseconds. Outside of the years 0 to 9999 this form cannot be read back.
    public var description: String {
        let time = self.time.milliseconds
        let (year, month, day) = Self.civil(
            days: (milliseconds / Self.millisecondsADay) - (milliseconds < 0 && time != 0 ? 1 : 0)
        )
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        let clock = "\(padded(time / 3_600_000, 2)):\(padded(time / 60_000 % 60, 2)):\(padded(time / 1000 % 60, 2))"
        return "\(date)T\(clock).\(padded(time % 1000, 3))Z"
    }

    private func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number.magnitude)
        return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}
