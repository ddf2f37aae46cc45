import Cedar
import JSON
import Testing

@Suite("Cedar evaluator")
struct EvaluatorTests {
    @Test(
        "holds",
        arguments: [
            // Equality is total, by structure and by code points.
            "1 == 1", "1 != \"1\"", "[1,1,2] == [2,1]", "[[1],[2,3]] == [[3,2],[1]]",
            "{a: 1, b: [2]} == {b: [2], a: 1}",
            "{a: 1} != {a: 1, b: 2}", "User::\"alice\" == principal", "User::\"Alice\" != principal",
            "\"K\" != \"\u{212A}\"",
            "\"e\\u{301}\" != \"\u{E9}\"", "[\"K\", \"\u{212A}\"] != [\"K\"]", "Team::\"alice\" != principal",
            "ip(\"10.0.0.1\") == ip(\"10.0.0.1/32\")", "decimal(\"1.5\") != \"1.5\"",
            // Booleans stop as soon as they can.
            "false && 1 == (1 + \"a\") || true", "true || 1 + \"a\" == 1", "!(false && 1)",
            "if true then true else 1 + \"a\" == 1",
            "(if false then 1 + \"a\" else 2) == 2",
            // Numbers.
            "1 + 2 * 3 - 4 == 3", "-(1) == -1", "1 < 2 && 2 <= 2 && 3 > 2 && 3 >= 3", "!(2 < 2) && !(2 > 2)",
            "9223372036854775806 + 1 == 9223372036854775807", "-9223372036854775808 < 0",
            // Hierarchy: reflexive, transitive, also for what is not known.
            "principal in Team::\"red\"", "principal in Org::\"acme\"", "principal in principal",
            "!(Org::\"acme\" in principal)",
            "User::\"nobody\" in User::\"nobody\"", "!(User::\"nobody\" in Org::\"acme\")", "!(principal in [])",
            "principal in [Team::\"blue\", Org::\"acme\"]", "principal is User", "!(principal is Team)",
            "Ghost::\"x\" is Ghost",
            "principal is User in Team::\"red\"", "!(principal is User in Team::\"blue\")",
            "!(principal is Team in [1])",
            "principal is User in [Team::\"red\"]", "!(App::User::\"alice\" is User)",
            // Attributes and tags.
            "principal.age == 30", "principal[\"if\"]", "principal.address.geo.lat == 48", "context.n == 1",
            "principal has age", "!(principal has nope)", "principal has address.geo.lat",
            "!(principal has address.nope.lat)",
            "!(User::\"nobody\" has age)", "!(principal has manager.age)", "context has n", "{\"a b\": 1} has \"a b\"",
            "!(principal has \"address.geo\")", "principal.hasTag(\"dept\")", "!(principal.hasTag(\"nope\"))",
            "!(User::\"nobody\".hasTag(\"dept\"))", "principal.getTag(\"dept\") == \"engineering\"",
            "!(principal has dept)",
            "principal.getTag(if true then \"two words\" else \"x\") == 2", "resource.owner == principal",
            // Sets.
            "[1,2].contains(2)", "![1,2].contains(\"2\")", "[1,2,3].containsAll([3,1])", "[1].containsAll([])",
            "![1].containsAll([1,2])", "[1,2].containsAny([3,2])", "![1].containsAny([])", "[].isEmpty()",
            "![1].isEmpty()",
            "[[1],{a: 2}].contains({a: 2})", "principal.groups.contains(\"a\")",
            // Patterns are anchored at both ends, and know only `*`.
            "\"abc\" like \"a*\"", "\"abc\" like \"*c\"", "\"abc\" like \"*b*\"", "!(\"abc\" like \"b*\")",
            "!(\"abc\" like \"*b\")",
            "\"\" like \"*\"", "\"\" like \"\"", "!(\"a\" like \"\")", "\"a*c\" like \"a\\*c\"",
            "!(\"abc\" like \"a\\*c\")",
            "\"abab\" like \"ab*ab\"", "!(\"ab\" like \"ab*ab\")", "\"axbxc\" like \"a*b*c\"", "\"aXbXb\" like \"a*b\"",
            "\"\u{1F600}é\" like \"*é\"", "!(\"abc\" like \"A*\")", "\"a**\" like \"a\\**\\*\"",
        ]
    )
    func holds(text: String) throws {
        #expect(try World.evaluate(text) == .bool(true))
    }

    @Test(
        "is an error of type",
        arguments: [
            ("1 && true", [.bool], .long), ("true && 1", [.bool], .long), ("false || 1", [.bool], .long),
            ("\"a\" || true", [.bool], .string),
            ("true && true && 1", [.bool], .long), ("if 1 then 2 else 3", [.bool], .long), ("!1", [.bool], .long),
            ("-\"a\"", [.long], .string),
            ("1 + \"a\"", [.long], .string), ("\"a\" + 1", [.long], .string), ("1 + 2 - true", [.long], .bool),
            ("[] * 2", [.long], .set),
            ("\"a\" < \"b\"", [.long, .datetime, .duration], .string), ("1 < \"b\"", [.long], .string),
            ("datetime(\"2024-01-01\") < duration(\"1d\")", [.datetime], .duration),
            ("decimal(\"1.0\") < decimal(\"2.0\")", [.long, .datetime, .duration], .decimal),
            ("ip(\"::1\") >= ip(\"::1\")", [.long, .datetime, .duration], .ipaddr),
            ("1 in principal", [.entity], .long), ("principal in 1", [.set, .entity], .long),
            ("principal in [principal, 1]", [.entity], .long),
            ("1 is User", [.entity], .long), ("principal is User in 1", [.set, .entity], .long),
            ("1 has a", [.record, .entity], .long), ("[] has a", [.record, .entity], .set),
            ("principal has age.x", [.record, .entity], .long),
            ("1.a == 1", [.record, .entity], .long), ("1 like \"a\"", [.string], .long),
            ("1.contains(1)", [.set], .long),
            ("[1].containsAll(1)", [.set], .long), ("1.isEmpty()", [.set], .long),
            ("{}.hasTag(\"a\")", [.entity], .record),
            ("principal.hasTag(1)", [.string], .long), ("principal.getTag(principal)", [.string], .entity),
            ("ip(1)", [.string], .long),
            ("\"10.0.0.1\".isIpv4()", [.ipaddr], .string),
            ("ip(\"::1\").lessThan(decimal(\"1.0\"))", [.decimal], .ipaddr),
            ("datetime(\"2024-01-01\").offset(1)", [.duration], .long), ("1.toDate()", [.datetime], .long),
            ("decimal(\"1.0\").toDays()", [.duration], .decimal),
        ] as [(String, [Value.Kind], Value.Kind)]
    )
    func typeErrors(text: String, expected: [Value.Kind], found: Value.Kind) throws {
        #expect(try World.failure(text) == .type(expected: expected, found: found))
    }

    @Test(
        "is an error for want of something",
        arguments: [
            ("User::\"nobody\".age", .noSuchEntity(EntityUID(type: "User", id: "nobody"))),
            ("principal.manager.age", .noSuchEntity(EntityUID(type: "User", id: "ghost"))),
            ("principal.nope", .noSuchAttribute(World.alice, "nope")), ("context.nope", .noSuchField("nope")),
            ("principal.dept", .noSuchAttribute(World.alice, "dept")),
            ("principal.getTag(\"age\")", .noSuchTag(World.alice, "age")),
            ("User::\"nobody\".getTag(\"a\")", .noSuchEntity(EntityUID(type: "User", id: "nobody"))),
            ("9223372036854775807 + 1", .overflow("+", .max, 1)), ("-9223372036854775808 - 1", .overflow("-", .min, 1)),
            ("4611686018427387904 * 2", .overflow("*", 4_611_686_018_427_387_904, 2)),
            ("-(-9223372036854775808)", .negationOverflow(.min)), ("ip()", .argumentCount(.ip, expected: 1, found: 0)),
            ("ip(\"::1\", \"::1\")", .argumentCount(.ip, expected: 1, found: 2)),
            ("ip(\"::1\").isInRange()", .argumentCount(.isInRange, expected: 2, found: 1)),
        ] as [(String, EvaluationError.Reason)]
    )
    func missing(text: String, reason: EvaluationError.Reason) throws {
        #expect(try World.failure(text) == reason)
    }

    @Test("evaluates operands left to right, and looks at types after that")
    func order() throws {
        #expect(try World.failure("(1 + \"a\") < principal.nope") == .type(expected: [.long], found: .string))
        #expect(try World.failure("\"a\" < principal.nope") == .noSuchAttribute(World.alice, "nope"))
        #expect(try World.failure("\"a\" + principal.nope") == .noSuchAttribute(World.alice, "nope"))
        #expect(try World.failure("[1, \"a\" + 1, principal.nope]") == .type(expected: [.long], found: .string))
    }

    @Test("asks about more entities than it keeps in mind")
    func manyEntities() throws {
        func uid(_ type: String, _ id: Int) -> EntityUID { EntityUID(type: type, id: "\(id)") }
        let store = try EntityStore(
            (0..<20).map { Entity(uid: uid("N", $0), attributes: ["n": .long(Int64($0))], parents: [uid("G", $0)]) }
        )
        let tests = (0..<20).map { id in
            "N::\"\(id)\" in G::\"\(id)\" && N::\"\(id)\".n == \(id) && !(N::\"\(id)\" in G::\"\(id + 1)\")"
        }
        let expression = try Expression.parse((tests + tests).joined(separator: " && "))
        var evaluator = Evaluator(request: World.request, entities: store)
        let holds = try evaluator.bool(expression)
        #expect(holds)
        let isKnown = try evaluator.bool(try Expression.parse("N::\"21\" has n || N::\"21\" in G::\"21\""))
        #expect(!isKnown)
    }

    @Test("says where in the text it went wrong")
    func place() throws {
        let expression = try Expression.parse("true && 1 + \"a\" == 2")
        var evaluator = Evaluator(request: World.request, entities: EntityStore.empty)
        let error = #expect(throws: EvaluationError.self) { try evaluator.evaluate(expression) }
        #expect(error?.range == SourceRange(start: 12, end: 15))
        #expect(error?.description == "type error: expected long, got string")
    }

    @Test("counts steps, the same every time, and stops at the limit")
    func steps() throws {
        let text = "1 + 2 == 3 && principal.age > 1"
        func isEnough(_ limit: Int) -> Bool {
            (try? World.evaluate(text, limits: EvaluationLimits(maxSteps: limit))) != nil
        }
        // One node each: and, ==, +, 1, 2, 3, >, attribute, principal, 1.
        #expect(isEnough(10))
        #expect(!isEnough(9))
    }

    @Test("charges more for work that grows with its operands")
    func dearSteps() throws {
        let elements = (0..<1000).map { "User::\"\($0)\"" }.joined(separator: ",")
        let limits = EvaluationLimits(maxSteps: 1500)
        #expect(throws: Never.self) { try World.evaluate("[\(elements)].isEmpty()", limits: limits) }
        for text in ["principal in [\(elements)]", "[].containsAll([\(elements)])"] {
            #expect(throws: EvaluationError.self) { try World.evaluate(text, limits: limits) }
        }
    }
}
