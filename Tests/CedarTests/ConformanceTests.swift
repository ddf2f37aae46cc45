import Cedar
import JSON
import Testing

@Suite("Cedar entities and requests against a schema")
struct ConformanceTests {
    static let schema = """
        entity User in [Team] { name: String, home?: { city: String, zip?: Long }, seen?: Set<ipaddr>, likes?: Color } tags Long;
        entity Team in [Org];
        entity Org;
        entity Color enum ["red", "green"];
        action view in [read] appliesTo { principal: [User, Color], resource: Team, context: { src: ipaddr, who?: User } };
        action read in [all];
        action all;
        """

    static func entities(_ text: String) throws -> [Entity] {
        try EntityJSON.parseConformingEntities(JSONValue.parse(text), schema: Schema.parse(schema))
    }

    static func entity(_ members: String, type: String = "User", id: String = "a") -> String {
        "[{\"uid\": {\"type\": \"\(type)\", \"id\": \"\(id)\"}, \(members)}]"
    }

    @Test(
        "takes entities that conform",
        arguments: [
            entity(#""attrs": {"name": "a"}, "parents": []"#),
            entity(
                #""attrs": {"name": "a", "home": {"city": "Ulm"}, "seen": ["::1"], "likes": {"type": "Color", "id": "red"}},"#
                    + #" "parents": [{"type": "Team", "id": "x"}, {"type": "Org", "id": "y"}], "tags": {"x y": 1}"#
            ),
            entity(#""attrs": {}, "parents": []"#, type: "Color", id: "green"),
            entity(#""attrs": {}, "parents": [{"type": "Action", "id": "read"}]"#, type: "Action", id: "view"),
            entity(
                #""attrs": {}, "parents": [{"type": "Action", "id": "all"}, {"type": "Action", "id": "read"}]"#,
                type: "Action",
                id: "view"
            ),
        ]
    )
    func conforming(text: String) throws { #expect(try Self.entities(text).count > 2) }

    @Test(
        "refuses others, and says where and why",
        arguments: [
            (entity(#""attrs": {}, "parents": []"#), #"[0].attrs: the attribute "name" is missing"#),
            (entity(#""attrs": {"name": 1}, "parents": []"#), "[0].attrs.name: expected String, found long"),
            (
                entity(#""attrs": {"name": "a", "more": 1}, "parents": []"#),
                #"[0].attrs: there is no attribute "more""#
            ),
            (
                entity(#""attrs": {"name": "a", "home": {"city": "Ulm", "zip": true}}, "parents": []"#),
                "[0].attrs.home.zip: expected Long, found bool"
            ),
            (
                entity(#""attrs": {"name": "a", "seen": ["::1", 2]}, "parents": []"#),
                "[0].attrs.seen[0]: expected ipaddr, found long"
            ),
            (
                entity(#""attrs": {"name": "a", "likes": {"type": "Color", "id": "blue"}}, "parents": []"#),
                #"[0].attrs.likes: Color::"blue" is none of the entities of its type: "red", "green""#
            ),
            (
                entity(#""attrs": {"name": "a", "likes": {"type": "Team", "id": "red"}}, "parents": []"#),
                "[0].attrs.likes: expected an entity of the type `Color`, found `Team`"
            ),
            (
                entity(#""attrs": {"name": "a"}, "parents": [], "tags": {"x y": "b"}"#),
                #"[0].tags["x y"]: expected Long, found string"#
            ),
            (
                entity(#""attrs": {}, "parents": [], "tags": {"x": "b"}"#, type: "Team"),
                "[0].tags: `Team` has no tags"
            ),
            (
                entity(#""attrs": {"name": "a"}, "parents": [{"type": "User", "id": "b"}]"#),
                "[0].parents[0]: `User` is in no `User`"
            ),
            (
                entity(#""attrs": {}, "parents": []"#, type: "Tea"),
                "[0]: there is no entity type `Tea`; did you mean `Team`?"
            ),
            (
                entity(#""attrs": {}, "parents": []"#, type: "Color", id: "blue"),
                #"[0]: Color::"blue" is none of the entities of its type: "red", "green""#
            ),
            (
                entity(#""attrs": {}, "parents": []"#, type: "Action", id: "view"),
                #"[0]: Action::"view" differs from what the schema says of it"#
            ),
            (
                entity(#""attrs": {"x": 1}, "parents": []"#, type: "Action", id: "all"),
                #"[0]: Action::"all" differs from what the schema says of it"#
            ),
            (
                entity(#""attrs": {}, "parents": []"#, type: "Action", id: "nope"),
                #"[0]: there is no action Action::"nope""#
            ),
        ]
    )
    func faults(text: String, expected: String) {
        let error = #expect(throws: CedarJSONError.self) { try Self.entities(text) }
        #expect(error?.description == expected)
    }

    static func request(
        _ principal: String = "User::\"a\"",
        _ action: String = "Action::\"view\"",
        _ resource: String = "Team::\"x\"",
        _ context: String = #"{"src": "::1"}"#
    ) throws -> Request {
        func uid(_ text: String) throws -> JSONValue { EntityJSON.write(try EntityUID.parse(text)) }
        let json: JSONValue = [
            "principal": try uid(principal), "action": try uid(action), "resource": try uid(resource),
            "context": try JSONValue.parse(context),
        ]
        let conformance = SchemaConformance(try Schema.parse(schema))
        return try EntityJSON.parseConformingRequest(json, conformance: conformance)
    }

    @Test("a request names an action, and what it applies to, with the context that it declares")
    func requests() throws {
        func fault(_ request: @autoclosure () throws -> Request) -> String? {
            (#expect(throws: CedarJSONError.self) { try request() })?.description
        }
        #expect(try Self.request().context["src"] == .ip(try IPRange.parse("::1")))
        #expect(try Self.request("Color::\"red\"").principal.id == "red")
        #expect(fault(try Self.request("Color::\"blue\""))?.hasPrefix(".principal: Color::\"blue\" is none") == true)
        #expect(fault(try Self.request("Nope::\"a\"")) == ".principal: there is no entity type `Nope`")
        #expect(
            fault(try Self.request("Team::\"a\""))
                == ".principal: Action::\"view\" has no principals of the type `Team`"
        )
        #expect(
            fault(try Self.request("User::\"a\"", "Action::\"view\"", "User::\"x\""))
                == ".resource: Action::\"view\" has no resources of the type `User`"
        )
        #expect(
            fault(try Self.request("User::\"a\"", "Action::\"vie\"", "Team::\"x\"", "{}"))
                == ".action: there is no action Action::\"vie\"; did you mean `Action::\"view\"`?"
        )
        #expect(
            fault(try Self.request("User::\"a\"", "Action::\"read\"", "Team::\"x\"", "{}"))
                == ".principal: Action::\"read\" has no principals of the type `User`"
        )
        let contexts = [
            ("{}", ".context: the attribute \"src\" is missing"),
            (#"{"src": "::1", "more": 1}"#, ".context: there is no attribute \"more\""),
            (
                #"{"src": "::1", "who": {"type": "Team", "id": "a"}}"#,
                ".context.who: expected an entity of the type `User`, found `Team`"
            ),
            (#"{"src": "::x"}"#, ".context.src: ip: \"::x\" is no IP address"),
        ]
        for (context, expected) in contexts {
            #expect(fault(try Self.request("User::\"a\"", "Action::\"view\"", "Team::\"x\"", context)) == expected)
        }
    }
}
