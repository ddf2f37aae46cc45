import ArgumentParser
import Cedar
import Directory
import Foundation
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

    /// A template for reading, with the same as JSON, and two links in the two forms that there are.
    private func writeTemplates() throws {
        let text = """
            @id("own") forbid (principal, action, resource) when { resource has closed };
            @id("read")
            permit (principal == ?principal, action == Action::"read", resource in ?resource);
            """
        try folder.write(text, to: "templates.cedar")
        let links = #"""
            [{"template_id": "read", "link_id": "bot-reads",
              "args": {"?principal": "Agent::\"bot\"", "?resource": "Doc::\"d1\""}},
             {"templateId": "read", "newId": "ann-reads",
              "values": {"?principal": {"type": "Agent", "id": "ann"}, "?resource": {"type": "Doc", "id": "d1"}}}]
            """#
        try folder.write(links, to: "links.json")
        var set = try PolicySet.parse(text, naming: .byAnnotation)
        for link in try TemplateLink.parseAll(json: links.utf8) { try set.link(link) }
        try folder.write(set.jsonText(), to: "templates.json")
        try folder.write("permit (principal, action, resource) when {", to: "broken.cedar")
    }

    private func world(_ file: String, links: Bool = false) throws -> PolicyWorld {
        try PolicyWorld(
            policies: ["\(folder.path)/\(file)"],
            links: links ? TemplateLinks("\(folder.path)/links.json") : .none,
            entities: nil
        )
    }

    @Test("templates decide by what is linked from them, from a file of links or in JSON") func templates() throws {
        try writeTemplates()
        let request = Request(
            principal: EntityUID(type: "Agent", id: "bot"),
            action: EntityUID(type: "Action", id: "read"),
            resource: EntityUID(type: "Doc", id: "d1")
        )
        let linked = try world("templates.cedar", links: true).explain(request)
        #expect(linked.isAllowed && linked.text.contains("templates/bot-reads, line 2"), "\(linked.text)")
        let inJSON = try world("templates.json").explain(request)
        #expect(inJSON.isAllowed && inJSON.text.contains("templates/bot-reads, line "), "\(inJSON.text)")
        let alone = try world("templates.cedar").explain(request)
        #expect(
            !alone.isAllowed && alone.code == "no_permit" && !alone.text.contains("templates/read"),
            "\(alone.text)"
        )
        // A cluster has nothing to link with.
        let text = try PolicyFile("\(folder.path)/templates.cedar").text()
        #expect(throws: PolicyTextError.self) { try ActivePolicySet(name: "s", version: 0, text: text) }
    }

    @Test("links stand in a test file, or its name does", arguments: [true, false]) func testLinks(inPlace: Bool) throws
    {
        try writeTemplates()
        let links =
            inPlace
            ? #"[{template_id: read, link_id: bot-reads, args: {"?principal": 'Agent::"bot"', "?resource": 'Doc::"d1"'}}]"#
            : "links.json"
        try folder.write(
            """
            policies: [templates.cedar]
            links: \(links)
            tests:
            - principal: Agent::"bot"
              action: Action::"read"
              resource: Doc::"d1"
              expect: allow
              decided_by: [bot-reads]
            """,
            to: "links.yaml"
        )
        let document = try #require(try YAMLDocument.load("\(folder.path)/links.yaml").first)
        let result = try #require(try PolicyTestFile(document).run().first)
        #expect(result.isAsExpected, "\(result.text)")
    }

    @Test(
        "what cannot be linked is said with the place of the link",
        arguments: [
            (#"[{"template_id": "nobody", "link_id": "x", "args": {}}]"#, "[0]: there is no template `nobody`"),
            (#"[{"template_id": "own", "link_id": "x", "args": {}}]"#, "[0]: there is no template `own`"),
            (
                #"[{"template_id": "read", "link_id": "x", "args": {"?resource": "D::\"d\""}}]"#,
                "[0]: the template `read` needs a value for `?principal`"
            ),
            (#"[{"template_id": "read", "link_id": "x"}]"#, "[0].args: missing"),
        ]
    )
    func badLinks(links: String, expected: String) throws {
        try writeTemplates()
        try folder.write(links, to: "links.json")
        let error = #expect(throws: CommandError.self) { try world("templates.cedar", links: true) }
        #expect("\(try #require(error))".contains(expected), "\(String(describing: error))")
    }

    @Test("a check validates templates and what is linked from them, and lets be what a faulty file may have")
    func checkLinks() throws {
        try writeTemplates()
        func reports(_ files: String..., as links: TemplateLinks) throws -> [PolicyReport] {
            let schema = try Schema.parse(
                "entity Agent; entity Doc in Doc; action read appliesTo { principal: Agent, resource: Doc };"
            )
            let files = try files.map { try PolicyFile("\(folder.path)/\($0)") }
            return try zip(files, PolicyReport.read(files, links: links)).map {
                try PolicyReport($0, $1, validator: Validator(schema))
            }
        }
        let links = try TemplateLinks("\(folder.path)/links.json")
        let good = try reports("docs.cedar", "templates.cedar", as: links)[1]
        #expect(good.text.hasSuffix("templates.cedar: 3 policies, 1 template\n"), "\(good.text)")
        let bad = TemplateLinks(
            [
                TemplateLink(
                    template: "read",
                    id: "x",
                    values: [.principal: EntityUID(type: "User", id: "u"), .resource: EntityUID(type: "Doc", id: "d")]
                )
            ],
            at: "here"
        )
        let found = try reports("templates.cedar", as: bad)[0]
        #expect(found.text.contains("there is no entity type `User`") && found.text.contains(":2:1"), "\(found.text)")
        #expect(throws: CommandError.self) { try reports("docs.cedar", as: links) }
        #expect(try reports("docs.cedar", "broken.cedar", as: links).map { $0.count(.error) > 0 } == [true, true])
        #expect(throws: CommandError.self) { try reports("templates.cedar", "templates.cedar", as: links) }
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
            return try self.report(PolicyFile("\(folder.path)/\(name)"), set: set)
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
        let recorded = try RecordedRequests("\(folder.path)/requests.jsonl").requests
        #expect(recorded.map(\.isAllowed) == [true, nil, nil])
        let requests = recorded.map(\.request)
        #expect(requests.map(\.action.description) == [#"Action::"read""#, #"Action::"read""#, #"X::Action::"a""#])
        #expect(requests.map(\.context) == [.empty, ["secret": .bool(true)], .empty])
        let world = try PolicyWorld(
            policies: ["\(folder.path)/docs.cedar"],
            entities: "\(folder.path)/entities.json"
        )
        #expect(requests.map { world.decide($0).isPermitted } == [true, false, false])
        for bad in ["{}", #"{"principal":"A::\"b\"","action":"c","resource":"D::\"e\"","result":"perhaps"}"#] {
            try folder.write(bad + "\n", to: "bad.jsonl")
            let error = #expect(throws: CommandError.self) { try RecordedRequests("\(folder.path)/bad.jsonl") }
            #expect("\(try #require(error))".contains("bad.jsonl:1"))
        }
    }

    /// What comes of one request by either version, recorded twice.
    private func comparison(_ old: String, _ new: String, recorded: Bool? = nil) throws -> PolicyComparison {
        func world(_ text: String) throws -> PolicyWorld {
            PolicyWorld(sets: [try ActivePolicySet(name: "s", version: 0, text: text)], entities: .empty)
        }
        let request = Request(
            principal: EntityUID(type: "Agent", id: "bot"),
            action: EntityUID(type: "Action", id: "read"),
            resource: EntityUID(type: "Doc", id: "d1")
        )
        let line = RecordedRequests.Recorded(request: request, isAllowed: recorded)
        return PolicyComparison(before: try world(old), after: try world(new), [line, line])
    }

    @Test(
        "a decision that stays yes or no changes with what comes with it, and for how long it holds",
        arguments: [
            (#"@obligation("approval")"#, "", "obligation  approval -> none"),
            ("", #"@advice("ask")"#, "advice      none -> ask"),
            ("", #"@max_age("5s")"#, "max age     none -> 5s"),
            (#"@max_age("5500ms")"#, #"@max_age("4s")"#, "max age     5500ms -> 4s"),
            ("", "@allow_restricted", "restricted  principals are permitted it, too"),
            ("@allow_restricted", "", "restricted  principals are no longer permitted it, too"),
            (
                #"@max_age("5s") @obligation("a") permit (principal, action, resource);"#, "",
                "terms       up to 5s a, then none -> none"
            ),
        ]
    )
    func duties(_ old: String, _ new: String, _ expected: String) throws {
        let rule = " permit (principal, action, resource);"
        let found = try comparison(old + rule, new + rule)
        #expect(found.changes.count == 1 && found.changes.first?.count == 2)
        #expect(found.text.contains("ALLOW -> ALLOW") && found.text.contains("  \(expected)\n"), "\(found.text)")
        #expect(found.text.hasSuffix("2 of 2 requests are decided otherwise\n"))
        #expect(try comparison(old + rule, old + rule).changes.isEmpty)
    }

    @Test("in JSON the reasons are those of everywhere else") func codes() throws {
        let json = try comparison(#"@obligation("a") permit (principal, action, resource);"#, "").json
        let change = try #require(json["changes"]?.arrayValue?.first)
        #expect(change["before"]?["code"] == "allowed" && change["after"]?["code"] == "no_permit")
        #expect(change["before"]?["obligations"] == ["a"] && change["after"]?["obligations"] == [])
    }

    @Test("what the policies so far do not come to is told") func unreproduced() throws {
        let rule = "permit (principal, action, resource);"
        let found = try comparison(rule, rule, recorded: false)
        #expect(found.changes.isEmpty && found.unreproduced == 2)
        #expect(found.text.contains("2 of 2 requests do not come out as recorded"))
        #expect(found.json["otherwise_than_recorded"] == 2)
        let same = try comparison(rule, rule, recorded: true)
        #expect(same.unreproduced == 0 && !same.text.contains("recorded"))
    }

    private func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
    }

    @Test("files of one name are told apart by their folders, and one named twice is refused") func names() throws {
        for name in ["d1", "d2"] {
            try makeFolder(name)
            try folder.write(#"@id("p1") permit (principal, action, resource);"#, to: "\(name)/x.cedar")
        }
        try folder.write("", to: "y.cedar")
        func names(_ files: [String]) throws -> [String] {
            try PolicyWorld.sets(files.map { "\(folder.path)/\($0)" }).map(\.name)
        }
        #expect(try names(["d1/x.cedar", "d2/x.cedar", "y.cedar"]) == ["d1/x", "d2/x", "y"])
        #expect(try names(["d1", "d2"]) == ["d1/x", "d2/x"])
        #expect(try names(["d1/x.cedar"]) == ["x"])
        let error = #expect(throws: CommandError.self) { try names(["d1", "d1/x.cedar"]) }
        #expect("\(try #require(error))".contains("named twice"))
    }

    @Test("a test may expect a reason, obligations, advice, and a policy of one of several sets") func expectations()
        throws
    {
        try makeFolder("d1")
        try folder.write(
            """
            @id("p1") @obligation("approval, receipt") @advice("ask the owner")
            permit (principal, action, resource) when { !(context has bad) };
            @id("f") forbid (principal, action, resource) when { context has bad && context.bad };
            """,
            to: "d1/docs.cedar"
        )
        let results = try {
            try folder.write(
                """
                policies: [docs.cedar, d1/docs.cedar]
                tests:
                - {\(Self.inline), expect: allow, code: allowed, obligations: [receipt, approval], advice: [ask the owner]}
                - {\(Self.inline), expect: allow, obligations: [approval]}
                - {\(Self.inline), expect: allow, advice: []}
                - {\(Self.inline), expect: allow, decided_by: [d1/docs/p1]}
                - {\(Self.inline), expect: allow, decided_by: [docs/p1]}
                - {\(Self.inline), context: {bad: true}, expect: deny, code: forbidden, obligations: []}
                - {\(Self.inline), context: {bad: 1}, expect: deny, code: forbidden}
                """,
                to: "expectations.yaml"
            )
            return try YAMLDocument.load("\(folder.path)/expectations.yaml").flatMap { try PolicyTestFile($0).run() }
        }()
        #expect(results.map(\.isAsExpected) == [true, false, false, true, false, true, false])
        #expect(results[1].text.contains("expected    allow with obligations approval\n"))
        #expect(
            results[1].text.contains("  obligation  approval\n  obligation  receipt\n  advice      ask the owner\n")
        )
        #expect(results[2].text.contains("expected    allow with no advice\n"))
        #expect(results[6].text.contains("(policy_error)") && results[6].text.contains("when cannot be evaluated: "))
    }

    private static let inline = #"principal: 'Agent::"bot"', action: 'Action::"read"', resource: 'Doc::"d1"'"#

    @Test("a denial for which nothing came close says that there is nothing") func noReason() throws {
        try folder.write(#"permit (principal, action == Action::"write", resource);"#, to: "write.cedar")
        let world = try PolicyWorld(policies: ["\(folder.path)/write.cedar"], entities: nil)
        let request = Request(
            principal: EntityUID(type: "Agent", id: "bot"),
            action: EntityUID(type: "Action", id: "read"),
            resource: EntityUID(type: "Doc", id: "d1")
        )
        #expect(world.explain(request).text.contains("reason      no permit is for this action"))
    }

    private func report(_ text: String, _ name: String = "c.cedar", set: String? = nil, schema: String? = nil) throws
        -> PolicyReport
    {
        try folder.write(text, to: name)
        let validator = try schema.map { Validator(try Schema.parse($0)) }
        return try report(PolicyFile("\(folder.path)/\(name)"), validator: validator, set: set)
    }

    private func report(_ file: PolicyFile, validator: Validator? = nil, set: String? = nil) throws -> PolicyReport {
        try PolicyReport(file, PolicyReport.read([file], links: .none)[0], validator: validator, set: set)
    }

    @Test("a plain check warns of texts that are not what they look like, and each way of checking once")
    func confusables()
        throws
    {
        let text = "permit (principal, action, resource) when { resource.name == \"p\u{0430}y\" };"
        let schema = "entity U; entity D { name: String }; action a appliesTo { principal: U, resource: D };"
        for report in [
            try report(text), try report(text, schema: schema), try report(text, set: "app", schema: schema),
        ] {
            let told = report.text.components(separatedBy: "look alike").count - 1
            #expect(told == 1 && report.count(.error) == 0, "\(report.text)")
        }
        let faulty = try report(
            "permit (principal, action, resource) when { ip(\"999.1.1.1\").isIpv4() };",
            set: "app",
            schema: schema
        )
        #expect(faulty.text.components(separatedBy: "no IP address").count == 2, "\(faulty.text)")
    }

    @Test("what a cluster refuses is shown with its line") func refusedBySet() throws {
        let found = try report(
            "permit (principal, action, resource);\n  @max_age(\"1s\")\npermit (principal, action, resource);",
            set: "app"
        )
        #expect(
            found.text.contains("c.cedar:2:3\n") && found.text.contains("2 |   @max_age(\"1s\")\n  |   ^"),
            "\(found.text)"
        )
    }

    @Test(
        "a schema is told from policies",
        arguments: [
            ("s.cedarschema", "entity ;"), ("s.cedar", "entity U;"),
            ("s.json", #"{"": {"entityTypes": {"U": {}}, "actions": {}}}"#),
        ]
    )
    func schemas(_ name: String, _ text: String) throws {
        #expect(try report(text, name).text.contains("this is a schema, not policies"))
        #expect(try PolicyFile("\(folder.path)/\(name)").isSchema)
    }

    @Test("faulty policies and empty ones are no schema", arguments: ["permit;", "", "entity", "{}}"])
    func noSchemas(_ text: String) throws {
        try folder.write(text, to: "p.cedar")
        #expect(try !PolicyFile("\(folder.path)/p.cedar").isSchema)
    }

    @Test("a file that is none is told from a folder") func kinds() throws {
        func failure(_ read: @autoclosure () throws -> Any) -> String {
            do { _ = try read() } catch { return "\(error)" }
            return "none"
        }
        let missing = "\(folder.path)/none"
        #expect(failure(try PolicyFile(missing)) == "\(missing): there is no such file")
        #expect(failure(try PolicyFile(folder.path)) == "\(folder.path): is a folder, not a file")
        #expect(failure(try PolicyWorld.entities(folder.path)) == "\(folder.path): is a folder, not a file")
        #expect(failure(try PolicyWorld.sets([missing])) == "\(missing): there is no such file or folder")
        #expect(failure(try RecordedRequests(missing)) == "\(missing): there is no such file")
    }

    @Test("a check takes a level and a mode with a schema alone") func modes() throws {
        #expect(throws: (any Error).self) { try PolicyCheck.parse(["a.cedar", "--level", "1"]) }
        #expect(throws: (any Error).self) { try PolicyCheck.parse(["a.cedar", "--permissive"]) }
        #expect(throws: (any Error).self) { try PolicyCheck.parse(["a.cedar", "--schema", "s", "--level", "-1"]) }
        let check = try PolicyCheck.parse(["a.cedar", "--schema", "s", "--level", "1", "--permissive"])
        #expect(check.level == 1 && check.permissive)
    }
}
