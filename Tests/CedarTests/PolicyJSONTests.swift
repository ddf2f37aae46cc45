import Cedar
import JSON
import Kernel
import Testing

@Suite("Cedar policies in JSON")
struct PolicyJSONTests {
    private func body(_ text: String) throws -> String {
        let set = try PolicySet.parse("permit(principal, action, resource) when { \(text) };")
        let json = try PolicyJSON.write(set.policies[0])
        return try #require(json["conditions"]?.arrayValue?.first?["body"]).description.replacing("\"", with: "'")
    }

    private func policy(_ body: String) throws -> Policy {
        let text =
            #"{"effect":"permit","principal":{"op":"All"},"action":{"op":"All"},"resource":{"op":"All"},"#
            + #""conditions":[{"kind":"when","body":\#(body.replacing("'", with: "\""))}]}"#
        return try PolicyJSON.parse(Array(text.utf8)).policies[0]
    }

    @Test(
        "writes each expression as the reference does, and reads it back",
        arguments: [
            ("principal", "{'Var':'principal'}"), ("-5", "{'Value':-5}"), ("-(5)", "{'neg':{'arg':{'Value':5}}}"),
            ("--5", "{'neg':{'arg':{'Value':-5}}}"),
            ("A::B::\"x\"", "{'Value':{'__entity':{'type':'A::B','id':'x'}}}"),
            ("!true", "{'!':{'arg':{'Value':true}}}"),
            (
                "1 + 2 - 3 * 4 * 5",
                "{'-':{'left':{'+':{'left':{'Value':1},'right':{'Value':2}}},'right':"
                    + "{'*':{'left':{'*':{'left':{'Value':3},'right':{'Value':4}}},'right':{'Value':5}}}}}"
            ),
            (
                "true && (false && true)",
                "{'&&':{'left':{'Value':true},'right':{'&&':{'left':{'Value':false},'right':{'Value':true}}}}}"
            ),
            ("1 >= 2", "{'>=':{'left':{'Value':1},'right':{'Value':2}}}"),
            ("1 != 2", "{'!=':{'left':{'Value':1},'right':{'Value':2}}}"),
            ("principal in [action]", "{'in':{'left':{'Var':'principal'},'right':{'Set':[{'Var':'action'}]}}}"),
            ("principal is A::B", "{'is':{'left':{'Var':'principal'},'entity_type':'A::B'}}"),
            (
                "principal is A in resource",
                "{'is':{'left':{'Var':'principal'},'entity_type':'A','in':{'Var':'resource'}}}"
            ),
            ("context[\"a b\"]", "{'.':{'left':{'Var':'context'},'attr':'a b'}}"),
            ("context has \"a.b\"", "{'has':{'left':{'Var':'context'},'attr':'a.b'}}"),
            (
                "\"\" like \"a*\\*\"",
                "{'like':{'left':{'Value':''},'pattern':[{'Literal':'a'},'Wildcard',{'Literal':'*'}]}}"
            ),
            ("\"\" like \"\"", "{'like':{'left':{'Value':''},'pattern':[]}}"),
            ("[].contains(1)", "{'contains':{'left':{'Set':[]},'right':{'Value':1}}}"),
            ("[].isEmpty()", "{'isEmpty':{'arg':{'Set':[]}}}"),
            ("principal.hasTag(\"t\")", "{'hasTag':{'left':{'Var':'principal'},'right':{'Value':'t'}}}"),
            ("principal.getTag(\"t\")", "{'getTag':{'left':{'Var':'principal'},'right':{'Value':'t'}}}"),
            (
                "ip(\"a\").isInRange(ip())", "{'isInRange':[{'ip':[{'Value':'a'}]},{'ip':[]}]}"
            ),
            ("{b: 1, \"if\": {}}", "{'Record':{'b':{'Value':1},'if':{'Record':{}}}}"),
            (
                "if true then 1 else 2",
                "{'if-then-else':{'if':{'Value':true},'then':{'Value':1},'else':{'Value':2}}}"
            ),
        ]
    )
    func expressions(text: String, json: String) throws {
        #expect(try body(text) == json)
        #expect(try policy(json).conditions[0].body == Expression.parse(text))
    }

    @Test("a path after has becomes tests of each step, and is read as a list of names")
    func paths() throws {
        let steps =
            "{'&&':{'left':{'has':{'left':{'Var':'context'},'attr':'a'}},"
            + "'right':{'has':{'left':{'.':{'left':{'Var':'context'},'attr':'a'}},'attr':'b'}}}}"
        #expect(try body("context has a.b") == steps)
        let read = try policy("{'has':{'left':{'Var':'context'},'attr':['a','b']}}")
        #expect(read.conditions[0].body == (try Expression.parse("context has a.b")))
    }

    @Test(
        "reads values in the form of entities",
        arguments: [
            ("[1,[true]]", "[1, [true]]"),
            ("{'a':{'__entity':{'type':'A','id':'x'}},'b':'s'}", "{a: A::\"x\", b: \"s\"}"),
            ("{'__extn':{'fn':'ip','arg':'no address'}}", "ip(\"no address\")"),
            (
                "{'__extn':{'fn':'offset','args':[{'__extn':{'fn':'datetime','arg':'2020-01-01'}},'x']}}",
                "datetime(\"2020-01-01\").offset(\"x\")"
            ),
            ("{'__entity':1,'b':2}", "{\"__entity\": 1, b: 2}"),
        ]
    )
    func values(json: String, text: String) throws {
        #expect(try policy("{'Value':\(json)}").conditions[0].body == Expression.parse(text))
    }

    private static let set = #"""
        @a @b("") @c("x") permit(principal is A in ?principal, action in [Action::"x"], resource == ?resource)
        unless { true };
        forbid(principal in A::"x", action in [Action::"x", Action::"y"], resource is B);
        permit(principal == A::"x", action in Action::"x", resource is A in B::"c");
        permit(principal, action == Action::"x", resource);
        permit(principal, action in [], resource);
        """#

    @Test("writes a set with its templates and links, and reads it back")
    func sets() throws {
        var set = try PolicySet.parse(Self.set)
        let uid = EntityUID(type: "A", id: "y")
        try set.link("policy0", as: "linked", values: [.principal: World.alice, .resource: uid])
        let json = try PolicyJSON.write(set)
        let expected = #"""
            {"templates":{"policy0":{"effect":"permit","principal":{"op":"is","entity_type":"A","in":{"slot":"?principal"}},
            "action":{"op":"in","entity":{"type":"Action","id":"x"}},"resource":{"op":"==","slot":"?resource"},
            "conditions":[{"kind":"unless","body":{"Value":true}}],"annotations":{"a":null,"b":"","c":"x"}}},
            "staticPolicies":{"policy1":{"effect":"forbid","principal":{"op":"in","entity":{"type":"A","id":"x"}},
            "action":{"op":"in","entities":[{"type":"Action","id":"x"},{"type":"Action","id":"y"}]},
            "resource":{"op":"is","entity_type":"B"},"conditions":[]},
            "policy2":{"effect":"permit","principal":{"op":"==","entity":{"type":"A","id":"x"}},
            "action":{"op":"in","entity":{"type":"Action","id":"x"}},
            "resource":{"op":"is","entity_type":"A","in":{"entity":{"type":"B","id":"c"}}},"conditions":[]},
            "policy3":{"effect":"permit","principal":{"op":"All"},"action":{"op":"==","entity":{"type":"Action","id":"x"}},
            "resource":{"op":"All"},"conditions":[]},
            "policy4":{"effect":"permit","principal":{"op":"All"},"action":{"op":"in","entities":[]},
            "resource":{"op":"All"},"conditions":[]}},
            "templateLinks":[{"templateId":"policy0","newId":"linked",
            "values":{"?principal":{"type":"User","id":"alice"},"?resource":{"type":"A","id":"y"}}}]}
            """#
        #expect(json.description == expected.replacing("\n", with: ""))
        let read = try PolicyJSON.parse(json.serialized())
        #expect(try PolicyJSON.write(read) == json)
        #expect(read.policies.map(\.id) == set.policies.map(\.id))
        #expect(read["linked"]?.scope.principal == .isTypeIn("A", .entity(World.alice)))
        #expect(read["linked"]?.scope.resource == .equal(.entity(uid)))
        #expect(read["linked"]?.template == "policy0")
        #expect(read.templates[0].annotations.map(\.isBare) == [true, false, false])
    }

    @Test("what is written reads back to the same", arguments: 1...200 as ClosedRange<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var generator = ExpressionGenerator(random: SeededRandom(seed: seed))
        let text = "permit(principal, action, resource) when { \(generator.expression(depth: 4).shape) };"
        let set = try PolicySet.parse(text)
        let json = try PolicyJSON.write(set)
        let read = try PolicyJSON.parse(json.serialized())
        #expect(try PolicyJSON.write(read) == json, "seed \(seed)")
        // Paths after has are written as their steps.
        guard !text.contains(" has a.b_1") else { return }
        #expect(read.policies[0].conditions == set.policies[0].conditions, "seed \(seed)")
    }

    @Test(
        "says what is wrong with an expression and where",
        arguments: [
            ("{'Value':null}", ".Value: null is no value of the language"),
            (
                "{'Value':[1.5]}",
                ".Value[0]: a number with fraction, exponent or more than 64 bits is no value of the language"
            ),
            ("{'Value':{'__expr':'1'}}", ".Value: `__expr` is no longer part of the format"),
            ("{'Value':{'__extn':{'fn':'f','arg':1}}}", ".Value.__extn.fn: there is no extension function \"f\""),
            ("{'Var':'x'}", ".Var: \"x\" is no variable"),
            ("{'Slot':'?principal'}", ".Slot: slots stand in the scope of a template only"),
            ("{'f':[]}", ".f: there is no such operator or function"),
            ("{}", ": expected an expression, an object with one member"),
            ("{'!':{'arg':{'Value':1}},'neg':1}", ": expected an expression, an object with one member"),
            ("{'==':{'left':{'Value':1}}}", ".==.right: missing"),
            ("{'==':{'left':{'Value':1},'right':{'Value':1},'x':1}}", ".==: there is no member \"x\" here"),
            (
                "{'&&':{'left':{'&&':{'left':{'Var':'x'},'right':{'Value':1}}},'right':{'Value':1}}}",
                ".&&.left.&&.left.Var: \"x\" is no variable"
            ),
            (
                "{'+':{'left':{'-':{'left':{'Value':1},'right':{'Var':'x'}}},'right':{'Value':1}}}",
                ".+.left.-.right.Var: \"x\" is no variable"
            ),
            ("{'has':{'left':{'Value':1},'attr':[]}}", ".has.attr: expected a name at least"),
            ("{'has':{'left':{'Value':1},'attr':['a','if']}}", ".has.attr: the names of a path must be identifiers"),
            (
                "{'like':{'left':{'Value':1},'pattern':['*']}}",
                ".like.pattern[0]: expected \"Wildcard\" or {\"Literal\": …}"
            ),
            (
                "{'is':{'left':{'Value':1},'entity_type':'A b'}}",
                ".is.entity_type: \"A b\" is no name of an entity type"
            ),
            ("{'isIpv4':[]}", ".isIpv4: a method needs what it is called on as its first argument"),
            ("{'ip':{'Value':1}}", ".ip: expected an array, found an object"),
        ]
    )
    func badExpressions(json: String, expected: String) {
        let error = #expect(throws: CedarJSONError.self) { try policy(json) }
        let place = ".conditions[0].body"
        #expect(error?.description == place + expected)
    }

    @Test(
        "says what is wrong with a policy and where",
        arguments: [
            ("'effect':'Permit'", ".effect: expected \"permit\" or \"forbid\""),
            ("'x':1", "there is no member \"x\" here"),
            ("'conditions':null", ".conditions: expected an array, found null"),
            ("'principal':{'op':'All','x':1}", ".principal: there is no member \"x\" here"),
            ("'principal':{'op':'<'}", ".principal.op: there is no operation \"<\""),
            ("'principal':{'op':'=='}", ".principal.entity: missing"),
            (
                "'principal':{'op':'==','slot':'?principal','entity':{'type':'A','id':'x'}}",
                ".principal: there is no member \"entity\" here"
            ),
            (
                "'principal':{'op':'in','slot':'?resource'}",
                ".principal.slot: only the slot \"?principal\" can stand here"
            ),
            ("'action':{'op':'is','entity_type':'Action'}", ".action.op: there is no operation \"is\" here"),
            ("'action':{'op':'==','entity':{'type':'A','id':'x'}}", ".action.entity: `A::\"x\"` is no action"),
            (
                "'action':{'op':'in','entities':[{'type':'Action'}]}",
                ".action.entities[0]: expected {\"type\": …, \"id\": …} with two strings"
            ),
            ("'annotations':{'a b':'x'}", ".annotations.a b: no name of an annotation"),
            ("'annotations':{'a':1}", ".annotations.a: expected a string, found an integer"),
            ("'conditions':[{'kind':'if','body':1}]", ".conditions[0].kind: expected \"when\" or \"unless\""),
        ]
    )
    func badPolicies(member: String, expected: String) {
        let name = member.prefix { $0 != ":" }
        let members = [
            "'effect':'permit'", "'principal':{'op':'All'}", "'action':{'op':'All'}", "'resource':{'op':'All'}",
            "'conditions':[]",
        ].filter { !$0.hasPrefix(name) }
        let text = "{\((members + [member]).joined(separator: ","))}".replacing("'", with: "\"")
        let error = #expect(throws: CedarJSONError.self) { try PolicyJSON.parse(Array(text.utf8)) }
        #expect(error?.description == expected)
    }

    @Test("refuses sets that do not hold together")
    func badSets() {
        let all =
            #"{"effect":"permit","principal":{"op":"All"},"action":{"op":"All"},"resource":{"op":"All"},"conditions":[]}"#
        let slot = all.replacing(#""principal":{"op":"All"}"#, with: #""principal":{"op":"==","slot":"?principal"}"#)
        let link = #"{"templateId":"t","newId":"l","values":{}}"#
        for (templates, policies, links, message) in [
            (#""t":\#(all)"#, "", "", ".templates.t: a template has a slot, this policy has none"),
            ("", #""p":\#(slot)"#, "", ".staticPolicies.p: a policy with slots is a template"),
            (#""p":\#(slot)"#, #""p":\#(all)"#, "", "two policies are called `p`"),
            ("", "", link, ".templateLinks[0]: there is no template `t`"),
            (#""t":\#(slot)"#, "", link, ".templateLinks[0]: the template `t` needs a value for `?principal`"),
            ("", #""p":\#(all),"p":\#(all)"#, "", "not JSON: line 1, column 146: the member \"p\" is given twice"),
        ] {
            let text = #"{"templates":{\#(templates)},"staticPolicies":{\#(policies)},"templateLinks":[\#(links)]}"#
            let error = #expect(throws: CedarJSONError.self) { try PolicyJSON.parse(Array(text.utf8)) }
            #expect(error?.description == message)
        }
        let missing = #expect(throws: CedarJSONError.self) { try PolicyJSON.parse(Array("{}".utf8)) }
        #expect(missing?.description == ".templates: missing")
    }

    @Test("as text a linked policy has its own name, and not that of its template")
    func linkedText() throws {
        var set = try PolicySet.parse(
            "@id(\"t\") @note(\"n\") permit (principal == ?principal, action, resource);",
            naming: .byAnnotation
        )
        for id in ["a", "policy2"] as [PolicyID] { try set.link("t", as: id, values: [.principal: World.alice]) }
        let read = try PolicySet.parse(set.text(), naming: .byAnnotation)
        #expect(read.templates.map(\.id) == ["t"])
        #expect(read.policies.map(\.id) == ["a", "policy2"])
        #expect(read.policies.map { $0.annotation("note") } == ["n", "n"])
        #expect(read.policies.map(\.scope.principal) == [.equal(.entity(World.alice)), .equal(.entity(World.alice))])
    }

    @Test("links by themselves are read as parts of a set and as the reference's command line keeps them")
    func links() throws {
        let json = #"""
            [{"templateId": "t", "newId": "a", "values": {"?principal": {"__entity": {"type": "User", "id": "alice"}}}},
             {"template_id": "t", "link_id": "b", "args": {"?principal": "User::\"alice\"", "?resource": "A::\"\\n\""}}]
            """#
        let links = try TemplateLink.parseAll(json: json.utf8)
        #expect(
            links == [
                TemplateLink(template: "t", id: "a", values: [.principal: World.alice]),
                TemplateLink(
                    template: "t",
                    id: "b",
                    values: [.principal: World.alice, .resource: EntityUID(type: "A", id: "\n")]
                ),
            ]
        )
        for (text, message) in [
            ("{}", "expected an array of links, found an object"),
            (#"[{"template_id": "t", "newId": "a"}]"#, #"[0]: there is no member "newId" here"#),
            (#"[{"template_id": "t", "link_id": "a"}]"#, "[0].args: missing"),
            (
                #"[{"template_id": "t", "link_id": "a", "args": {"?action": "A::\"b\""}}]"#,
                #"[0].args: there is no member "?action" here"#
            ),
            (
                #"[{"template_id": "t", "link_id": "a", "args": {"?principal": "alice"}}]"#,
                #"[0].args.?principal: "alice" is no entity such as User::"ann""#
            ),
        ] {
            let error = #expect(throws: CedarJSONError.self) { try TemplateLink.parseAll(json: text.utf8) }
            #expect(error?.description == message)
        }
    }

    @Test("long chains and deep trees stay within bounds, both ways")
    func bounds() throws {
        func set(_ body: String) throws -> PolicySet {
            try PolicySet.parse("permit(principal, action, resource) when { \(body) };")
        }
        func chain(_ count: Int) -> String { Array(repeating: "true", count: count).joined(separator: " && ") }
        let long = try set(chain(500))
        #expect(
            try PolicyJSON.parse(try PolicyJSON.write(long).serialized()).policies[0].conditions
                == long.policies[0].conditions
        )
        let longer = #expect(throws: CedarJSONError.self) { try PolicyJSON.write(try set(chain(100_000))) }
        #expect(longer?.description == "`policy0`: its JSON form nests deeper than 1024 levels")

        let deep = try set(String(repeating: "[", count: 255) + "1" + String(repeating: "]", count: 255))
        #expect(
            try PolicyJSON.parse(try PolicyJSON.write(deep).serialized()).policies[0].conditions
                == deep.policies[0].conditions
        )
        let tooDeep =
            String(repeating: "{'!':{'arg':", count: 300) + "{'Value':1}" + String(repeating: "}}", count: 300)
        let depth = #expect(throws: CedarJSONError.self) { try policy(tooDeep) }
        #expect(depth?.message == "nested deeper than 256 levels")
        let nested = #expect(throws: CedarJSONError.self) {
            try policy(String(repeating: "[", count: 100_000))
        }
        #expect(nested?.message.contains("nested deeper than 1024") == true)

        // Each of these doubles what is in it when its steps are written out.
        let doubling =
            String(repeating: "(if ", count: 60) + "context"
            + String(repeating: " has a.b then context else context)", count: 60)
        let size = #expect(throws: CedarJSONError.self) { try PolicyJSON.write(try set(doubling)) }
        #expect(size?.message == "the JSON form has more than 4000000 values")
    }

    @Test("a set and a record have as many elements as in a text")
    func elements() throws {
        for (allowed, refused) in [
            ("[1, 2, 3]", "[1, 2, 3, 4]"), ("{a: 1, b: 2, c: 3}", "{a: 1, b: 2, c: 3, d: 4}"),
            (#"action in [A::"1", A::"2", A::"3"]"#, #"action in [A::"1", A::"2", A::"3", A::"4"]"#),
        ] {
            func read(_ expression: String) throws -> PolicySet {
                let text = try PolicySet.parse("permit(principal, action, resource) when { \(expression) };")
                let json = try PolicyJSON.write(text).serialized()
                return try PolicyJSON.parse(json, limits: SyntaxLimits(maxElements: 3))
            }
            #expect(try read(allowed).policies.count == 1)
            let error = #expect(throws: CedarJSONError.self) { try read(refused) }
            #expect(error?.message.hasPrefix("more than 3 ") == true)
            #expect(error?.path.hasPrefix(".staticPolicies.policy0.conditions[0]") == true)
        }
    }

    @Test("a linked policy whose template is gone cannot be written as a link, but by itself")
    func orphan() throws {
        var set = try PolicySet.parse("permit(principal == ?principal, action, resource);")
        try set.link("policy0", as: "l", values: [.principal: World.alice])
        let alone = try PolicySet([try #require(set["l"])])
        let error = #expect(throws: CedarJSONError.self) { try PolicyJSON.write(alone) }
        #expect(error?.description == "`l`: its template `policy0` is not in the set")
        #expect(try PolicyJSON.write(alone.policies[0])["principal"]?["entity"]?["id"] == "alice")
    }
}
