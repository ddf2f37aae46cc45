import Cedar
import Directory
import Foundation
import Testing

@Suite("What is said of policies that parse") struct PolicyReviewTests {
    static func review(_ text: String, of set: String = "app") throws -> [String] {
        try PolicyReview(ActivePolicySet(name: set, version: 1, text: text)).findings.map {
            "\($0.diagnostic.position) \($0.diagnostic.message)"
        }
    }

    static func condition(_ text: String, of set: String = "app") throws -> [String] {
        try review("permit (principal, action, resource) when { \(text) };", of: set)
            .map { String($0.drop { $0 != " " }.dropFirst()) }
    }

    @Test(
        "nothing of what may be meant so",
        arguments: [
            "true", "resource has closed && resource.closed", "context has amount && context.amount < 5",
            "principal.status == \"active\"", "principal has owner && principal.owner == User::\"a\"",
            "principal has parent && principal.parent.team == 1",
            "context.reeve.age_ms < 100", "context.action has cost && context.action.cost.cents + 1 > 2",
            "context has source && ip(context.source).isInRange(ip(\"10.0.0.0/8\"))",
            "principal in Role::\"a\"", "resource in Folder::\"a\"", "principal is Customer && principal has vip",
            "[Action::\"read\", Action::\"list\"].contains(action)",
            "resource is Agent && resource.status == \"active\"",
            "context has tags && context.tags.contains(\"a\") && context.tags.isEmpty()",
            "context has a.b.c && context.a.b.c like \"x*\"", "resource == principal",
            "principal in resource && resource != principal",
        ]
    )
    func silence(condition: String) throws { #expect(try Self.condition(condition) == []) }

    @Test(
        "what would fail, and what can never be",
        arguments: [
            ("resource.closed", "Resource may have no attribute \"closed\"; test it with `has` before"),
            ("context.amount < 5", #"may have no attribute "amount"; test it with `has` before"#),
            ("context.reeve.age < 5", #"has no attribute "age""#),
            ("principal.status == \"active\" && principal.team", #"Agent may have no attribute "team""#),
            ("1 + \"a\" == 2", "expected Long, found String"), ("ip(\"10.0.0\").isIpv4()", "ip: "),
            ("principal in Team::\"a\"", "the policy applies to no request"),
            ("action == Reeve::Action::\"read\"", "is decided by reeve.admin alone"),
            ("action == Shop::Action::\"buy\"", "actions of requests are of the type `Action`"),
            ("principal is Reeve::Adminstrator", "did you mean `Reeve::Administrator`?"),
            ("principal == User::\"аdmin\"", "letters of scripts that look alike"),
        ]
    )
    func findings(condition: String, message: String) throws {
        let found = try Self.condition(condition)
        #expect(found.contains { $0.contains(message) }, "\(found)")
    }

    @Test("of a scope that nothing fits") func scope() throws {
        #expect(
            try Self.review("permit (principal in Team::\"a\", action, resource);")
                == ["1:1 no request has such a principal, action and resource"]
        )
        #expect(try Self.review("permit (principal, action, resource in Role::\"a\");") == [])
        #expect(try Self.review("permit (principal is Customer, action, resource == Agent::\"a\");") == [])
    }

    @Test("each place once, in the order of the text, and no more than are read") func places() throws {
        let text = """
            permit (principal, action, resource)
            when { principal.team == resource.team };
            permit (principal is Agent, action, resource is Report) when { resource.open };
            """
        #expect(try Self.review(text).map { $0.split(separator: " ")[0] } == ["2:8", "2:26", "3:64"])
        let many = String(repeating: "permit (principal, action, resource) when { resource.a };\n", count: 60)
        let review = try PolicyReview(ActivePolicySet(name: "app", version: 1, text: many))
        #expect(review.findings.count == PolicyReview.maxFindings)
    }

    @Test(
        "in the set that decides about administration",
        arguments: [
            ("action == Reeve::Action::\"putRoles\"", "did you mean `Reeve::Action::\"putRole\"`?"),
            ("action == Action::\"read\"", "reeve.admin decides about actions of `Reeve::Action` alone"),
            ("context.exist", #"has no attribute "exist"; did you mean `exists`?"#),
            ("action == Reeve::Action::\"issueToken\" && context.expiresAt < 5", "expected datetime, found Long"),
            ("principal is Customer", "the policy applies to no request"),
        ]
    )
    func administration(condition: String, message: String) throws {
        let found = try Self.condition(condition, of: "reeve.admin")
        #expect(found.contains { $0.contains(message) }, "\(found)")
    }

    @Test("nothing of the sample's policies") func samples() throws {
        let root = URL(filePath: #filePath).resolvingSymlinksInPath().appending(path: "../../..").standardized
        let folder = root.appending(path: "cluster/sample/policies")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path())
        #expect(files.count > 3)
        for file in files {
            let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
            let set = text.contains("Reeve::Action") ? "reeve.admin" : "sample"
            #expect(try Self.review(text, of: set) == [], "\(file)")
        }
    }

    @Test("not all of a policy that would take long to look at") func bounds() throws {
        let actions = (0..<2000).map { "Action::\"a\($0)\"" }.joined(separator: ", ")
        #expect(try Self.condition("[\(actions)].contains(action) && resource.a") == [])
        let types = (0..<1000).map { "resource is T\($0)" }.joined(separator: " || ")
        #expect(try Self.condition("(\(types)) && resource.a") == [])
        // As many combinations as there may be, each of which takes long: the first is enough to find it.
        let tests = (0..<100).map { "(resource != T\($0)::\"a\" || principal != T\($0)::\"a\")" }
        let chain = String(repeating: tests.joined(separator: " && ") + " && ", count: 30)
        #expect(try Self.condition(chain + "resource.a").count == 1)
    }
}
