import Cedar
import Testing

@Suite("Cedar extension types")
struct ExtensionTests {
    @Test(
        "addresses are read",
        arguments: [
            ("0.0.0.0", "0.0.0.0"), ("255.255.255.255/32", "255.255.255.255"), ("10.0.0.1/8", "10.0.0.1/8"),
            ("1.2.3.4/0", "1.2.3.4/0"),
            ("::", "0:0:0:0:0:0:0:0"), ("::1", "0:0:0:0:0:0:0:1"), ("1::", "1:0:0:0:0:0:0:0"),
            ("ABCD::ef01/128", "abcd:0:0:0:0:0:0:ef01"),
            ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("::2:3:4:5:6:7:8/64", "0:2:3:4:5:6:7:8/64"),
        ]
    )
    func addresses(text: String, expected: String) throws {
        #expect(try IPRange.parse(text).description == expected)
    }

    @Test(
        "addresses are refused",
        arguments: [
            "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/01", "1.2.3.4/+1",
            "1.2.3.4/8/8", " 1.2.3.4",
            "1.2.3.4 ", "1..2.3", "a.b.c.d", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", ":::",
            "1:2:3:4:5:6:7:8::", "::12345", "::g",
            "::/129", "::/064", "::1%eth0", "::ffff:1.2.3.4", ":1:2:3:4:5:6:7", "٣.1.1.1", "1:", ":",
        ]
    )
    func badAddresses(text: String) {
        #expect(throws: ExtensionFailure.self) { try IPRange.parse(text) }
    }

    @Test(
        "ranges",
        arguments: [
            ("10.0.0.5", "10.0.0.0/24", true), ("10.0.1.5", "10.0.0.0/24", false), ("10.0.0.0/8", "10.0.0.0/24", false),
            ("10.0.0.7/24", "10.0.0.9/24", true), ("1.2.3.4", "0.0.0.0/0", true), ("::1", "0.0.0.0/0", false),
            ("1.2.3.4", "::/0", false),
            ("ffff::1", "::/0", true), ("1:2::/32", "1:2::/31", true), ("::1", "::1", true), ("::1", "::2", false),
        ]
    )
    func ranges(inner: String, outer: String, isInside: Bool) throws {
        #expect(try IPRange.parse(inner).isInRange(IPRange.parse(outer)) == isInside)
    }

    @Test(
        "loopback and multicast need the prefix to stay inside",
        arguments: [
            ("127.0.0.1", true, false), ("127.9.9.9/8", true, false), ("127.0.0.0/7", false, false),
            ("::1", true, false),
            ("::1/127", false, false), ("::2", false, false), ("224.0.0.1", false, true),
            ("239.255.255.255/4", false, true),
            ("224.0.0.0/3", false, false), ("223.0.0.1", false, false), ("240.0.0.1", false, false),
            ("ff02::1", false, true),
            ("ff00::/7", false, false), ("fe80::1", false, false), ("::7f00:1", false, false),
        ]
    )
    func kinds(text: String, isLoopback: Bool, isMulticast: Bool) throws {
        let range = try IPRange.parse(text)
        #expect(range.isLoopback == isLoopback)
        #expect(range.isMulticast == isMulticast)
    }

    @Test(
        "decimals",
        arguments: [
            ("0.0", 0), ("-0.0", 0), ("1.5", 15_000), ("-0.5", -5000), ("-0.0001", -1), ("00012.3400", 123_400),
            ("922337203685477.5807", .max), ("-922337203685477.5808", .min),
        ] as [(String, Int64)]
    )
    func decimals(text: String, expected: Int64) throws {
        let value = try CedarDecimal.parse(text)
        #expect(value.tenThousandths == expected)
        #expect(try CedarDecimal.parse(value.description) == value)
    }

    @Test(
        "decimals are refused",
        arguments: [
            "", "1", "1.", ".5", "-", "-.5", "+1.0", "1.00000", "1.0 ", "1e3", "--1.0", "1.0.0", "1,0",
            "922337203685477.5808",
            "-922337203685477.5809", "99999999999999999999.0", "1.٣",
        ]
    )
    func badDecimals(text: String) {
        #expect(throws: ExtensionFailure.self) { try CedarDecimal.parse(text) }
    }

    @Test(
        "moments",
        arguments: [
            ("1970-01-01", 0), ("1970-01-01T00:00:00.001Z", 1), ("1969-12-31T23:59:59.999Z", -1),
            ("2024-02-29", 1_709_164_800_000),
            ("2000-03-01", 951_868_800_000), ("0000-01-01", -62_167_219_200_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
            ("2024-10-15T11:35:00+0130", 1_728_986_700_000), ("2024-10-15T11:35:00.000-0130", 1_728_997_500_000),
            ("1970-01-01T00:00:00+2359", -86_340_000),
        ] as [(String, Int64)]
    )
    func moments(text: String, expected: Int64) throws {
        let moment = try CedarDateTime.parse(text)
        #expect(moment.milliseconds == expected)
        #expect(try CedarDateTime.parse(moment.description) == moment)
    }

    @Test(
        "moments are refused",
        arguments: [
            "", "2024", "2024-1-01", "2024-13-01", "2024-00-01", "2024-01-00", "2024-04-31", "2023-02-29", "1900-02-29",
            "2024-01-01T", "2024-01-01Z",
            "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T23:59:60Z", "2024-01-01T00:00:00",
            "2024-01-01T00:00Z",
            "2024-01-01T00:00:00.1Z", "2024-01-01T00:00:00.1234Z", "2024-01-01T00:00:00+01:00",
            "2024-01-01T00:00:00+2400",
            "2024-01-01T00:00:00+0060", "2024-01-01t00:00:00Z", "2024-01-01T00:00:00z", "2024-01-01T00:00:00ZZ",
            "-2024-01-01", "2024-01-01 ",
            "2024-01-01T00:00:00Z+0100",
        ]
    )
    func badMoments(text: String) {
        #expect(throws: ExtensionFailure.self) { try CedarDateTime.parse(text) }
    }

    @Test("dates and times of day, also before 1970")
    func partsOfMoments() throws {
        for (text, date, time) in [
            ("1969-12-31T23:00:00Z", "1969-12-31", "23h"), ("1970-01-01", "1970-01-01", "0s"),
            ("1969-12-31", "1969-12-31", "0s"), ("2024-10-15T11:35:00Z", "2024-10-15", "11h35m"),
        ] {
            #expect(try CedarDateTime.parse(text).date == CedarDateTime.parse(date))
            #expect(try CedarDateTime.parse(text).time == CedarDuration.parse(time))
        }
        #expect(CedarDateTime(milliseconds: .min).date == nil)
        #expect(CedarDateTime(milliseconds: .max).offset(by: CedarDuration(milliseconds: 1)) == nil)
        #expect(CedarDateTime(milliseconds: .min).duration(since: CedarDateTime(milliseconds: 1)) == nil)
    }

    @Test(
        "durations",
        arguments: [
            ("1d", 86_400_000), ("1d2h3m4s5ms", 93_784_005), ("-90m", -5_400_000), ("0ms", 0), ("-0s", 0), ("5ms", 5),
            ("2h5ms", 7_200_005),
            ("9223372036854775807ms", .max), ("-9223372036854775808ms", .min), ("007s", 7000),
        ] as [(String, Int64)]
    )
    func durations(text: String, expected: Int64) throws {
        let duration = try CedarDuration.parse(text)
        #expect(duration.milliseconds == expected)
        #expect(try CedarDuration.parse(duration.description) == duration)
    }

    @Test(
        "durations are refused",
        arguments: [
            "", "-", "1", "d", "1h1d", "1d1d", "1.5h", "+1d", "1 d", "1D", "1ms1s", "--1d", "1d-1h",
            "9223372036854775808ms",
            "-9223372036854775809ms", "106751991168d", "99999999999999999999d", "1w", "1msd",
        ]
    )
    func badDurations(text: String) {
        #expect(throws: ExtensionFailure.self) { try CedarDuration.parse(text) }
    }

    @Test("whole units of a duration are cut toward zero")
    func units() throws {
        let short = try CedarDuration.parse("-1ms")
        #expect((short.seconds, short.minutes) == (0, 0))
        let long = try CedarDuration.parse("-1d23h59m59s999ms")
        #expect((long.days, long.hours, long.minutes, long.seconds) == (-1, -47, -2879, -172_799))
    }
}
