import Directory
import HTTPAPI
import JSON
import Testing

@Suite("Representations") struct RepresentationTests {
    @Test("an entity's text is read back", arguments: ["x", "a\"b\\c", "a::b", "ü", " "])
    func entityText(id: String) {
        let name = EntityName(type: "Billing::Account", id: id)
        #expect(EntityName(parsing: name.text) == name)
    }

    @Test(
        "texts of entities",
        arguments: [
            ("Tool::x", "Tool", "x"), ("A::B::x", "A::B", "x"), (#"Tool::"a::b""#, "Tool", "a::b"),
            ("Tool::a-b.c", "Tool", "a-b.c"),
        ]
    )
    func parsed(text: String, type: String, id: String) {
        #expect(EntityName(parsing: text) == EntityName(type: type, id: id))
    }

    @Test(
        "texts that name no entity",
        arguments: ["", "Tool", "Tool::", "::x", #"Tool::"x"#, #"Tool::"x"y"#, "1a::x", #""x""#]
    )
    func refused(text: String) {
        #expect(EntityName(parsing: text) == nil)
    }

    @Test("attributes are read back from their JSON") func attributes() throws {
        let attributes: Attributes = [
            "flag": .bool(true), "n": .long(-1), "s": .string("x"), "set": .set([.long(1), .string("a")]),
            "who": .entity(EntityName(type: "User", id: "u")), "ip": .extension(function: "ip", argument: "10.0.0.0/8"),
            "record": .record(["a": .record(["b": .bool(false)])]),
        ]
        #expect(try Attributes(attributes.json, at: .root) == attributes)
    }

    @Test("numbers with a fraction have no silent form") func fraction() {
        #expect(throws: FieldError.self) { try Attributes(["a": .decimal("1.5")], at: .root) }
    }

    @Test("the first field that nobody asked for is named") func unknown() throws {
        var reader = try ObjectReader(["a": 1, "b": 2])
        #expect(try reader.optionalInteger("a", in: 0...9) == 1)
        let reading = reader
        #expect(throws: FieldError(FieldPath.root.member("b"), "unknown field; known are a")) { try reading.finish() }
    }
}
