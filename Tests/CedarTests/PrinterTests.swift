import Cedar
import Kernel
import Testing

@Suite("Cedar as text")
struct PrinterTests {
    @Test(
        "prints what is already minimal as it is",
        arguments: [
            "principal || action && resource", "(principal || action) && resource", "10 - 3 - (2 - 1)",
            "(1 + 2) * 3 == -4 * -5", "-(5)", "--5", "---(5)", "----(-(5))", "----(-5)", "-5.x", "(-5).x",
            "!!!!(!true)",
            "!(-1)", "!principal.a.contains(1)",
            "--9223372036854775808", "(if true then 1 else 2) + 3", "if true then false else if true then 1 else 2",
            "[if true then 1 else 2, {a: 1, \"if\": 2, \"b c\": []}]", "(1 < 2) == (principal is A::B in resource + 1)",
            "(principal has a.b) == (context has \"if\")", "principal[\"then\"].a[\"\"]", "\"a\" like \"\\*x*\"",
            "ip(\"::1\").isInRange(ip(\"::/8\"))", "A::B::\"q\\\"\\\\\".hasTag(\"a\" + \"b\")", "(1 == 2).x.isEmpty()",
            "{}.a.getTag(principal)", "(principal in resource) in [context]", "ip()",
        ]
    )
    func minimal(text: String) throws {
        #expect("\(try Expression.parse(text))" == text)
    }

    @Test(
        "leaves out parentheses and quotation marks that nothing needs",
        arguments: [
            ("((principal) && ((action))) && resource", "principal && action && resource"),
            ("principal[\"a\"]", "principal.a"), ("{\"a\": (1)}", "{a: 1}"), ("principal has \"a\"", "principal has a"),
            ("principal in (resource)", "principal in resource"), ("- 1", "-1"), ("[1,2,]", "[1, 2]"),
            ("(1 * 2) + 3", "1 * 2 + 3"),
        ]
    )
    func redundant(text: String, expected: String) throws {
        #expect("\(try Expression.parse(text))" == expected)
    }

    @Test("what is printed parses to the same tree", arguments: 1...500 as ClosedRange<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var generator = ExpressionGenerator(random: SeededRandom(seed: seed))
        let expression = generator.expression(depth: 4)
        #expect(try Expression.parse("\(expression)") == expression, "seed \(seed)")
    }

    @Test("no pair of printed parentheses can be left out", arguments: 1...60 as ClosedRange<UInt64>)
    func necessary(seed: UInt64) throws {
        var generator = ExpressionGenerator(random: SeededRandom(seed: seed))
        let expression = generator.expression(depth: 3)
        let characters = Array("\(expression)".unicodeScalars)
        for (open, close) in Self.parentheses(characters) {
            var shorter = String.UnicodeScalarView(characters[..<open])
            shorter.append(" ")
            shorter.append(contentsOf: characters[(open + 1)..<close])
            shorter.append(contentsOf: characters[(close + 1)...])
            #expect(
                (try? Expression.parse(String(shorter))) != expression,
                "seed \(seed): \(expression) without those at \(open)"
            )
        }
    }

    /// Pairs outside of strings.
    private static func parentheses(_ characters: [Unicode.Scalar]) -> [(open: Int, close: Int)] {
        var open: [Int] = []
        var pairs: [(Int, Int)] = []
        var isInString = false
        var isEscaped = false
        for (index, character) in characters.enumerated() {
            if isInString {
                if character == "\"", !isEscaped { isInString = false }
                isEscaped = character == "\\" && !isEscaped
            } else if character == "\"" {
                isInString = true
            } else if character == "(" {
                open.append(index)
            } else if character == ")", let start = open.popLast() {
                pairs.append((start, index))
            }
        }
        return pairs
    }

    @Test("prints what is as deep as may be, and long chains")
    func deepest() throws {
        for (open, close) in [("[", "]"), ("{a: ", "}"), ("(1 + ", ")"), ("!(!!!", ")")] {
            let depth = open == "!(!!!" ? 60 : 250
            let text = String(repeating: open, count: depth) + "true" + String(repeating: close, count: depth)
            let expression = try Expression.parse(text)
            #expect(try Expression.parse("\(expression)") == expression)
        }
        let chain = Array(repeating: "true", count: 10_000).joined(separator: " && ")
        #expect("\(try Expression.parse(chain))" == chain)
    }

    @Test("prints policies with all that they may have")
    func policies() throws {
        let text =
            #"@id("a") @if permit(principal is A in ?principal, action in [Action::"x", Action::"y"], "#
            + #"resource == B::"q\"") when { true } unless { context.a };"#
        let template = try #require(try PolicySet.parse(text).templates.first)
        #expect("\(template)" == text)
        for scope in [
            "principal, action, resource", #"principal in A::"x", action == Action::"x", resource is B"#,
            #"principal == ?principal, action in Action::"x", resource in ?resource"#,
            #"principal is A in A::"x", action in [], resource"#,
        ] {
            let set = try PolicySet.parse("forbid(\(scope));")
            #expect("\((set.policies + set.templates)[0])" == "forbid(\(scope));")
        }
    }

    @Test("prints a set with its templates, the links filled in and names kept")
    func sets() throws {
        let text = #"permit(principal, action, resource); @id("t") permit(principal == ?principal, action, resource);"#
        var set = try PolicySet.parse(text, naming: .byAnnotation)
        try set.link("t", as: "l", values: [.principal: World.alice])
        let expected = """
            @id("t")
            permit (principal == ?principal, action, resource);

            @id("policy0")
            permit (principal, action, resource);

            // Linked from "t".
            @id("l")
            permit (principal == User::"alice", action, resource);

            """
        #expect(try set.text() == expected)
    }
}
