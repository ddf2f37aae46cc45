import JSON
import Testing

@testable import Cedar

@Suite("The function unknown") struct UnknownFunctionTests {
    static let limits = SyntaxLimits(allowsUnknowns: true)
    static let request = Request(principal: user, action: user, resource: user)
    static let user = EntityUID(type: "User", id: "a")

    static func policies(_ condition: String) throws -> PolicySet {
        try PolicySet.parse("permit (principal, action, resource) when { \(condition) };", limits: limits)
    }

    @Test("is none of the language unless it is asked for") func refused() throws {
        let text = #"permit (principal, action, resource) when { unknown("a") };"#
        let error = #expect(throws: CedarSyntaxError.self) { try PolicySet.parse(text) }
        #expect(error?.diagnostics.map(\.message) == ["there is no function `unknown`"])
        let policies = try PolicySet.parse(text, limits: Self.limits)
        let json = try PolicyJSON.write(policies).serialized()
        #expect(throws: CedarJSONError.self) { try PolicyJSON.parse(json) }
        let read = try PolicyJSON.parse(json, limits: Self.limits)
        #expect(read.policies.map(\.conditions) == policies.policies.map(\.conditions))
    }

    @Test(
        "has no value, and fails a decision that needs one",
        arguments: [
            (#"unknown("a")"#, ["unknown: the value of \"a\" is not known"]),
            (#"unknown("a") == unknown("a")"#, ["unknown: the value of \"a\" is not known"]),
            (#"unknown(1)"#, ["type error: expected string, got long"]),
            (#"true || unknown("a")"#, []),
            (#"{x: unknown("a"), y: 1}.y == 1"#, []),
            (#"{a: {x: unknown("a"), y: [1]}, b: 2}.a.y.contains({x: unknown("b"), z: 1}["z"])"#, []),
            (#"(if true then {x: [unknown("a")], y: true} else {y: 1}).y"#, []),
            (#"{x: unknown("a"), y: 1}.x == 1"#, ["unknown: the value of \"a\" is not known"]),
            (#"{x: unknown("a"), y: 1}.z == 1"#, ["the record has no attribute \"z\""]),
            (#"{x: unknown("a") + 1, y: true}.y"#, ["unknown: the value of \"a\" is not known"]),
            (#"{x: unknown("a"), y: true, z: 1 + ""}.y"#, ["unknown: the value of \"a\" is not known"]),
            (#"{x: unknown("a"), y: 1} has y"#, ["unknown: the value of \"a\" is not known"]),
        ]
    )
    func evaluation(condition: String, errors: [String]) throws {
        let policies = try Self.policies(condition)
        let response = authorize(Self.request, policies: policies, entities: EntityStore.empty)
        #expect(response.errors.map { "\($0.error)" } == errors)
        #expect((response.decision == .allow) == errors.isEmpty)
        var compiled = CompiledEvaluator(Self.request, entities: EntityStore.empty)
        compiled.evaluate(CompiledPolicySet(policies))
        let failures = compiled.failures
        #expect(failures.map { "\($0.error)" } == errors)
    }

    @Test("is left in what a policy comes to in part") func residual() throws {
        let policy = try #require(try Self.policies(#"1 + 1 == 2 && unknown("a") == 1 + 1"#).policies.first)
        let request = PartialRequest(principal: .unknown(nil), action: .known(Self.user), resource: .known(Self.user))
        var evaluator = PartialEvaluator(request: request, entities: EntityStore.empty)
        guard case .residual(let rest) = evaluator.outcome(of: policy) else {
            Issue.record("is no residual")
            return
        }
        #expect("\(rest)" == #"unknown("a") == 2"#)
    }

    @Test(
        "does not keep the other fields of its record from being known, as in the reference",
        arguments: [
            (#"{x: unknown("a"), y: 1}.y"#, "1"), (#"{x: unknown("a"), y: 1 + 1}.y == 2"#, "true"),
            (#"{x: [unknown("a"), {z: principal}], y: principal}.y"#, "principal"),
            (#"{x: unknown("a"), y: 1}.x"#, #"unknown("a")"#), (#"{x: {z: unknown("a"), y: 3}}.x.y"#, "3"),
            // What can fail stays.
            (#"{x: unknown("a") + 1, y: 1}.y"#, #"{x: unknown("a") + 1, y: 1}.y"#),
            (#"{x: principal.n, y: 1}.y"#, "{x: principal.n, y: 1}.y"),
        ]
    )
    func projection(text: String, expected: String) throws {
        let expression = try Expression.parse(text, limits: Self.limits)
        let request = PartialRequest(principal: .unknown(nil), action: .known(Self.user), resource: .known(Self.user))
        var evaluator = PartialEvaluator(request: request, entities: EntityStore.empty)
        switch try evaluator.evaluate(expression) {
        case .value(let value): #expect("\(value)" == expected)
        case .residual(let rest): #expect("\(rest)" == expected)
        }
        let missing = try Expression.parse(#"{x: unknown("a")}.y"#, limits: Self.limits)
        let error = #expect(throws: EvaluationError.self) { _ = try evaluator.evaluate(missing) }
        #expect(error?.reason == .noSuchField("y"))
    }

    @Test(
        "fits where any type is wanted, as to the reference",
        arguments: [
            (#"unknown("a")"#, []), (#"unknown("a") == 1"#, []), (#"unknown("a") < 1"#, []),
            (#"ip("10.0.0.1").isInRange(unknown("a"))"#, []), (#"unknown(1)"#, ["expected String, found Long"]),
        ]
    )
    func validation(condition: String, faults: [String]) throws {
        let schema = try Schema.parse("entity User; action a appliesTo { principal: User, resource: User };")
        let report = Validator(schema).validate(try Self.policies(condition))
        #expect(report.errors.map { "\($0.reason)" } == faults)
    }
}
