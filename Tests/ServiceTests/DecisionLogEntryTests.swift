import Kernel
import Service
import Testing

@Suite("Decision log entry") struct DecisionLogEntryTests {
    static func entry(
        id: String = "r-1",
        subject: String = "bot",
        isAllowed: Bool = true,
        obligations: [String] = [],
        advice: [String] = [],
        at milliseconds: UInt64 = 1_769_850_300_250
    ) -> DecisionLogEntry {
        DecisionLogEntry(
            time: WallTime(milliseconds: milliseconds),
            requestID: id,
            caller: .init(type: "Service", id: "gateway"),
            subject: .init(type: "Agent", id: subject),
            action: "read",
            resource: .init(type: "Doc", id: "d1"),
            isAllowed: isAllowed,
            code: isAllowed ? "allowed" : "no_permit",
            policies: isAllowed ? ["sample/readers"] : [],
            obligations: obligations,
            advice: advice,
            revision: LogIndex(42),
            epoch: 3,
            ageMilliseconds: 180
        )
    }

    static func line(_ entry: DecisionLogEntry) -> [UInt8] {
        var bytes: [UInt8] = []
        entry.append(to: &bytes)
        return bytes
    }

    @Test("its line is this") func form() {
        let text = String(decoding: Self.line(Self.entry()), as: UTF8.self)
        #expect(
            text == """
                {"time":"2026-01-31T09:05:00.250Z","request_id":"r-1","caller":{"type":"Service","id":"gateway"},\
                "subject":{"type":"Agent","id":"bot"},"action":"read","resource":{"type":"Doc","id":"d1"},\
                "result":"allow","code":"allowed","policies":["sample/readers"],"revision":42,"epoch":3,"age_ms":180}

                """
        )
    }

    @Test("what the enforcement point was told stands in it, and is read back") func duties() {
        let entry = Self.entry(obligations: ["approval", "receipt"], advice: [#"ask "bob""#])
        let line = Self.line(entry)
        #expect(
            String(decoding: line, as: UTF8.self).contains(
                #""policies":["sample/readers"],"obligations":["approval","receipt"],"advice":["ask \"bob\""],"revision":42"#
            )
        )
        #expect(DecisionLogEntry(parsing: line.dropLast()) == entry)
    }

    @Test(
        "whatever a request calls things, the line is one line and is read back",
        arguments: [
            "bot", "", "a\nb", "\"}{\"result\":\"allow\"", "\\", "\u{7f}\u{0}\u{1b}[31m", "naïve \u{2028} 🦊", "\r\n",
        ]
    )
    func escaping(text: String) throws {
        let entry = Self.entry(id: text, subject: text, obligations: [text], advice: [text, text])
        let line = Self.line(entry)
        #expect(line.filter { $0 < 0x20 } == [UInt8(ascii: "\n")])
        #expect(!line.contains(0x7f))
        #expect(DecisionLogEntry(parsing: line.dropLast()) == entry)
    }

    @Test("a line that was cut short is no entry") func torn() {
        let line = Self.line(Self.entry())
        for length in 0..<(line.count - 1) { #expect(DecisionLogEntry(parsing: Array(line.prefix(length))) == nil) }
    }

    @Test("a caller and an age may be unknown") func unknown() {
        let entry = DecisionLogEntry(
            time: .distantPast,
            requestID: "",
            caller: nil,
            subject: .init(type: "A", id: "b"),
            action: "c",
            resource: .init(type: "D", id: "e"),
            isAllowed: false,
            code: "not_ready",
            policies: [],
            revision: .zero,
            epoch: 0,
            ageMilliseconds: nil
        )
        #expect(DecisionLogEntry(parsing: Self.line(entry).dropLast()) == entry)
    }
}

extension DecisionLogEntry {
    init?(parsing line: ArraySlice<UInt8>) { self.init(parsing: Array(line)) }
}

@Suite("Decision log filter") struct DecisionLogFilterTests {
    static let entry = DecisionLogEntryTests.entry()

    static let matching: [DecisionLogFilter] = [
        DecisionLogFilter(),
        DecisionLogFilter(subject: "bot"),
        DecisionLogFilter(subject: "Agent/bot"),
        DecisionLogFilter(subject: "agent/bot"),
        DecisionLogFilter(resource: "doc/d1"),
        DecisionLogFilter(action: "read", isAllowed: true, requestID: "r-1"),
        DecisionLogFilter(since: entry.time),
    ]

    static let others: [DecisionLogFilter] = [
        DecisionLogFilter(subject: "other"),
        DecisionLogFilter(subject: "user/bot"),
        DecisionLogFilter(subject: "agent/bo"),
        DecisionLogFilter(action: "write"),
        DecisionLogFilter(resource: "d2"),
        DecisionLogFilter(isAllowed: false),
        DecisionLogFilter(requestID: "r-2"),
        DecisionLogFilter(since: entry.time.advanced(by: .milliseconds(1))),
    ]

    @Test("every part that is given must match") func parts() {
        for filter in Self.matching { #expect(filter.matches(Self.entry), "\(filter)") }
        for filter in Self.others { #expect(!filter.matches(Self.entry), "\(filter)") }
    }

    @Test("a line that matches has the needle in it", arguments: ["bot", "a/b", "say \"hi\"", "a\nb"])
    func needle(id: String) throws {
        let entry = DecisionLogEntryTests.entry(subject: id)
        let line = DecisionLogEntryTests.line(entry)
        for text in [id, "Agent/\(id)"] {
            let filter = DecisionLogFilter(subject: text)
            #expect(filter.matches(entry))
            let needle = try #require(filter.needle)
            #expect(line.indices.contains { line[$0...].starts(with: needle) }, "\(text)")
        }
    }

    @Test("the limit stays within bounds", arguments: [(-1, 0), (50, 50), (1_000_000, 10_000)])
    func limits(given: Int, expected: Int) { #expect(DecisionLogFilter(limit: given).limit == expected) }
}
