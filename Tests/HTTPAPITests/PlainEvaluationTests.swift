import Kernel
import Testing

@testable import HTTPAPI

@Suite("Plain evaluation") struct PlainEvaluationTests {
    private static func scan(_ text: String) -> Evaluation? { PlainEvaluation.scan(Array(text.utf8)) }

    private static let whole = EvaluationDecoderTests.whole
    private static let open = String(whole.dropLast())

    static let plain: [String] = [
        whole,
        " {\n \"resource\" : { \"id\":\"r1\" , \"type\":\"record\" } ,\t\"action\":{\"name\":\"read\"},\(EvaluationDecoderTests.alice)}\r\n",
        open + #","context":{"s":"","n":-12,"zero":0,"t":true,"f":false}}"#,
        open + #","context":{}}"#,
        #"{"subject":{"type":"user","id":"a","properties":{"k":1}},"action":{"properties":{},"name":"r"},"resource":{"type":"t","id":"i"}}"#,
    ]

    @Test("plain bodies are taken", arguments: plain) func takes(text: String) throws {
        let decoded = try EvaluationDecoder.decodeTree(Array(text.utf8))
        #expect(decoded.questions == .one(try #require(Self.scan(text))))
        #expect(!decoded.wantsExplanation)
    }

    /// Of bodies that begin as a whole one does.
    private static let tails: [String] = [
        "", ",}", "}x", #","options":{"explain":true}}"#, #","future":1}"#, ",\(EvaluationDecoderTests.alice)}",
        #","context":null}"#, #","context":{"a":1,"a":1}}"#, #","context":{"a":{}}}"#, #","context":{"a":01}}"#,
        #","context":{"a":-}}"#, #","context":{"a":1.5}}"#, #","context":{"a":1e2}}"#,
        #","context":{"a":9223372036854775807}}"#, #","context":{"a":tru}}"#, #","context":{"a":"\n"}}"#,
        #","context":{"a":"é"}}"#, ",\"context\":{\"a\":\"\t\"}}",
    ]

    static let others: [String] =
        [
            "", "{}", "[]", "{", "null", "{\(whole)}",
            #"{"subject":{"type":"user","id":"","id":"a"},"action":{"name":"r"},"resource":{"type":"t","id":"i"}}"#,
            #"{"subject":{"type":"user","id":"a"},"action":{"name":""},"resource":{"type":"t","id":"i"}}"#,
            #"{"subject":{"type":"user","id":"a","more":1},"action":{"name":"r"},"resource":{"type":"t","id":"i"}}"#,
        ] + tails.map { open + $0 }

    @Test("what is not plain is left to the decoder", arguments: others) func leaves(text: String) {
        #expect(Self.scan(text) == nil)
    }

    @Test("whatever is taken, the decoder reads alike", arguments: 1...40 as ClosedRange<UInt64>)
    func agrees(seed: UInt64) throws {
        var source = BodySource(random: SeededRandom(seed: seed))
        var taken = (whole: 0, changed: 0)
        for _ in 0..<500 {
            let body = source.body()
            taken.whole += try Self.compare(body) ? 1 : 0
            for _ in 0..<4 { taken.changed += try Self.compare(source.changed(body)) ? 1 : 0 }
        }
        #expect(taken.whole > 25 && taken.changed > 10, "seed \(seed) took only \(taken)")
    }

    /// Whether the body was taken.
    private static func compare(_ body: [UInt8]) throws -> Bool {
        guard let scanned = PlainEvaluation.scan(body) else { return false }
        let text = String(decoding: body, as: UTF8.self)
        let decoded = try? EvaluationDecoder.decodeTree(body)
        #expect(decoded == .init(questions: .one(scanned), wantsExplanation: false), "\(text)")
        return true
    }
}

/// Bodies as clients might send them, mostly plain, and such with a few bytes changed.
private struct BodySource {
    var random: SeededRandom

    private mutating func below(_ bound: Int) -> Int { Int(random.next(upperBound: UInt64(bound))) }

    private mutating func draw<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }

    mutating func body() -> [UInt8] {
        var members = [entity("subject"), action(), entity("resource")]
        if below(2) == 0 { members.append(member("context", record(depth: 0))) }
        if below(12) == 0 { members.append(member("options", #"{"explain":false}"#)) }
        if below(12) == 0 { members.append(draw(members)) }
        if below(12) == 0 { members.removeLast() }
        members.swapAt(0, below(members.count))
        return Array(object(members).utf8)
    }

    /// With up to three bytes replaced, removed, repeated or put in.
    mutating func changed(_ body: [UInt8]) -> [UInt8] {
        var body = body
        for _ in 0...below(3) where !body.isEmpty {
            let place = below(body.count)
            switch below(4) {
            case 0: body[place] = UInt8(truncatingIfNeeded: random.next())
            case 1: body.remove(at: place)
            case 2: body.insert(body[place], at: place)
            default: body.insert(draw(Array("{}[]\":,\\ 0-.eatn\u{e9}".utf8)), at: place)
            }
        }
        return body
    }

    private mutating func space() -> String { draw(["", "", "", " ", "\n\t"]) }

    private mutating func member(_ name: String, _ value: String) -> String {
        "\"\(name)\"\(space()):\(space())\(value)\(space())"
    }

    private mutating func object(_ members: [String]) -> String {
        "\(space()){\(space())\(members.joined(separator: ",\(space())"))}\(space())"
    }

    private mutating func text() -> String {
        let plain = ["a", "user", "invoice-bot", "x y", "A/B:c", "K", "null", "true", "7", "tool_call", "r-1", " "]
        return "\"" + draw(plain + ["", "é", "\\u0041", "\\\""]) + "\""
    }

    private mutating func entity(_ name: String) -> String {
        var members = [member("type", text()), member("id", text())]
        if below(3) == 0 { members.append(member("properties", record(depth: 0))) }
        if below(15) == 0 { members.append(member("id", text())) }
        return member(name, object(members))
    }

    private mutating func action() -> String {
        var members = [member("name", text())]
        if below(3) == 0 { members.append(member("properties", record(depth: 0))) }
        return member("action", object(members))
    }

    private mutating func record(depth: Int) -> String {
        var members: [String] = []
        for _ in 0..<below(4) {
            let name = draw(["a", "b", "amount_cents", "purpose", "__entity", "type", "id", "action"])
            members.append(member(name, value(depth: depth)))
        }
        return object(members)
    }

    private mutating func value(depth: Int) -> String {
        switch below(depth < 2 ? 12 : 10) {
        case 0...3: text()
        case 4:
            draw(["0", "1", "-7", "-0", "007", "123456789012345678", "1234567890123456789", "-9223372036854775808"])
        case 5: draw(["1.5", "1e3", "9223372036854775808", "0.12345"])
        case 6, 7: draw(["true", "false"])
        case 8: "null"
        case 9: "[1,\"a\"]"
        default: record(depth: depth + 1)
        }
    }
}
