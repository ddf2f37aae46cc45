import Cedar
import JSON
import Kernel
import Testing

@Suite("Cedar parser")
struct ParserTests {
    @Test("reads annotations, effect, scope and conditions")
    func wholePolicy() throws {
        let text = """
            // Owners may do anything.
            @id("owners") @if
            permit (
                principal is App::User in Team::"red",
                action in [Action::"view", App::Action::"edit",],
                resource == Doc::"a\\"b",
            )
            when { resource.owner == principal }
            unless { context has mfa.age };
            """
        let policy = try #require(try PolicySet.parse(text).policies.first)
        #expect(policy.id == "policy0")
        #expect(policy.annotation("id") == "owners")
        #expect(policy.annotation("if") == "")
        #expect(policy.annotation("other") == nil)
        #expect(policy.effect == .permit)
        #expect(policy.scope.principal == .isTypeIn("App::User", .entity(World.red)))
        let actions = [World.view, EntityUID(type: "App::Action", id: "edit")]
        #expect(policy.scope.action == .memberOfAny(actions))
        #expect(policy.scope.resource == .equal(.entity(EntityUID(type: "Doc", id: "a\"b"))))
        #expect(policy.conditions.map(\.kind) == [.when, .unless])
        #expect(policy.conditions[1].body.kind == .has(Expression(.variable(.context)), ["mfa", "age"]))
        #expect(policy.position.line == 2)
    }

    @Test("numbers policies in the order of the text, or takes their names from @id")
    func naming() throws {
        let text = "permit(principal,action,resource); @id(\"second\") forbid(principal,action,resource);"
        #expect(try PolicySet.parse(text).policies.map(\.id) == ["policy0", "policy1"])
        let named = try PolicySet.parse(text, naming: .byAnnotation)
        #expect(named.policies.map(\.id) == ["policy0", "second"])
        #expect(named["second"]?.effect == .forbid)
        #expect(named["policy1"] == nil)
        let twice = text + "@id(\"second\") permit(principal,action,resource);"
        let error = #expect(throws: CedarSyntaxError.self) { try PolicySet.parse(twice, naming: .byAnnotation) }
        #expect(error?.diagnostics.first?.message == "two policies are called `second`")
    }

    @Test(
        "binds operators as the grammar says",
        arguments: [
            ("principal || action && resource", "(principal || (action && resource))"),
            ("!principal && action", "(!(principal) && action)"),
            ("principal && action && resource", "(principal && action && resource)"),
            ("(principal && action) && resource", "(principal && action && resource)"),
            ("principal && (action && resource)", "(principal && (action && resource))"),
            ("1 + 2 * 3 == 7", "((1 + (2 * 3)) == 7)"), ("10 - 3 - 2", "(10 - 3 - 2)"),
            ("(10 - 3) - 2", "(10 - 3 - 2)"),
            ("10 - (3 - 2)", "(10 - (3 - 2))"), ("-1.x", "-((1)[\"x\"])"), ("--1", "-(-1)"), ("- 1", "-1"),
            ("-(1)", "-(1)"),
            ("1 -1", "(1 - 1)"), ("!!true", "!(!(true))"), ("-9223372036854775808", "-9223372036854775808"),
            ("if true then 1 else 2 + 3 == 5 && true", "(if true then 1 else (((2 + 3) == 5) && true))"),
            ("principal is A::B in resource + 1 && true", "((principal is A::B in (resource + 1)) && true)"),
            ("principal in resource && true", "((principal in resource) && true)"),
            ("principal has a.b || true", "((principal has a.b) || true)"),
            ("principal has \"a.b\"", "(principal has \"a.b\")"),
            ("\"a\" like \"x*\\*\" && true", "((\"a\" like \"x*\\*\") && true)"),
            ("context.a[\"b c\"].d", "(((context)[\"a\"])[\"b c\"])[\"d\"]"),
            ("context.a.contains(1).isEmpty()", "(((context)[\"a\"]).contains(1)).isEmpty()"),
            ("ip(\"1.1.1.1\",).isIpv4()", "(ip(\"1.1.1.1\")).isIpv4()"),
            ("{x: 1, \"if\": 2,}", "{\"x\": 1, \"if\": 2}"), ("[1,[],]", "[1, []]"), ("A :: B::\"x\"", "A::B::\"x\""),
            ("principal::\"a\"", "principal::\"a\""), ("context.permit", "(context)[\"permit\"]"),
        ]
    )
    func precedence(text: String, expected: String) throws {
        #expect(try Expression.parse(text).shape == expected)
    }

    @Test("what is printed with all parentheses reads back to the same tree", arguments: 1...500 as ClosedRange<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var generator = ExpressionGenerator(random: SeededRandom(seed: seed))
        let expression = generator.expression(depth: 4)
        #expect(try Expression.parse(expression.shape) == expression, "seed \(seed)")
    }

    @Test(
        "says what is wrong and where",
        arguments: [
            ("permit(principal, action, resource)", "1:36: the text ends where `when`, `unless` or `;` should be"),
            ("permit(principal, action);", "1:25: the scope has no `resource`"),
            (
                "permit(principal, action, resource, context);",
                "1:37: the scope holds principal, action and resource, and no more"
            ),
            ("permit(action, principal, resource);", "1:8: unexpected `action`, expected `principal`"),
            (
                "allow(principal, action, resource);",
                "1:1: unexpected `allow`, expected `permit`, `forbid` or an annotation"
            ),
            (
                "permit(principal: User, action, resource);",
                "1:17: no type may follow `:` here; write `is` and the type"
            ),
            ("permit(principal == ?resource, action, resource);", "1:21: only the slot `?principal` can stand here"),
            (
                "permit(principal, action == User::\"a\", resource);",
                "1:29: `User::\"a\"` is no action; an action's type is `Action`, in any namespace"
            ),
            (
                "permit(principal, action is Action, resource);",
                "1:26: `is` cannot be asked of the action; compare it with `==` or `in`"
            ),
            (
                "permit(principal != User::\"a\", action, resource);",
                "1:18: `!=` cannot stand in the scope; use `==`, `in` or `is`, or a `when` condition"
            ),
            ("@a @a permit(principal, action, resource);", "1:5: the annotation `@a` is given twice"),
            (
                "permit(principal, action, resource) when {};",
                "1:43: the condition of `when` is empty; write `true` for one that always holds"
            ),
        ]
    )
    func policyFaults(text: String, expected: String) {
        let error = #expect(throws: CedarSyntaxError.self) { try PolicySet.parse(text) }
        #expect(error?.description == expected)
    }

    @Test(
        "says what is wrong in an expression",
        arguments: [
            ("1 < 2 < 3", "1:7: comparisons do not chain; use parentheses, or join two comparisons with `&&`"),
            ("1 = 1", "1:3: `=` is no operator; compare with `==`"), ("6 / 2", "1:3: the language has no division"),
            ("6 % 2", "1:3: the language has no remainder"), ("!!!!!true", "1:1: more than four times `!`"),
            ("-!1", "1:2: unexpected `!`, expected an operand or `(`"),
            ("!-1", "1:2: unexpected `-`, expected an operand or `(`"),
            ("9223372036854775808", "1:1: the number does not fit in 64 bits"),
            ("-9223372036854775809", "1:2: the number does not fit in 64 bits"),
            ("-(9223372036854775808)", "1:3: the number does not fit in 64 bits"),
            ("principal.if", "1:11: `if` is reserved; as an attribute or key write it in quotation marks"),
            ("principal.__cedar", "1:11: `__cedar` is reserved; as an attribute or key write it in quotation marks"),
            ("{a: 1, \"a\": 2}", "1:8: the key `a` is given twice"),
            ("user == 1", "1:1: `user` is no variable; there are `principal`, `action`, `resource` and `context`"),
            ("principal.find(1)", "1:11: there is no method `find`"), ("foo(1)", "1:1: there is no function `foo`"),
            ("contains(1)", "1:1: `contains` is a method"), ("\"a\".ip()", "1:5: `ip` is a function; write `ip(…)`"),
            ("[1].contains(1, 2)", "1:5: `contains` takes one argument, not 2"),
            ("principal(1)", "1:1: there is no function `principal`"),
            ("principal[1]", "1:11: unexpected `1`, expected an attribute's name in quotation marks"),
            (
                "\"a\" like principal",
                "1:10: unexpected `principal`, expected a pattern in quotation marks on the right side of `like`"
            ),
            ("principal has a + 1", "1:17: the right side of `has` is a name, names joined by points, or one string"),
            ("\"a\\q\"", "1:3: `\\q` is no escape sequence; write a backslash as `\\\\`"),
            ("'a'", "1:1: `'` begins no string; strings stand between `\"`"),
            ("\"abc", "1:1: a string that is never closed"),
            ("principal & true", "1:11: `&` has no meaning here"), ("é", "1:1: `U+E9` has no meaning here"),
            ("?principal", "1:1: slots stand in the scope of a template only"),
            ("1 == ", "1:6: the text ends where a value should be"),
            ("(1", "1:3: the text ends where an operator or `)` should be"),
            ("1 1", "1:3: unexpected `1`, expected the end of the text"),
        ]
    )
    func expressionFaults(text: String, expected: String) {
        let error = #expect(throws: CedarSyntaxError.self) { try Expression.parse(text) }
        #expect(error?.description == expected)
    }

    @Test("reports several faults of one text, with the lines that they are in")
    func severalFaults() throws {
        let text = """
            permit(principal, action, resource) when { prïncipal.x };
            permit(principal, action, resource);
            forbid(principal, action, resource)
            when { resource.owner = principal };
            """
        let error = try #require(#expect(throws: CedarSyntaxError.self) { try PolicySet.parse(text) })
        #expect(error.diagnostics.map(\.position.line) == [1, 4])
        #expect(
            error.diagnostics[1].excerpt(file: "guard.cedar") == """
                error: `=` is no operator
                 --> guard.cedar:4:23
                  |
                4 | when { resource.owner = principal };
                  |                       ^ compare with `==`
                """
        )
    }

    @Test("stops reporting at the limit")
    func manyFaults() {
        let text = String(repeating: "permit(;\n", count: 100)
        let error = #expect(throws: CedarSyntaxError.self) {
            try PolicySet.parse(text, limits: SyntaxLimits(maxDiagnostics: 3))
        }
        #expect(error?.diagnostics.count == 3)
    }

    @Test(
        "resolves escapes in strings",
        arguments: [
            (#""\n\r\t\\\0\'\"""#, "\n\r\t\\\0'\""), (#""\x41\x7f""#, "A\u{7F}"),
            (#""\u{e9}\u{1F6_00}""#, "é\u{1F600}"),
            ("\"two\nlines\"", "two\nlines"),
        ]
    )
    func escapes(text: String, expected: String) throws {
        #expect(try Expression.parse(text).kind == .literal(.string(expected)))
    }

    @Test(
        "refuses what is no escape",
        arguments: [
            #""\x80""#, #""\xg0""#, #""\u{}""#, #""\u{110000}""#, #""\u{D800}""#, #""\u{0000041}""#, #""\u{_1}""#,
            #""\u41""#,
            #""\*""#, "\"\\\n\"", "\"a\rb\"",
        ]
    )
    func badEscapes(text: String) {
        #expect(throws: CedarSyntaxError.self) { try Expression.parse(text) }
    }

    @Test(
        "takes Unicode's white space and comments between tokens, and nothing else",
        arguments: [
            ("1\u{A0}==\u{3000}1", true), ("1 ==\u{B}\u{C}1", true), ("1 == // one\n1", true), ("1 == 1 // end", true),
            ("1 // a\r== 1", true), ("1 \u{200B}== 1", false), ("\u{FEFF}1 == 1", false), ("1 /* */ == 1", false),
        ]
    )
    func whiteSpace(text: String, isAccepted: Bool) {
        #expect(((try? Expression.parse(text)) != nil) == isAccepted)
    }

    @Test("reads an entity's literal and writes it back")
    func entityLiterals() throws {
        for uid in [World.alice, EntityUID(type: "A::B", id: "q\"\\\n\u{200B}é"), EntityUID(type: "T", id: "")] {
            #expect(try EntityUID.parse(uid.description) == uid)
        }
        for text in ["User", "User::alice", "User::\"a\" ", "if::\"a\"", "User::\"a\" 1"] {
            #expect((try? EntityUID.parse(text)) == (text.hasSuffix(" ") ? EntityUID(type: "User", id: "a") : nil))
        }
    }

    @Test(
        "knows the names of types",
        arguments: [
            ("User", true), ("A::B_1::C", true), ("", false), ("1A", false), ("A::", false), ("::A", false),
            ("A:B", false),
            ("A::if", false), ("__cedar::A", false), ("A ::B", false), ("Ä", false), ("A:::B", false),
        ]
    )
    func typeNames(text: String, isName: Bool) {
        #expect((EntityTypeName.parse(text) != nil) == isName)
    }

    @Test("knows where each part stands in the text")
    func ranges() throws {
        let parts = [
            #"{a: A::B::"x"}"#, #""s""#, #"ip("1").isIpv4()"#, "!!true", "-1", "-context", #"context.a["b"]"#,
            "(1 + 2) * 3",
            "if true then [] else {}", "context has a.b", "1 == 2 && true", #"A::B::"x""#, "principal is A in resource",
        ]
        let text = "[\(parts.joined(separator: " , "))]"
        func written(_ expression: Expression) -> String {
            String(decoding: Array(text.utf8)[Int(expression.range.start)..<Int(expression.range.end)], as: UTF8.self)
        }
        let set = try Expression.parse(text)
        #expect(written(set) == text)
        #expect(set.kind.children.map(written) == parts)
        #expect(set.kind.children[0].kind.children.map(written) == [#"A::B::"x""#])
    }
}
