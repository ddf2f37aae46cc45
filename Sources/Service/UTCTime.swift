package import Kernel

/// A wall time as calendar and clock in UTC. Civil from days and back: H. Hinnant, "chrono-compatible low-level date
/// algorithms".
package struct UTCTime: Hashable, Sendable {
    package let year: UInt64
    package let month: UInt64
    package let day: UInt64
    /// 0 is Sunday.
    package let weekday: UInt64
    package let hour: UInt64
    package let minute: UInt64
    package let second: UInt64
    package let millisecond: UInt64

    package init(_ time: WallTime) {
        let seconds = time.milliseconds / 1000
        let days = seconds / 86400
        let shifted = days + 719_468
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        self.day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        self.month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        self.year = yearOfEra + shifted / 146_097 * 400 + (month <= 2 ? 1 : 0)
        self.weekday = (days + 4) % 7
        self.hour = seconds / 3600 % 24
        self.minute = seconds / 60 % 60
        self.second = seconds % 60
        self.millisecond = time.milliseconds % 1000
    }

    /// RFC 3339 with milliseconds, such as `2026-01-31T09:05:00.250Z`. Texts of years up to 9999 sort as the times do.
    package func append(to bytes: inout [UInt8]) {
        bytes.append(decimal: year, width: 4)
        bytes.append(UInt8(ascii: "-"))
        bytes.append(decimal: month, width: 2)
        bytes.append(UInt8(ascii: "-"))
        bytes.append(decimal: day, width: 2)
        bytes.append(UInt8(ascii: "T"))
        appendClock(to: &bytes)
        bytes.append(UInt8(ascii: "."))
        bytes.append(decimal: millisecond, width: 3)
        bytes.append(UInt8(ascii: "Z"))
    }

    /// The date of an HTTP header (RFC 9110 section 5.6.7), such as `Sat, 31 Jan 2026 09:05:00 GMT`.
    package var httpDate: String {
        var bytes: [UInt8] = []
        bytes.append(contentsOf: Self.weekdays[Int(weekday)].utf8)
        bytes.append(contentsOf: ", ".utf8)
        bytes.append(decimal: day, width: 2)
        bytes.append(contentsOf: " \(Self.months[Int(month - 1)]) ".utf8)
        bytes.append(decimal: year, width: 4)
        bytes.append(UInt8(ascii: " "))
        appendClock(to: &bytes)
        return String(decoding: bytes, as: UTF8.self) + " GMT"
    }

    private func appendClock(to bytes: inout [UInt8]) {
        bytes.append(decimal: hour, width: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(decimal: minute, width: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(decimal: second, width: 2)
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}

extension WallTime {
    /// RFC 3339 in UTC with milliseconds.
    package var rfc3339: String {
        var bytes: [UInt8] = []
        UTCTime(self).append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// From RFC 3339 in UTC: `2026-01-31T09:05:00Z`, with or without a fraction, of which milliseconds count. Nil for
    /// any other form, for dates that do not exist, and before 1970.
    package init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z") else { return nil }
        for (offset, mark) in [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")] as [(Int, Unicode.Scalar)]
        where bytes[offset] != UInt8(ascii: mark) { return nil }
        guard let year = Self.digits(bytes[0..<4]), let month = Self.digits(bytes[5..<7]),
            let day = Self.digits(bytes[8..<10]), let hour = Self.digits(bytes[11..<13]),
            let minute = Self.digits(bytes[14..<16]), let second = Self.digits(bytes[17..<19]),
            let fraction = Self.milliseconds(bytes[19..<(bytes.count - 1)])
        else { return nil }
        guard (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
            second < 60
        else { return nil }
        let days = Self.days(year: year, month: month, day: day)
        self.init(milliseconds: ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + fraction)
        // A day past its month's end would come out as another date.
        guard UTCTime(self).day == day else { return nil }
    }

    private static func days(year: UInt64, month: UInt64, day: UInt64) -> UInt64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let yearOfEra = shiftedYear % 400
        let monthFromMarch = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return shiftedYear / 400 * 146_097 + dayOfEra - 719_468
    }

    private static func milliseconds(_ fraction: ArraySlice<UInt8>) -> UInt64? {
        guard let point = fraction.first else { return 0 }
        let digits = fraction.dropFirst()
        guard point == UInt8(ascii: "."), (1...9).contains(digits.count), Self.digits(digits) != nil else { return nil }
        return Self.digits((Array(digits) + [UInt8](repeating: UInt8(ascii: "0"), count: 3)).prefix(3))
    }

    private static func digits(_ bytes: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for byte in bytes {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
        }
        return value
    }
}
