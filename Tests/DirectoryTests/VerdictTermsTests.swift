import Cedar
import Directory
import Kernel
import Testing

private let rest = "permit (principal, action, resource);"

@Suite("What a verdict is worth beside yes or no") struct VerdictTermsTests {
    private func terms(_ text: String) throws -> VerdictTerms {
        let request = Request(
            principal: EntityUID(type: "User", id: "ann"),
            action: EntityUID(type: "Action", id: "read"),
            resource: EntityUID(type: "Doc", id: "d1")
        )
        let set = try ActivePolicySet(name: "set", version: 1, text: text)
        return PolicyVerdict(request, policies: [set], entities: EntityStore.empty).terms
    }

    /// As `upTo obligations advice`, one after the other.
    private func steps(_ text: String) throws -> [String] {
        try terms(text).steps.map { step in
            let age = step.maximumAge.map { "\($0.milliseconds)" } ?? "always"
            return ([age] + step.obligations + step.advice).joined(separator: " ")
        }
    }

    @Test(
        "obligations, advice, and the age up to which there are some",
        arguments: [
            (rest, ["always"]), (rest + rest, ["always"]),
            (#"@obligation("b, a") \#(rest) @obligation("a") @advice("ask") \#(rest)"#, ["always a b ask"]),
            (#"@max_age("5s") \#(rest)"#, ["5000"]),
            (#"@max_age("5s") \#(rest) @max_age("9s") \#(rest)"#, ["9000"]),
            // Nothing is different with the first one.
            (#"@max_age("5s") \#(rest) \#(rest)"#, ["always"]),
            (#"@max_age("5s") @obligation("a") \#(rest) \#(rest)"#, ["5000 a", "always"]),
            (#"@max_age("9s") @obligation("a") \#(rest) @max_age("5s") \#(rest)"#, ["9000 a"]),
            (#"@max_age("5s") @advice("x") \#(rest) @max_age("9s") \#(rest)"#, ["5000 x", "9000"]),
            (#"@obligation("a") forbid (principal, action, resource); \#(rest)"#, ["always a"]),
            ("forbid (principal, action, resource) when { principal.none };", []), ("", []),
        ] as [(String, [String])]
    )
    func steps(_ text: String, _ expected: [String]) throws {
        #expect(try steps(text) == expected)
    }

    @Test("what applies to restricted principals is told apart") func restricted() throws {
        let some = try terms(#"@allow_restricted @max_age("5s") \#(rest) \#(rest)"#)
        #expect(some.maximumAge == nil && some.restrictedSteps.map(\.maximumAge) == [.seconds(5)])
        #expect(try terms(rest).restrictedSteps.isEmpty)
    }
}
