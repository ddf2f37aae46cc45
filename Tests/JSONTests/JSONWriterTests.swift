import JSON
import Testing

@Suite("JSON writer")
struct JSONWriterTests {
    @Test("writes members and elements with commas between")
    func structure() {
        var writer = JSONWriter(appendingTo: Array("X".utf8))
        writer.beginObject()
        writer.member("decision", true)
        writer.name("list")
        writer.beginArray()
        writer.integer(Int64.min)
        writer.beginObject()
        writer.endObject()
        writer.beginArray()
        writer.endArray()
        writer.null()
        writer.endArray()
        writer.member("count", UInt64.max)
        writer.member("name", "n")
        writer.member("tree", ["a": [1, "b"]])
        writer.endObject()
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"X{"decision":true,"list":[-9223372036854775808,{},[],null],"count":18446744073709551615,"#
                + #""name":"n","tree":{"a":[1,"b"]}}"#
        )
    }

    @Test("escapes what must be escaped and nothing else")
    func escapes() {
        let text = JSONValue.string("\"\\/\u{8}\u{C}\n\r\t\u{1}\u{1F}\u{7F}é\u{1F600}").description
        #expect(text == "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\u{7F}é\u{1F600}\"")
    }

    @Test("what is written reads back to the same", arguments: 1...200 as ClosedRange<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = Splitmix(state: seed)
        let value = random.value(depth: 4)
        #expect(try JSONValue.parse(value.serialized()) == value, "seed \(seed)")
        #expect(try JSONValue.parse(value.prettyPrinted()) == value, "seed \(seed)")
    }

    @Test("indents by two spaces for people")
    func pretty() {
        let value: JSONValue = ["a": [1, [:], []], "b": ["c": nil]]
        #expect(
            value.prettyPrinted() == """
                {
                  "a": [
                    1,
                    {},
                    []
                  ],
                  "b": {
                    "c": null
                  }
                }

                """
        )
    }
}

/// The module has no dependency, so its tests bring their own generator.
private struct Splitmix {
    var state: UInt64

    mutating func next(_ bound: UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return (mixed ^ (mixed >> 31)) % bound
    }

    mutating func text() -> String {
        let letters: [Unicode.Scalar] = ["a", "\"", "\\", "\n", "\0", "é", "\u{301}", "\u{212A}", "\u{1F600}", "/"]
        var text = String.UnicodeScalarView()
        for _ in 0..<next(6) { text.append(letters[Int(next(UInt64(letters.count)))]) }
        return String(text)
    }

    mutating func value(depth: Int) -> JSONValue {
        switch next(depth > 0 ? 8 : 6) {
        case 0: return nil
        case 1: return .bool(next(2) == 0)
        case 2: return .integer(Int64(bitPattern: next(.max)))
        case 3: return .decimal("\(next(100)).\(next(100))e-\(next(10))")
        case 4, 5: return .string(text())
        case 6: return .array((0..<next(4)).map { _ in value(depth: depth - 1) })
        default:
            let members = (0..<next(4)).map { JSONMember(name: "\($0)" + text(), value: value(depth: depth - 1)) }
            return .object(members)
        }
    }
}
