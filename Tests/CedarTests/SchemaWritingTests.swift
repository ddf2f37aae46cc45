import Cedar
import JSON
import Testing

@Suite("Cedar schema, written")
struct SchemaWritingTests {
    /// Short names of the language that entity types hide, reserved and odd names, and a namespace with its own actions.
    static let odd = """
        entity Long, Set, tags in [Long] { "if": Long, "a b": __cedar::Long, ok?: Set<Set<Set>>, r: {} } tags tags;
        entity Color enum ["", "\\u{202e}\\n"];
        action "", "in", ok in ["a b"] appliesTo { principal: Color, resource: [tags, Long] };
        action "a b" in N::M::Action::"x";
        namespace N::M {
            entity String, E { s: String, t: __cedar::String, e: Color, d: Set<{ at: datetime, "": decimal }>, a: Action };
            action x;
            action y in x appliesTo { principal: E, resource: Color, context: { by: E, "x y"?: ipaddr } };
        }
        """

    @Test("is read back to the same, in both forms", arguments: [odd, SchemaTests.text, ValidatorTests.schema, ""])
    func roundTrip(text: String) throws {
        let schema = try Schema.parse(text)
        let written = try schema.text()
        #expect(try Schema.parse(written) == schema)
        #expect(try Schema.parse(written).text() == written)
        let json = try schema.json()
        #expect(try Schema.parseJSON(json) == schema)
        #expect(try Schema.parseJSON(json.serialized()).json() == json)
    }

    @Test("comes back the same through both forms, as it was written", arguments: 1...200 as ClosedRange<UInt64>)
    func bothForms(seed: UInt64) throws {
        var generator = SchemaGenerator(seed: seed)
        let schema = try Schema.parse(generator.text())
        let text = try schema.text()
        let json = try schema.json()
        #expect(try Schema.parse(text) == schema)
        #expect(try Schema.parse(text).text() == text)
        #expect(try Schema.parse(text).json() == json)
        #expect(try Schema.parseJSON(json) == schema)
        #expect(try Schema.parseJSON(json).json() == json)
        #expect(try Schema.parseJSON(json).text() == text)
        // By its meaning alone it is another text, of the same.
        let meaning = Schema(entityTypes: schema.entityTypes, actions: schema.actions)
        if let described = try? (text: meaning.text(), json: meaning.json()) {
            #expect(try Schema.parse(described.text) == schema)
            #expect(try Schema.parseJSON(described.json) == schema)
        } else {
            #expect(text.contains("Action"), "seed \(seed) has no other text")
        }
        #expect(text.contains("@") && text.contains("type Part = "), "seed \(seed) draws too little")
    }

    @Test("looks like this")
    func look() throws {
        let text = """
            @doc("cities")
            type T = {
                @mark
                city: String,
                zip?: Long,
            };
            entity Team;

            @doc("of N")
            namespace N {
                type Tag = ipaddr;
                @doc("a \\"person\\"")
                @mark
                entity User in [Team] {
                    "home town": T,
                    on: Bool,
                } tags Set<Tag>;
                action view in ["all"] appliesTo {
                    principal: [User],
                    resource: [Team],
                    context: T,
                };
                @mark
                action all;
            }

            """
        let schema = try Schema.parse(text)
        #expect(try schema.text() == text)
        let json: JSONValue = [
            "": [
                "commonTypes": [
                    "T": [
                        "type": "Record",
                        "attributes": [
                            "city": ["type": "String", "annotations": ["mark": nil]],
                            "zip": ["type": "Long", "required": false],
                        ],
                        "annotations": ["doc": "cities"],
                    ]
                ],
                "entityTypes": ["Team": [:]], "actions": [:],
            ],
            "N": [
                "commonTypes": ["Tag": ["type": "Extension", "name": "ipaddr"]],
                "entityTypes": [
                    "User": [
                        "memberOfTypes": ["Team"],
                        "shape": [
                            "type": "Record", "attributes": ["home town": ["type": "T"], "on": ["type": "Boolean"]],
                        ],
                        "tags": ["type": "Set", "element": ["type": "Tag"]],
                        "annotations": ["doc": "a \"person\"", "mark": nil],
                    ]
                ],
                "actions": [
                    "view": [
                        "memberOf": [["id": "all"]],
                        "appliesTo": [
                            "principalTypes": ["User"], "resourceTypes": ["Team"], "context": ["type": "T"],
                        ],
                    ], "all": ["annotations": ["mark": nil]],
                ],
                "annotations": ["doc": "of N"],
            ],
        ]
        #expect(try schema.json() == json)
        #expect(try Schema.parseJSON(json).text() == text)
    }

    @Test("what only JSON can say is written by its meaning")
    func onlyInJSON() throws {
        let json = """
            {"": {"commonTypes": {"Shape": {"type": "Record", "attributes": {"a": {"type": "Long"}}}, "EntityOrCommon": {"type": "Long"}},
                  "entityTypes": {"E": {"shape": {"type": "Shape"}, "tags": {"type": "EntityOrCommon", "name": "EntityOrCommon"}},
                                  "bool": {}},
                  "actions": {"a": {"appliesTo": {"principalTypes": ["E"], "resourceTypes": []}}}}}
            """
        let schema = try Schema.parseJSON(Array(json.utf8))
        let text = try schema.text()
        #expect(try Schema.parse(text) == schema)
        #expect(text.contains("entity E {\n    a: Long,\n} tags EntityOrCommon;") && text.contains("action a;"))
        #expect(try Schema.parseJSON(schema.json()) == schema)
        #expect(try Schema.parseJSON(schema.json()).json() == schema.json())
    }

    @Test("a type that a common type of its name hides has no text, and JSON")
    func hiddenByCommonType() throws {
        let json = """
            {"N": {"commonTypes": {"X": {"type": "Long"}}, "entityTypes": {"X": {}, "Y": {"tags": {"type": "Entity", "name": "X"}}},
                   "actions": {}}}
            """
        let schema = try Schema.parseJSON(Array(json.utf8))
        let error = #expect(throws: SchemaWriteError.self) { try schema.text() }
        #expect(error?.description == "the type `X` cannot be named in `N`, where another has its name")
        #expect(try Schema.parseJSON(schema.json()) == schema)
    }

    @Test("definitions that nobody wrote are refused where a namespace hides the type of the actions outside")
    func hiddenActions() throws {
        let schema = try Schema.parse(
            "type T = Action; action a; namespace N { entity E { t: T }; action b; }"
        )
        #expect(try Schema.parse(schema.text()) == schema)
        let meaning = Schema(entityTypes: schema.entityTypes, actions: schema.actions)
        let text = #expect(throws: SchemaWriteError.self) { try meaning.text() }
        #expect(text?.description == "the type `Action` cannot be named in `N`, which has actions itself")
        #expect(throws: SchemaWriteError.self) { try meaning.json() }
    }
}
