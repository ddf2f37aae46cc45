import Testing

@testable import Cedar

@Suite("Steps")
struct StepTests {
    /// Three records, each with ten numbers: 3 + 3 + 30 parts.
    private static func nested() -> Value {
        .set(ValueSet((0..<3).map { row in .record(["k": .set(ValueSet((0..<10).map { .long(row * 100 + $0) }))]) }))
    }

    /// Of 160 bytes, with memory of its own.
    private static func text(_ last: String = "x") -> String { String(repeating: "x", count: 159) + last }
    private static func entity(_ last: String = "x") -> Value { .entity(EntityUID(type: "N", id: text(last))) }
    private static func member(_ number: Int) -> EntityUID { EntityUID(type: "N", id: "\(number)") }

    private static let context: Record = [
        "a": nested(), "b": nested(), "t": .string(text()), "u": .string(text()), "v": .string(text("y")),
        "e": entity(), "f": entity(), "g": entity("y"), "wide": .set(ValueSet((0..<40).map { .long($0) })),
        "few": .set([.long(1), .long(2), .long(3)]), "groups": .set([entity("1"), entity("2"), entity("3")]),
        "child": .entity(member(0)),
    ]
    /// Each is in all that come after it.
    private static let entities = (0..<40).map { number in
        Entity(
            uid: member(number),
            attributes: ["n": .long(Int64(number)), "next": .entity(member(number + 1))],
            tags: Record([(text(), .bool(true))]),
            parents: [member(number + 1)]
        )
    }
    private static let request = Request(
        principal: member(30),
        action: EntityUID(type: "Action", id: "a"),
        resource: member(39),
        context: context
    )

    /// What a test takes, and how much of that is for its nodes: the rest is for what it looks at.
    struct Case: CustomTestStringConvertible {
        let text: String
        let nodes: Int
        let work: Int

        var testDescription: String { text }
    }

    static let cases = [
        Case(text: "context.a == context.b", nodes: 5, work: 36),
        Case(text: "context.a != context.b", nodes: 5, work: 36),
        Case(text: "context.a == context.wide", nodes: 5, work: 0),
        Case(text: "context == context", nodes: 3, work: Self.context.weight),
        Case(text: "context.t == context.u", nodes: 5, work: 10),
        Case(text: "context.t == context.v", nodes: 5, work: 10),
        Case(text: "context.t == \"short\"", nodes: 4, work: 0),
        Case(text: "context.e == context.f", nodes: 5, work: 10),
        Case(text: "context.e == context.g", nodes: 5, work: 0),
        Case(text: "context.few.contains(context.a)", nodes: 5, work: 3 * 36),
        Case(text: "context.wide.contains(context.t)", nodes: 5, work: 6 * 10),
        Case(text: "context.wide.contains(7)", nodes: 4, work: 0),
        Case(text: "context.few.containsAll(context.a)", nodes: 5, work: 3 + 3 * 33),
        Case(text: "context.wide.containsAny(context.a)", nodes: 5, work: 3 + 6 * 33),
        Case(text: "context.a.containsAll(context.wide)", nodes: 5, work: 40),
        Case(text: "[context.a, context.b].isEmpty()", nodes: 6, work: 2 * 72),
        Case(text: "[context.a].isEmpty()", nodes: 4, work: 0),
        Case(text: "[\"text of 20 bytes, a\", \"text of 20 bytes, b\"].isEmpty()", nodes: 4, work: 2 * 2),
        Case(text: "[[1, 2], [3, 4]].isEmpty()", nodes: 8, work: 2 * 4),
        Case(text: "context.t like \"*xxy*\"", nodes: 3, work: 160 * 4 / 16),
        Case(text: "context.t like \"xxy*\"", nodes: 3, work: 10),
        Case(text: "principal in context.groups", nodes: 4, work: 33),
        Case(text: "principal is N in context.groups", nodes: 4, work: 33),
        Case(text: "context.e in context.f", nodes: 5, work: 10 + 10),
        Case(text: "context.e in context.g", nodes: 5, work: 10),
        Case(text: "context.child in N::\"39\"", nodes: 4, work: 40 / 16),
        Case(text: "principal in N::\"39\"", nodes: 3, work: 0),
        Case(text: "principal.hasTag(context.t)", nodes: 4, work: 10),
        Case(text: "principal.getTag(context.t)", nodes: 4, work: 10),
        Case(text: "context.child.getTag(context.t)", nodes: 5, work: 40 / 16 + 10),
        Case(text: "context.child.n == 0", nodes: 5, work: 40 / 16),
        Case(text: "context.child.next.n == 1", nodes: 6, work: 40 / 16 + 39 / 16),
        Case(text: "context.child has n", nodes: 3, work: 40 / 16),
        Case(text: "context.child has next.n", nodes: 3, work: 40 / 16 + 39 / 16),
        Case(text: "principal.n == resource.n || true", nodes: 7, work: 0),
    ]

    @Test("are charged for the size of what is looked at, by both evaluators", arguments: cases)
    func charges(of case: Case) throws {
        let entities = try EntityStore(Self.entities)
        let policies = try PolicySet.parse("permit(principal, action, resource) when { \(`case`.text) };")
        let conditions = try #require(policies.policies.first).conditions
        let code = PolicyCompiler.compile(conditions)
        let expected = `case`.nodes + `case`.work

        func areEnough(_ limit: Int) -> (Bool, Bool) {
            let limits = EvaluationLimits(maxSteps: limit)
            var evaluator = Evaluator(request: Self.request, entities: entities, limits: limits)
            var compiled = CompiledEvaluator(Self.request, entities: entities, limits: limits)
            let value = try? evaluator.bool(conditions[0].body)
            let holds = compiled.run(code.places)
            if value != nil {
                #expect(evaluator.steps == expected)
                #expect(compiled.steps == expected)
                #expect(holds == value)
            }
            return (value != nil, holds != nil && compiled.steps <= limit)
        }
        #expect(areEnough(expected) == (true, true))
        #expect(areEnough(expected - 1) == (false, false))
    }

    @Test("weigh the same for what is equal, however it came to be") func weights() {
        #expect(Self.nested().weight == 36)
        #expect(Value.set([.long(1), .long(1), .string(Self.text())]).weight == 12)
        #expect(Record([(Self.text(), .long(1)), (Self.text(), .set([.long(2)]))]).weight == 12)
        // Twice as heavy with each level: no sum of weights may overflow.
        var doubled = Value.long(1)
        for _ in 0..<100 { doubled = .record(["l": doubled, "r": doubled]) }
        #expect(doubled.weight == Value.maxWeight)
        #expect(Value.set([doubled, .long(1)]).weight == Value.maxWeight)
    }

    @Test("are charged for what a residual holds") func residuals() throws {
        let request = PartialRequest(Self.request, without: .principal)
        let expression = try Expression.parse("principal in context.groups")
        var evaluator = PartialEvaluator(request: request, entities: EntityStore.empty)
        _ = try evaluator.evaluate(expression)
        #expect(evaluator.steps == 6 + 33)
    }
}
