import Cedar
import Testing

@Suite("Cedar parser under hostile input")
struct NestingTests {
    private func nested(_ depth: Int, _ open: String, _ close: String) -> String {
        String(repeating: open, count: depth) + "true" + String(repeating: close, count: depth)
    }

    @Test(
        "refuses what nests too deep, whatever nests",
        arguments: [
            ("(", ")"), ("[", "]"), ("{a: ", "}"), ("if true then true else ", ""), ("ip(", ")"), ("!(", ")"),
            ("[true].contains(", ")"), ("true == (", ")"), ("(true && ", ")"),
        ]
    )
    func deep(open: String, close: String) {
        for depth in [600, 100_000] {
            let error = #expect(throws: CedarSyntaxError.self) { try Expression.parse(nested(depth, open, close)) }
            #expect(error?.diagnostics.first?.message == "nested deeper than 256 levels", "\(depth) of \(open)")
        }
    }

    @Test("nests to the limit and no deeper")
    func boundary() throws {
        // The innermost value is a level too.
        #expect(try Expression.parse(nested(255, "[", "]")).depth == 256)
        #expect(throws: CedarSyntaxError.self) { try Expression.parse(nested(256, "[", "]")) }
        #expect(try Expression.parse(nested(500, "(", ")")).depth == 1)
        #expect(throws: CedarSyntaxError.self) { try Expression.parse("true" + String(repeating: ".a", count: 256)) }
    }

    @Test(
        "evaluates, prints, compares and frees what is as deep as may be",
        arguments: [("[", "]"), ("{a: ", "}"), ("!!!!(", ")"), ("if true then ", " else false"), ("true && (", ")")]
    )
    func deepest(open: String, close: String) throws {
        // Four signs are four levels, and a chain in parentheses is one.
        let depth = open.hasPrefix("!") ? 63 : 255
        let text = nested(depth, open, close)
        let expression = try Expression.parse(text)
        #expect(expression.depth > 250)
        #expect(try Expression.parse(text) == expression)
        #expect(expression.shape.utf8.count > depth)
        let value = try World.evaluate(text)
        #expect(value == (try World.evaluate(text)))
        #expect(!(value < value))
        #expect(value.hashValue == (try World.evaluate(text)).hashValue)
        #expect(value.description.utf8.count >= 4)
    }

    @Test(
        "lays out, compiles and decides by what is as deep as may be",
        arguments: [("[", "]"), ("{a: ", "}"), ("!!!!(", ")"), ("if true then ", " else false"), ("((true && ", "))")]
    )
    func deepestPolicy(open: String, close: String) throws {
        let body = nested(open.hasPrefix("!") ? 63 : 254, open, close)
        let text = "permit(principal, action, resource) when { \(body) };"
        let set = try PolicySet.parse(text)
        let formatted = try formatPolicies(text, FormatOptions(lineWidth: 1))
        #expect(try PolicySet.parse(formatted).policies[0].conditions == set.policies[0].conditions)
        let store = try World.store()
        let compiled = CompiledPolicySet(set).authorize(World.request, entities: store)
        #expect(compiled == authorize(World.request, policies: set, entities: store))
        #expect(compiled.errors.isEmpty == !"[{".contains(open.prefix(1)))
    }

    @Test("takes long chains, which nest nothing, and evaluates them", arguments: ["&&", "||"])
    func logicalChains(sign: String) throws {
        let chain = Array(repeating: sign == "&&" ? "true" : "false", count: 10_000).joined(separator: " \(sign) ")
        #expect(try Expression.parse(chain).depth == 2)
        #expect(try World.evaluate(chain) == .bool(sign == "&&"))
    }

    @Test("takes long sums, products and sets")
    func arithmeticChains() throws {
        let ones = Array(repeating: "1", count: 10_000)
        #expect(try World.evaluate(ones.joined(separator: " + ")) == .long(10_000))
        #expect(try World.evaluate(ones.joined(separator: " * ")) == .long(1))
        #expect(try World.evaluate("[\(ones.joined(separator: ","))]") == .set([.long(1)]))
    }

    @Test("bounds bytes and policies of a text")
    func sizes() {
        let policy = "permit(principal,action,resource);"
        let bytes = #expect(throws: CedarSyntaxError.self) {
            try PolicySet.parse(policy, limits: SyntaxLimits(maxBytes: 33))
        }
        #expect(bytes?.diagnostics.first?.message == "the text has 34 bytes, more than 33")
        let policies = #expect(throws: CedarSyntaxError.self) {
            try PolicySet.parse(policy + policy + policy, limits: SyntaxLimits(maxPolicies: 2))
        }
        #expect(policies?.diagnostics.first?.message == "more than 2 policies in one text")
    }

    @Test(
        "bounds the elements of a set, a record and a list of a text",
        arguments: [
            ("[1, 2, 3]", "[1, 2, 3, 4]", 52), ("{a: 1, b: 2, c: 3}", "{a: 1, b: 2, c: 3, d: 4}", 61),
            (#"action in [A::"1", A::"2", A::"3"] || true"#, #"action in [A::"1", A::"2", A::"3", A::"4"]"#, 77),
        ]
    )
    func elements(_ allowed: String, _ refused: String, column: Int) throws {
        func parse(_ expression: String) throws -> PolicySet {
            let text = "permit(principal,action,resource) when { \(expression) };"
            return try PolicySet.parse(text, limits: SyntaxLimits(maxElements: 3))
        }
        #expect(try parse(allowed).policies.count == 1)
        let error = #expect(throws: CedarSyntaxError.self) { try parse(refused) }
        #expect(error?.diagnostics.map(\.message) == ["more than 3 elements in one list"])
        #expect(error?.diagnostics.first?.position.column == column)
    }

    @Test("no set that fits into a policy set of a cluster is too large")
    func clusterSets() {
        // Two bytes are the least for an element; 256 KiB the most for a text.
        #expect(SyntaxLimits.standard.maxElements > (256 << 10) / 2)
    }

    @Test("no prefix and no single changed byte of a policy crashes it")
    func damaged() {
        let text =
            #"@id("a") permit(principal is A::B in ?principal, action in [Action::"x"], resource) when "#
            + #"{ if context has a.b then -1 < 2 * 3 + 4 else ["s"].contains(ip("::1")) || {a: !true}.a like "x*\u{e9}" };"#
        let bytes = Array(text.utf8)
        for end in bytes.indices { _ = try? PolicySet.parse(String(decoding: bytes[..<end], as: UTF8.self)) }
        var refused = 0
        for index in bytes.indices {
            for byte in Array("(\"\\.;:?@'\0\n1a".utf8) {
                var changed = bytes
                changed[index] = byte
                if (try? PolicySet.parse(String(decoding: changed, as: UTF8.self))) == nil { refused += 1 }
            }
        }
        #expect(refused > bytes.count)
        #expect((try? PolicySet.parse(text))?.templates.count == 1)
    }
}
