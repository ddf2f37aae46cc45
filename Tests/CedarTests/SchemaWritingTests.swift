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

    @Test("looks like this")
    func look() throws {
        let schema = try Schema.parse(
            """
            type T = { city: String, zip?: Long }; entity Team;
            namespace N { entity User in Team = { "home town": T, on: Bool } tags Set<ipaddr>;
              action view in all appliesTo { principal: User, resource: Team }; action all; }
            """
        )
        #expect(
            try schema.text() == """
                entity Team;

                namespace N {
                    entity User in [Team] {
                        "home town": {
                            city: String,
                            zip?: Long,
                        },
                        on: Bool,
                    } tags Set<ipaddr>;
                    action all;
                    action view in [N::Action::"all"] appliesTo {
                        principal: [N::User],
                        resource: [Team],
                    };
                }

                """
        )
        let home = try schema.json()["N"]?["entityTypes"]?["User"]?["shape"]?["attributes"]?["home town"]
        #expect(
            home == [
                "type": "Record",
                "attributes": ["city": ["type": "String"], "zip": ["type": "Long", "required": false]],
            ]
        )
    }

    @Test("is refused where a namespace hides the type of the actions outside")
    func hiddenActions() throws {
        let schema = try Schema.parse(
            "type T = Action; action a; namespace N { entity E { t: T }; action b; }"
        )
        let text = #expect(throws: SchemaWriteError.self) { try schema.text() }
        #expect(text?.description == "the type `Action` cannot be named in `N`, which has actions itself")
        #expect(throws: SchemaWriteError.self) { try schema.json() }
    }
}
