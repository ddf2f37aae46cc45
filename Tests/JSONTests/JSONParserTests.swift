import JSON
import Testing

@Suite("JSON parser")
struct JSONParserTests {
    @Test(
        "reads every kind of value",
        arguments: [
            ("null", JSONValue.null), ("true", true), (" false\n", false), ("0", 0), ("-0", 0), ("-12", -12),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .decimal("9223372036854775808")), ("1.50", .decimal("1.50")),
            ("-1e+2", .decimal("-1e+2")), ("1E5", .decimal("1E5")), ("\"\"", ""), ("[]", []), ("{}", [:]),
            ("[1,[2],{\"a\":null}]", [1, [2], ["a": nil]]), ("{\"b\":1,\"a\":2}", ["b": 1, "a": 2]),
        ] as [(String, JSONValue)]
    )
    func values(text: String, expected: JSONValue) throws {
        #expect(try JSONValue.parse(text) == expected)
    }

    @Test(
        "resolves escapes",
        arguments: [
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9""#, "A\u{E9}"),
            (#""\uD83D\uDE00!""#, "\u{1F600}!"), ("\"é\u{1F600}\"", "é\u{1F600}"), (#""a\u0000b""#, "a\u{0}b"),
        ]
    )
    func escapes(text: String, expected: String) throws {
        #expect(try JSONValue.parse(text) == .string(expected))
    }

    @Test(
        "refuses what is no JSON, with the place",
        arguments: [
            ("", 0, JSONError.Reason.endOfText), ("[1,]", 3, .unexpected(byte: 0x5D, expected: "a value")),
            ("{\"a\":1,}", 7, .unexpected(byte: 0x7D, expected: "a member's name")), ("[1", 2, .endOfText),
            ("{a:1}", 1, .unexpected(byte: 0x61, expected: "a member's name")), ("01", 0, .badNumber),
            ("-", 1, .endOfText), ("1.", 2, .endOfText), ("1.e5", 2, .badNumber),
            ("+1", 0, .unexpected(byte: 0x2B, expected: "a value")),
            ("1 2", 2, .trailingText), ("tru", 3, .endOfText), ("\"a", 2, .endOfText),
            ("\"a\nb\"", 2, .controlCharacter(10)),
            ("\"\\q\"", 1, .badEscape), ("\"\\u12G4\"", 1, .badEscape), ("\"\\uD800\"", 1, .loneSurrogate),
            ("\"\\uDC00\"", 1, .loneSurrogate), ("\"\\uD800\\u0041\"", 1, .loneSurrogate),
            ("{\"a\":1,\"\\u0061\":2}", 7, .duplicateName("a")),
            ("\u{FEFF}1", 0, .unexpected(byte: 0xEF, expected: "a value")),
            ("[1 2]", 3, .unexpected(byte: 0x32, expected: "',' or ']'")),
            ("NaN", 0, .unexpected(byte: 0x4E, expected: "a value")),
        ] as [(String, Int, JSONError.Reason)]
    )
    func refusals(text: String, offset: Int, reason: JSONError.Reason) {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse(text) }
        #expect(error?.offset == offset)
        #expect(error?.reason == reason)
    }

    @Test("names line and column")
    func position() {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse("{\n  \"a\": ?\n}") }
        #expect(error?.description == "line 2, column 8: expected a value, found '?'")
    }

    @Test(
        "refuses bytes that are not UTF-8",
        arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]] as [[UInt8]]
    )
    func invalidUTF8(bytes: [UInt8]) {
        let error = #expect(throws: JSONError.self) { try JSONValue.parse([0x22] + bytes + [0x22]) }
        #expect(error?.reason == .invalidUTF8)
        let escaped = #expect(throws: JSONError.self) { try JSONValue.parse([0x22, 0x5C, 0x6E] + bytes + [0x22]) }
        #expect(escaped?.reason == .invalidUTF8)
    }

    @Test("names that are only canonically equivalent are different names")
    func equivalentNames() throws {
        let value = try JSONValue.parse("{\"K\":1,\"\u{212A}\":2}")
        #expect(value["K"] == 1)
        #expect(value["\u{212A}"] == 2)
        #expect(JSONValue.string("\u{E9}") != .string("e\u{301}"))
    }

    @Test("finds a name given twice among many")
    func manyNames() {
        let members = (0..<100).map { "\"name\($0)\":0" }
        #expect(throws: Never.self) { try JSONValue.parse("{" + members.joined(separator: ",") + "}") }
        let twice = (members + ["\"name50\":1"]).joined(separator: ",")
        let error = #expect(throws: JSONError.self) { try JSONValue.parse("{" + twice + "}") }
        #expect(error?.reason == .duplicateName("name50"))
    }

    @Test("nests to the limit and no deeper")
    func depth() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try JSONValue.parse(nested(64)) }
        for depth in [65, 100_000] {
            let error = #expect(throws: JSONError.self) { try JSONValue.parse(nested(depth)) }
            #expect(error?.reason == .tooDeep(limit: 64))
        }
        let objects = #expect(throws: JSONError.self) {
            try JSONValue.parse(String(repeating: "{\"a\":", count: 100_000))
        }
        #expect(objects?.reason == .tooDeep(limit: 64))
    }

    @Test("bounds bytes and elements")
    func limits() {
        let bytes = #expect(throws: JSONError.self) { try JSONValue.parse("[1,2]", limits: JSONLimits(maxBytes: 4)) }
        #expect(bytes?.reason == .tooLong(bytes: 5, limit: 4))
        let elements = #expect(throws: JSONError.self) {
            try JSONValue.parse("[1,2,3]", limits: JSONLimits(maxElements: 3))
        }
        #expect(elements?.reason == .tooManyElements(limit: 3))
    }

    @Test("no prefix and no single changed byte of a document crashes it")
    func damaged() {
        let document = Array(#"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00",true,null],"b":{"c":"d"}}"#.utf8)
        var refused = 0
        for end in 0..<document.count where (try? JSONValue.parse(Array(document[..<end]))) == nil { refused += 1 }
        #expect(refused == document.count)
        for index in document.indices {
            for byte in [0x00, 0x22, 0x2C, 0x5C, 0x7B, 0xC3, 0xFF] as [UInt8] {
                var changed = document
                changed[index] = byte
                if let value = try? JSONValue.parse(changed) {
                    #expect((try? JSONValue.parse(value.serialized())) == value)
                }
            }
        }
    }
}
