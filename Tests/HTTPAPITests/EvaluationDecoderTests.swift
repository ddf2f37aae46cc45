import Cedar
import HTTPAPI
import Kernel
import Testing

@Suite("Evaluation decoder") struct EvaluationDecoderTests {
    static let alice = #""subject":{"type":"user","id":"alice"}"#
    static let read = #""action":{"name":"read"}"#
    static let record = #""resource":{"type":"record","id":"r1"}"#
    static var whole: String { "{\(alice),\(read),\(record)}" }

    static func single(_ text: String) throws -> Evaluation {
        let request = try EvaluationDecoder.decode(Array(text.utf8))
        guard case .one(let evaluation) = request.questions else { throw CancellationError() }
        return evaluation
    }

    static func batch(_ text: String) throws -> EvaluationBatch {
        let request = try EvaluationDecoder.decodeBatch(Array(text.utf8))
        guard case .several(let batch) = request.questions else { throw CancellationError() }
        return batch
    }

    @Test("the least that a question has") func least() throws {
        let evaluation = try Self.single(Self.whole)
        #expect(evaluation.subject == Evaluation.Entity(type: "user", id: "alice"))
        #expect(evaluation.action == Evaluation.Action(name: "read"))
        #expect(evaluation.resource == Evaluation.Entity(type: "record", id: "r1"))
        #expect(evaluation.context.isEmpty)
    }

    @Test("explanations are given for a few questions at once") func explainedBatch() throws {
        func batch(_ count: Int) -> String {
            let items = Array(repeating: "{}", count: count).joined(separator: ",")
            let asked = "\(Self.alice),\(Self.read),\(Self.record)"
            return #"{\#(asked),"options":{"explain":true},"evaluations":[\#(items)]}"#
        }
        #expect(try Self.batch(batch(10)).items.count == 10)
        #expect(throws: HTTPAPI.EvaluationError.self) { try Self.batch(batch(11)) }
    }

    @Test("properties become values of the policy language") func properties() throws {
        let evaluation = try Self.single(
            #"""
            {"subject":{"type":"user","id":"alice","properties":{"b":true,"n":-3,"s":"é","d":0.25,"gone":null,
              "set":[1,"x",[2]],"rec":{"in":1},"ref":{"__entity":{"type":"Team","id":"t"}},
              "ip":{"__extn":{"fn":"ip","arg":"10.0.0.1"}}}},
             "action":{"name":"read","properties":{"soft":false}},
             "resource":{"type":"record","id":"r1"},"context":{"time":"now"}}
            """#
        )
        let properties = evaluation.subject.properties
        #expect(properties["b"] == .bool(true))
        #expect(properties["n"] == .long(-3))
        #expect(properties["s"] == .string("é"))
        #expect(properties["d"]?.kind == .decimal)
        #expect(properties["gone"] == nil)
        #expect(properties["set"] == .set(ValueSet([.long(1), .string("x"), .set(ValueSet([.long(2)]))])))
        #expect(properties["rec"] == .record(["in": .long(1)]))
        #expect(properties["ref"] == .entity(EntityUID(type: "Team", id: "t")))
        #expect(properties["ip"]?.kind == .ipaddr)
        #expect(evaluation.action.properties["soft"] == .bool(false))
        #expect(evaluation.context["time"] == .string("now"))
    }

    @Test("unknown members and null for optional ones are ignored") func unknown() throws {
        let text = #"{\#(Self.alice),\#(Self.read),\#(Self.record),"foo":[{}],"context":null,"options":7}"#
        #expect(try Self.single(text) == Self.single(Self.whole))
    }

    static let malformed: [(text: String, reason: String)] = [
        ("", "the body is empty"),
        ("   ", "not valid JSON"),
        ("nonsense", "not valid JSON"),
        ("[]", "the body must be an object, not an array"),
        ("\"text\"", "the body must be an object, not a string"),
        ("{\(alice),\(read),\(record)", "not valid JSON"),
        ("{\(alice),\(read),\(record)}x", "not valid JSON"),
        ("{\(alice),\(read),\(record),}", "not valid JSON"),
        ("{\(alice),\(alice),\(read),\(record)}", "given twice"),
        ("{\(read),\(record)}", "subject is missing"),
        ("{\"subject\":null,\(read),\(record)}", "subject is missing"),
        ("{\(alice),\(record)}", "action is missing"),
        ("{\(alice),\(read)}", "resource is missing"),
        ("{\"subject\":\"alice\",\(read),\(record)}", "subject must be an object, not a string"),
        ("{\"subject\":[],\(read),\(record)}", "subject must be an object, not an array"),
        ("{\"subject\":{\"id\":\"a\"},\(read),\(record)}", "subject.type is missing"),
        ("{\"subject\":{\"type\":\"user\"},\(read),\(record)}", "subject.id is missing"),
        ("{\"subject\":{\"type\":\"\",\"id\":\"a\"},\(read),\(record)}", "subject.type is empty"),
        ("{\"subject\":{\"type\":\"user\",\"id\":\"\"},\(read),\(record)}", "subject.id is empty"),
        ("{\"subject\":{\"type\":7,\"id\":\"a\"},\(read),\(record)}", "subject.type must be a string, not an integer"),
        (
            "{\"subject\":{\"type\":\"user\",\"id\":true},\(read),\(record)}",
            "subject.id must be a string, not a boolean"
        ),
        ("{\(alice),\"action\":{},\(record)}", "action.name is missing"),
        ("{\(alice),\"action\":{\"name\":123},\(record)}", "action.name must be a string, not an integer"),
        ("{\(alice),\"action\":\"read\",\(record)}", "action must be an object, not a string"),
        ("{\(alice),\(read),\"resource\":{\"id\":\"r\"}}", "resource.type is missing"),
        ("{\(alice),\(read),\"resource\":{\"type\":\"record\"}}", "resource.id is missing"),
        ("{\(alice),\(read),\(record),\"context\":[]}", "context must be an object, not an array"),
        ("{\(alice),\"action\":{\"name\":\"r\",\"properties\":1},\(record)}", "action.properties must be an object"),
        ("{\(alice),\(read),\(record),\"context\":{\"x\":1.23456}}", "context.x must be an integer"),
        ("{\(alice),\(read),\(record),\"context\":{\"x\":1e3}}", "context.x must be an integer"),
        ("{\(alice),\(read),\(record),\"context\":{\"x\":9223372036854775808}}", "context.x must be an integer"),
        ("{\(alice),\(read),\(record),\"context\":{\"x\":[null]}}", "context.x must have no null"),
        ("{\(alice),\(read),\(record),\"context\":{\"x\":{\"__entity\":1}}}", "context.x is no value"),
        ("{\(alice),\(read),\(record),\"context\":{\"x\":\"\\ud800\"}}", "not valid JSON"),
        (
            "{\(alice),\(read),\(record),\"context\":" + String(repeating: "[", count: 1000)
                + String(repeating: "]", count: 1000) + "}",
            "nested deeper"
        ),
    ]

    @Test("each malformed body has its reason", arguments: malformed)
    func refusesMalformed(text: String, reason: String) {
        let error = #expect(throws: HTTPAPI.EvaluationError.self) { _ = try EvaluationDecoder.decode(Array(text.utf8)) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "no error")")
    }

    @Test("bytes that are no UTF-8 are refused") func invalidUTF8() {
        let bytes = Array("{\"subject\":{\"type\":\"user\",\"id\":\"".utf8) + [0xff, 0xfe] + Array("\"}}".utf8)
        #expect(throws: HTTPAPI.EvaluationError.self) { _ = try EvaluationDecoder.decode(bytes) }
    }

    @Test("a batch inherits what its elements leave out") func inheritance() throws {
        let batch = try Self.batch(
            #"""
            {\#(Self.alice),\#(Self.read),"context":{"a":1},"resource":{"type":"record","properties":{"p":1}},
             "evaluations":[{"resource":{"id":"r1"}},{"resource":{"type":"x","id":"r2"},"context":{"b":2}},{}]}
            """#
        )
        #expect(batch.semantic == .executeAll)
        let first = try batch.items[0].get()
        #expect(first.subject.id == "alice" && first.action.name == "read")
        // The whole object replaces the default's, but for what it must have.
        #expect(first.resource == Evaluation.Entity(type: "record", id: "r1"))
        #expect(first.context["a"] == .long(1))
        let second = try batch.items[1].get()
        #expect(second.resource == Evaluation.Entity(type: "x", id: "r2"))
        #expect(second.context["a"] == nil && second.context["b"] == .long(2))
        #expect(throws: HTTPAPI.EvaluationError.self) { _ = try batch.items[2].get() }
    }

    @Test("an element that is malformed by itself spoils itself alone") func elementErrors() throws {
        let batch = try Self.batch(
            "{\(Self.alice),\(Self.read),\"evaluations\":[{\(Self.record)},7,{\"resource\":\"x\"},{\(Self.record),\"action\":{\"name\":1}}]}"
        )
        #expect(batch.items.count == 4)
        #expect((try? batch.items[0].get()) != nil)
        let reasons = batch.items.dropFirst().map { item in
            if case .failure(let error) = item { error.description } else { "none" }
        }
        #expect(reasons[0] == "evaluations[1] must be an object, not an integer")
        #expect(reasons[1] == "evaluations[2].resource must be an object, not a string")
        #expect(reasons[2] == "evaluations[3].action.name must be a string, not an integer")
    }

    @Test(
        "without elements a batch is a single question",
        arguments: ["", ",\"evaluations\":[]", ",\"evaluations\":null"]
    )
    func emptyBatch(rest: String) throws {
        let text = "{\(Self.alice),\(Self.read),\(Self.record)\(rest)}"
        let request = try EvaluationDecoder.decodeBatch(Array(text.utf8))
        #expect(try request.questions == .one(Self.single(Self.whole)))
    }

    @Test("each semantic has its name", arguments: EvaluationBatch.Semantic.allCases)
    func semantics(semantic: EvaluationBatch.Semantic) throws {
        let text =
            "{\(Self.alice),\(Self.read),\"options\":{\"evaluations_semantic\":\"\(semantic.rawValue)\"},"
            + "\"evaluations\":[{\(Self.record)}]}"
        #expect(try Self.batch(text).semantic == semantic)
    }

    @Test(
        "what spoils a whole batch",
        arguments: [
            (#""evaluations":{}"#, "evaluations must be an array"),
            (#""evaluations":[{}],"options":1"#, "options must be an object"),
            (#""evaluations":[{}],"options":{"evaluations_semantic":"some"}"#, "must be one of execute_all"),
            (#""evaluations":[{}],"options":{"evaluations_semantic":1}"#, "must be one of execute_all"),
            (#""evaluations":[{}],"subject":7"#, "subject must be an object"),
            (#""evaluations":["# + Array(repeating: "{}", count: 101).joined(separator: ",") + "]", "101 elements"),
        ]
    )
    func spoiled(members: String, reason: String) {
        let error = #expect(throws: HTTPAPI.EvaluationError.self) {
            _ = try EvaluationDecoder.decodeBatch(Array("{\(members)}".utf8))
        }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "no error")")
    }

    @Test("the semantics end where they say") func ends() {
        #expect([true, false].map(EvaluationBatch.Semantic.executeAll.ends) == [false, false])
        #expect([true, false].map(EvaluationBatch.Semantic.denyOnFirstDeny.ends) == [false, true])
        #expect([true, false].map(EvaluationBatch.Semantic.permitOnFirstPermit.ends) == [true, false])
    }

    @Test(
        "explanations are given to those who ask",
        arguments: [("{\"explain\":true}", true), ("{}", false), ("1", false)]
    )
    func explain(options: String, expected: Bool) throws {
        let text = "{\(Self.alice),\(Self.read),\(Self.record),\"options\":\(options)}"
        #expect(try EvaluationDecoder.decode(Array(text.utf8)).wantsExplanation == expected)
    }

    @Test("no bytes end the process", arguments: [1, 2, 3, 4] as [UInt64])
    func fuzz(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let seeds = Self.malformed.map { Array($0.text.utf8) } + [Array(Self.whole.utf8)]
        var accepted = 0
        for _ in 0..<5000 {
            var bytes = seeds[Int(random.next() % UInt64(seeds.count))]
            for _ in 0..<(1 + random.next() % 4) { Self.mutate(&bytes, &random) }
            if (try? EvaluationDecoder.decode(bytes)) != nil { accepted += 1 }
            if (try? EvaluationDecoder.decodeBatch(bytes)) != nil { accepted += 1 }
        }
        #expect(accepted > 0, "seed \(seed) made nothing that is accepted")
    }

    static func mutate(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        guard !bytes.isEmpty else { return bytes.append(UInt8(truncatingIfNeeded: random.next())) }
        let place = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 5 {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(Array("{}[],:\"\\".utf8)[Int(random.next() % 8)], at: place)
        case 3: bytes.removeLast(bytes.count - place)
        default: bytes.insert(contentsOf: bytes[place...].prefix(20), at: place)
        }
    }
}
