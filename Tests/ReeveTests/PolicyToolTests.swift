import Cedar
import Directory
import JSON
import TestSupport
import Testing

@testable import reeve

@Suite("Tools for policy files") struct PolicyToolTests {
    private let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory()
        try folder.write(
            """
            @id("readers")
            permit (principal in Role::"reader", action == Action::"read", resource);
            @id("no-secrets")
            forbid (principal, action, resource) when { context has secret && context.secret };
            """,
            to: "docs.cedar"
        )
        try folder.write(
            #"[{"uid": {"type": "Agent", "id": "bot"}, "attrs": {}, "parents": [{"type": "Role", "id": "reader"}]}]"#,
            to: "entities.json"
        )
    }

    private func results(_ tests: String) throws -> [PolicyTestCase.Result] {
        try folder.write("policies: [docs.cedar]\nentities: entities.json\ntests:\n" + tests, to: "tests.yaml")
        return try YAMLDocument.load("\(folder.path)/tests.yaml").flatMap { try PolicyTestFile($0).run() }
    }

    private static let request = """
          principal: Agent::"bot"
          action: Action::"read"
          resource: Doc::"d1"

        """

    @Test("a test is held to the decision and to the policies that it names") func expected() throws {
        let results = try results(
            """
            - name: reads
            \(Self.request)
              expect: allow
              decided_by: [readers]
            - name: not secrets
            \(Self.request)
              context: {secret: true}
              expect: deny
              decided_by: [no-secrets]
            - name: wrong decision
            \(Self.request)
              expect: deny
            - name: wrong policy
            \(Self.request)
              expect: allow
              decided_by: [no-secrets]
            """
        )
        #expect(results.map(\.isAsExpected) == [true, true, false, false])
        #expect(results[2].text.contains("expected    deny") && results[2].text.contains("docs/readers, line 1"))
    }

    @Test("entities may stand in the test file, and a denial says what is missing") func inline() throws {
        try folder.write(
            """
            policies: [docs.cedar]
            entities: [{uid: {type: Agent, id: bot}, attrs: {}, parents: []}]
            tests:
            - principal: Agent::"bot"
              action: Action::"read"
              resource: Doc::"d1"
              expect: allow
            """,
            to: "inline.yaml"
        )
        let document = try #require(try YAMLDocument.load("\(folder.path)/inline.yaml").first)
        let result = try #require(try PolicyTestFile(document).run().first)
        #expect(!result.isAsExpected)
        #expect(result.text.contains(#"would apply with  Agent::"bot" in Role::"reader""#), "\(result.text)")
    }

    @Test(
        "what is wrong with a test file is said with its place",
        arguments: [
            ("- principal: bot", "tests.yaml:4:3"), ("- expect: maybe", "principal"),
            (#"- {principal: 'A::"b"', action: 'Action::"c"', resource: 'D::"e"'}"#, "expect: is missing"),
            (
                #"- {principal: 'A::"b"', action: 'Action::"c"', resource: 'D::"e"', expect: deny, x: 1}"#,
                "unknown field"
            ),
        ]
    )
    func faults(_ tests: String, _ expected: String) throws {
        let error = #expect(throws: CommandError.self) { try results(tests) }
        #expect("\(try #require(error))".contains(expected))
    }

    @Test("a check for a set of a cluster says what that would say of a draft") func check() throws {
        func report(_ text: String, _ name: String = "a.cedar", as set: String? = "app") throws -> PolicyReport {
            try folder.write(text, to: name)
            return try PolicyReport(PolicyFile("\(folder.path)/\(name)"), validator: nil, set: set)
        }
        let open = "permit (principal, action, resource) when { resource.closed };"
        let found = try report(open)
        #expect(found.count(.warning) == 1 && found.count(.error) == 0)
        #expect(found.text.contains("a.cedar:1:45") && found.text.contains("may have no attribute \"closed\""))
        #expect(try report(open, as: nil).count(.warning) == 0)
        let administration = "permit (principal, action == Reeve::Action::\"read\", resource);"
        #expect(try report(administration, as: "reeve.admin").count(.warning) == 0)
        #expect(try report(administration).count(.warning) == 1)
        let stale = try report("@max_age(\"1s\") permit (principal, action, resource);")
        #expect(stale.count(.error) == 1 && stale.text.contains("@max_age is at least"))
        #expect(try report("{}", "a.json").count(.error) == 1)
    }

    @Test("warnings of a draft are told with their places") func warnings() {
        let answer: JSONValue = [
            "version": 1, "warnings": [["line": 2, "column": 8, "message": "odd"], ["line": 3]],
        ]
        #expect(DraftWarnings.lines(answer) { "f.cedar:\($0):\($1)" } == ["f.cedar:2:8: warning: odd"])
        #expect(DraftWarnings.lines([:]) { "\($0)\($1)" } == [])
    }

    @Test("recorded requests are lines of the decision log, or Cedar's own form") func recorded() throws {
        try folder.write(
            #"""
            {"subject":{"type":"Agent","id":"bot"},"action":"read","resource":{"type":"Doc","id":"d1"},"result":"allow"}
            {"principal":"Agent::\"bot\"","action":"Action::\"read\"","resource":"Doc::\"d1\"","context":{"secret":true}}
            {"principal":{"type":"Agent","id":"bot"},"action":{"type":"X::Action","id":"a"},"resource":"Doc::\"d1\""}
            """#,
            to: "requests.jsonl"
        )
        let requests = try RecordedRequests("\(folder.path)/requests.jsonl").requests
        #expect(requests.map(\.action.description) == [#"Action::"read""#, #"Action::"read""#, #"X::Action::"a""#])
        #expect(requests.map(\.context) == [.empty, ["secret": .bool(true)], .empty])
        let world = try PolicyWorld(
            policies: ["\(folder.path)/docs.cedar"],
            entities: "\(folder.path)/entities.json"
        )
        #expect(requests.map { world.decide($0).isPermitted } == [true, false, false])
        try folder.write("{}\n", to: "bad.jsonl")
        let error = #expect(throws: CommandError.self) { try RecordedRequests("\(folder.path)/bad.jsonl") }
        #expect("\(try #require(error))".contains("bad.jsonl:1"))
    }
}
