import Kernel
import Service
import Testing

@Suite("UTC time") struct UTCTimeTests {
    static let known: [(text: String, milliseconds: UInt64)] = [
        ("1970-01-01T00:00:00.000Z", 0),
        ("2000-02-29T12:34:56.789Z", 951_827_696_789),
        ("2024-12-31T23:59:59.999Z", 1_735_689_599_999),
        ("2026-01-31T09:05:00.250Z", 1_769_850_300_250),
        ("2100-03-01T00:00:00.000Z", 4_107_542_400_000),
    ]

    @Test("known times are written and read", arguments: known)
    func knownTimes(text: String, milliseconds: UInt64) {
        #expect(WallTime(milliseconds: milliseconds).rfc3339 == text)
        #expect(WallTime(rfc3339: text) == WallTime(milliseconds: milliseconds))
    }

    @Test("every time is read as it was written") func roundTrip() {
        var random = SeededRandom(seed: 1)
        for _ in 0..<2000 {
            let time = WallTime(milliseconds: random.next() % 253_402_300_800_000)
            #expect(WallTime(rfc3339: time.rfc3339) == time)
        }
    }

    @Test(
        "what is no time is refused",
        arguments: [
            "", "2026-01-31", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-31T24:00:00Z",
            "2026-01-31T09:05:00", "2026-01-31T09:05:00+01:00", "2026-01-31T09:05:00.Z", "1969-12-31T23:59:59Z",
            "2026-01-31 09:05:00Z", "2026-0a-31T09:05:00Z", "-026-01-31T09:05:00Z", "2026-01-31T09:05:00,5Z",
        ]
    )
    func refused(text: String) { #expect(WallTime(rfc3339: text) == nil) }

    @Test("a fraction counts to the millisecond") func fractions() {
        #expect(WallTime(rfc3339: "1970-01-01T00:00:01Z") == WallTime(milliseconds: 1000))
        #expect(WallTime(rfc3339: "1970-01-01T00:00:01.5Z") == WallTime(milliseconds: 1500))
        #expect(WallTime(rfc3339: "1970-01-01T00:00:01.123456789Z") == WallTime(milliseconds: 1123))
    }

    @Test("the date of HTTP is RFC 9110's example") func httpDate() {
        #expect(UTCTime(WallTime(milliseconds: 784_111_777_000)).httpDate == "Sun, 06 Nov 1994 08:49:37 GMT")
    }
}
