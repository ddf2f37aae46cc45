import ArgumentParser
import JSON
import Testing

@testable import reeve

@Suite("What apply says before it changes anything") struct PlanTests {
    private static func plan(_ text: String) throws -> Plan {
        let declarations = try YAMLDocument.parse(text, file: "f.yaml").map { document in
            try Declaration.read(document) { _ in "" }
        }
        return Plan(steps: declarations.map { Plan.Step(declaration: $0, change: .create, revision: nil) })
    }

    private static let directory: StubNode.Respond = { heard in
        heard.line == "GET /v1/principals/user/alice" ? .json(200, [:]) : .problem(404, "not_found")
    }

    @Test("what is referred to must be declared or there, and each thing that is not is named") func references()
        async throws
    {
        let node = try await StubNode("n1", Self.directory)
        func check(_ text: String) async throws -> String {
            let plan = try Self.plan(text)
            return try await StubNode.withClient(node.node) { client in
                await message { try await Applier(client: client).check(plan) }
            }
        }
        let whole = """
            kind: Agent
            name: a
            owner: user/alice
            ---
            kind: Role
            name: r
            ---
            kind: Assignment
            principal: agent/a
            role: r
            """
        #expect(try await check(whole) == "no error")
        let text = try await check(
            """
            kind: Agent
            name: y
            owner: user/nope
            ---
            kind: Assignment
            principal: agent/y
            role: none
            ---
            kind: Resource
            type: Tool
            id: t
            owner: user/nope
            parents: [{type: Tool, id: up}]
            """
        )
        for line in [
            "f.yaml:1:1 (agent/y): there is no user/nope",
            "f.yaml:5:1 (assignment/agent.y.none): there is no role/none",
            #"f.yaml:9:1 (resource/Tool::"t"): there is no resource/Tool::"up""#,
            #"(resource/Tool::"t"): there is no user/nope"#, "nothing was changed",
        ] { #expect(text.contains(line), "\(text)") }
        #expect(node.heard.allSatisfy { $0.line.hasPrefix("GET ") })
        #expect(node.heard.count { $0.line == "GET /v1/principals/user/nope" } == 1)
    }

    @Test("policies are reviewed as when they are drafted, and refused where that is asked for") func review() throws {
        let plan = try Self.plan(
            #"""
            kind: PolicySet
            name: ws
            text: 'permit (principal, action, resource == Report::"x") when { resource.closed };'
            """#
        )
        let warnings = try PlanReview(plan, isStrict: false).warnings
        #expect(warnings.first?.contains("f.yaml:1:1 (policy-set/ws), line 1, column ") == true, "\(warnings)")
        #expect(throws: CommandError.self) { _ = try PlanReview(plan, isStrict: true) }
        let fine = try Self.plan("kind: PolicySet\nname: ws\ntext: 'permit (principal, action, resource);'")
        #expect(try PlanReview(fine, isStrict: true).warnings.isEmpty)
    }

    @Test("what was done is told, and how far an apply has come that failed") func words() throws {
        let plan = try Self.plan("kind: Role\nname: r\n---\nkind: Role\nname: s")
        #expect(plan.summary == "2 to create, 0 to update, 0 unchanged")
        #expect(plan.outcome == "2 created, 0 updated, 0 unchanged")
        let error = plan.interrupted(after: 1, by: CommandError("refused", at: "f.yaml:1:1"))
        #expect(
            "\(error)" == "f.yaml:1:1: refused\n  1 of 2 changes was made; run it again after you have corrected this"
        )
    }
}
