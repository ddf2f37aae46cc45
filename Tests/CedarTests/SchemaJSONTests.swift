import Cedar
import JSON
import Testing

@Suite("Cedar schema in JSON")
struct SchemaJSONTests {
    /// The same as `SchemaTests.text`.
    static let text = #"""
        {"": {
            "commonTypes": {"Address": {"type": "Record", "annotations": {"doc": "where"}, "attributes": {
                "city": {"type": "String"}, "zip": {"type": "Long", "required": false}}}},
            "entityTypes": {
                "User": {"memberOfTypes": ["Team"], "tags": {"type": "Extension", "name": "decimal"},
                    "annotations": {"doc": "a person", "mark": null},
                    "shape": {"type": "Record", "additionalAttributes": false, "attributes": {
                        "name": {"type": "EntityOrCommon", "name": "String"},
                        "home": {"type": "Address", "required": false},
                        "odd key": {"type": "Set", "element": {"type": "EntityOrCommon", "name": "__cedar::ipaddr"}},
                        "boss": {"type": "Entity", "name": "User", "required": false},
                        "joined": {"type": "datetime", "annotations": {}}}}},
                "Robot": {"memberOfTypes": ["Team"], "tags": {"type": "Extension", "name": "decimal"},
                    "shape": {"type": "Record", "attributes": {
                        "name": {"type": "String"}, "home": {"type": "Address", "required": false},
                        "odd key": {"type": "Set", "element": {"type": "Extension", "name": "ipaddr"}},
                        "boss": {"type": "EntityOrCommon", "name": "User", "required": false},
                        "joined": {"type": "Extension", "name": "datetime"}}}},
                "Team": {"tags": null},
                "Color": {"enum": ["red", "green"]}},
            "actions": {
                "group": {"appliesTo": {"principalTypes": [], "resourceTypes": []}, "memberOf": null},
                "other": {"attributes": {}, "appliesTo": null},
                "view": {"memberOf": [{"id": "group"}, {"id": "other", "type": "Action"}], "appliesTo": {
                    "principalTypes": ["User", "Robot"], "resourceTypes": ["Team"], "context": {
                        "type": "Record", "attributes": {"src": {"type": "ipaddr"},
                            "who": {"type": "Entity", "name": "User"},
                            "since": {"type": "duration", "required": false}}}}},
                "edit all": {"memberOf": [{"id": "other"}, {"id": "group"}], "appliesTo": {
                    "principalTypes": ["Robot", "User"], "resourceTypes": ["Team"], "context": {
                        "type": "Record", "attributes": {"src": {"type": "ipaddr"},
                            "who": {"type": "Entity", "name": "User"},
                            "since": {"type": "duration", "required": false}}}}}}},
         "Shop": {
            "commonTypes": {"Price": {"type": "Long"}},
            "entityTypes": {
                "Item": {"shape": {"type": "Record", "attributes": {"price": {"type": "Price"},
                    "owner": {"type": "Entity", "name": "User"}, "sold": {"type": "Boolean"},
                    "kind": {"type": "Entity", "name": "Shop::Kind"}}}},
                "Kind": {"annotations": {}}},
            "actions": {"sell": {}, "buy": {"memberOf": [{"id": "sell"}], "appliesTo": {
                "principalTypes": ["User"], "resourceTypes": ["Item"]}}},
            "annotations": {"doc": "the shop"}}}
        """#

    @Test("means the same as the Cedar form")
    func sameMeaning() throws {
        #expect(try Schema.parseJSON(Array(Self.text.utf8)) == Schema.parse(SchemaTests.text))
    }

    /// A schema whose only entity type is this.
    private static func entity(_ definition: String) -> String {
        "{\"\": {\"entityTypes\": {\"A\": \(definition)}, \"actions\": {}}}"
    }

    /// A schema whose only attribute is of this type.
    private static func attribute(_ type: String) -> String {
        entity("{\"shape\": {\"type\": \"Record\", \"attributes\": {\"x y\": \(type)}}}")
    }

    @Test(
        "refuses what is no schema, and says where and why",
        arguments: [
            ("[]", "$: expected an object, found an array"),
            ("{", "not JSON: line 1, column 2: the text ends too early"),
            (#"{"": {"entityTypes": {}}}"#, #"$[""]: `actions` is missing"#),
            (
                #"{"a b": {"entityTypes": {}, "actions": {}}}"#,
                #"$["a b"]: "a b" is no name of a namespace"#
            ),
            (
                #"{"": {"entityTypes": {}, "actions": {}, "more": {}}}"#,
                #"$[""].more: there is no such member; there are commonTypes, entityTypes, actions, annotations"#
            ),
            (
                #"{"": {"entityTypes": {}, "actions": {}, "annotations": {"a": ""}}}"#,
                #"$[""]: what stands in no namespace has no annotations"#
            ),
            (
                #"{"N": {"entityTypes": {"A": {"annotations": {"a b": ""}}}, "actions": {}}}"#,
                #"$.N.entityTypes.A.annotations["a b"]: "a b" is no name of an annotation"#
            ),
            (
                #"{"": {"entityTypes": {"A::B": {}}, "actions": {}}}"#,
                #"$[""].entityTypes["A::B"]: "A::B" is no name for a type"#
            ),
            (entity(#"{"enum": []}"#), #"$[""].entityTypes.A.enum: an enumerated entity type needs at least one id"#),
            (
                entity(#"{"enum": ["a"], "tags": {"type": "Long"}}"#),
                #"$[""].entityTypes.A.tags: an enumerated entity type has no `tags`"#
            ),
            (
                entity(#"{"memberOfTypes": ["B"]}"#),
                #"$[""].entityTypes.A.memberOfTypes[0]: there is no entity type `B`"#
            ),
            (
                entity(#"{"shape": {"type": "Long"}}"#),
                #"$[""].entityTypes.A.shape: `Long` is no record, as the shape of an entity type must be"#
            ),
            (
                attribute(#"{"type": "B"}"#),
                #"$[""].entityTypes.A.shape.attributes["x y"]: there is no type `B`"#
            ),
            (
                attribute(#"{"type": "A"}"#),
                #"$[""].entityTypes.A.shape.attributes["x y"]: there is no type `A`"#
            ),
            (
                attribute(#"{"type": "Entity", "name": "Long"}"#),
                #"$[""].entityTypes.A.shape.attributes["x y"].name: there is no entity type `Long`"#
            ),
            (attribute(#"{"type": "Set"}"#), #"$[""].entityTypes.A.shape.attributes["x y"]: `element` is missing"#),
            (
                attribute(#"{"type": "Long", "name": "A"}"#),
                #"$[""].entityTypes.A.shape.attributes["x y"].name: there is no such member; there are type, "#
                    + "required, annotations"
            ),
            (
                attribute(#"{"type": "Record", "attributes": {}, "additionalAttributes": true}"#),
                #"$[""].entityTypes.A.shape.attributes["x y"].additionalAttributes: records with attributes that "#
                    + "are not declared cannot be validated"
            ),
            (
                #"{"": {"entityTypes": {}, "actions": {"a": {"attributes": {"x": 1}}}}}"#,
                #"$[""].actions.a.attributes: actions have no attributes"#
            ),
            (
                #"{"": {"entityTypes": {}, "actions": {"a": {"memberOf": [{"id": "b"}]}}}}"#,
                #"$[""].actions.a.memberOf[0]: there is no action Action::"b""#
            ),
            (
                #"{"": {"entityTypes": {}, "actions": {"a": {"memberOf": [{"id": "a"}]}}}}"#,
                #"$[""].actions.a: the action Action::"a" is in itself"#
            ),
        ]
    )
    func faults(text: String, expected: String) {
        let error = #expect(throws: SchemaJSONError.self) { try Schema.parseJSON(Array(text.utf8)) }
        #expect(error?.description == expected)
    }

    @Test("few words that describe a type of endless size are refused, in both forms")
    func size() throws {
        let limits = SyntaxLimits(maxSchemaParts: 1000)
        let chain = (0..<60).map { "type A\($0) = {a: A\($0 + 1), b: A\($0 + 1)};" }.joined()
        let error = #expect(throws: CedarSyntaxError.self) {
            try Schema.parse(chain + "type A60 = Long; entity E {x: A0};", limits: limits)
        }
        #expect(error?.description.contains("more than 1000 parts") == true)
        let names = (0..<50).map { "E\($0)" }.joined(separator: ", ")
        let attributes = (0..<50).map { "a\($0): Long" }.joined(separator: ", ")
        #expect(throws: CedarSyntaxError.self) {
            try Schema.parse("entity \(names) {\(attributes)};", limits: limits)
        }
        #expect(throws: CedarSyntaxError.self) {
            let actions = "action \(names.lowercased()) appliesTo {principal: [\(names)], resource: E0};"
            _ = try Schema.parse("entity \(names); \(actions)", limits: limits)
        }
        #expect(try Schema.parse("entity \(names) {a: Long};", limits: limits).entityTypes.count == 50)
    }

    @Test("takes no types that nest too deep")
    func nesting() {
        let text =
            String(repeating: #"{"type": "Set", "element": "#, count: 10_000) + #"{"type": "Long"}"#
            + String(repeating: "}", count: 10_000)
        #expect(throws: SchemaJSONError.self) { try Schema.parseJSON(Array(Self.attribute(text).utf8)) }
    }
}
