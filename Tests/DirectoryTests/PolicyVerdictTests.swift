import Cedar
import Directory
import Kernel
import Testing

@Suite("The verdict without its grounds") struct PolicyVerdictTests {
    /// One of each kind that a verdict tells apart.
    static let kinds = [
        "permit (principal, action, resource);",
        "permit (principal, action, resource) when { false };",
        "permit (principal, action, resource) when { principal.missing };",
        "@max_age(\"5s\") permit (principal, action, resource);",
        "@allow_restricted permit (principal, action, resource);",
        "forbid (principal, action, resource) when { false };",
        "forbid (principal, action, resource) when { principal.missing };",
        "forbid (principal, action, resource);",
    ]

    @Test("it is that of the whole verdict, for every choice among the kinds of rules", arguments: 0..<256)
    func agreement(choice: Int) throws {
        let chosen = Self.kinds.indices.filter { choice >> $0 & 1 == 1 }
        let text = chosen.map { Self.kinds[$0] }.joined(separator: "\n")
        let set = try ActivePolicySet(name: "set", version: 1, text: text)
        let request = Request(
            principal: EntityUID(type: "User", id: "ann"),
            action: EntityUID(type: "Action", id: "read"),
            resource: EntityUID(type: "Doc", id: "d1")
        )
        for isRestricted in [false, true] {
            for age in [Span.zero, .seconds(6)] {
                let whole = PolicyVerdict(
                    request,
                    policies: [set],
                    entities: EntityStore.empty,
                    age: age,
                    isRestricted: isRestricted
                )
                let short = PolicyVerdict.isPermitted(
                    request,
                    by: set,
                    entities: EntityStore.empty,
                    age: age,
                    isRestricted: isRestricted
                )
                #expect(short == whole.isPermitted, "restricted \(isRestricted), age \(age)")
            }
        }
    }
}
