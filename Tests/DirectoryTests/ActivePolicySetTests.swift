import Cedar
import Kernel
import Testing

@testable import Directory

@Suite("Versions of a policy set") struct ActivePolicySetTests {
    /// With and without names, and with what makes a text no policy set.
    static let policies = [
        "@id(\"a\") permit (principal, action == Action::\"read\", resource);",
        "permit (principal, action == Action::\"write\", resource) when { context.s == Action::\"read\" };",
        "@max_age(\"5s\")\n@advice(\"ask\") permit (principal, action, resource);",
        "@allow_restricted permit (principal, action in [Action::\"read\", Action::\"write\"], resource);",
        "forbid (principal, action, resource)\nwhen { principal.missing };",
        "@obligation(\"receipt\") forbid (principal, action, resource) when { false };",
        "@max_age(\"1s\") permit (principal, action, resource);",
        "@allow_restricted forbid (principal, action, resource);",
        "@advice(\"\") permit (principal, action, resource);",
        "permit (principal == ?principal, action, resource);",
        "permit (principal, action);",
    ]

    @Test("a version read after another is the same as read by itself", arguments: 0..<16 as Range<UInt64>)
    func equality(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var lines = ["permit (principal, action, resource);"]
        var latest = try ActivePolicySet(name: "set", version: 1, text: lines[0])
        var (read, refused) = (0, 0)
        for round in 0..<200 {
            var edited = lines
            // What is wrong is in one of ten, so that most texts are policy sets.
            let isWrong = Int.random(in: 0..<10, using: &random) == 0
            let policy = Self.policies[Int.random(in: isWrong ? 6..<11 : 0..<6, using: &random)]
            let place = Int.random(in: 0...lines.count, using: &random)
            if place < lines.count, lines.count > 8 || Bool.random(using: &random) { edited.remove(at: place) }
            if edited.count < 12 { edited.insert(policy, at: min(place, edited.count)) }
            let text = edited.joined(separator: "\n")
            let version = UInt64(round) + 2
            let expected = Result { () throws(PolicyTextError) in
                try ActivePolicySet(name: "set", version: version, text: text)
            }
            let found = Result { () throws(PolicyTextError) in
                try ActivePolicySet(name: "set", version: version, text: text, after: latest)
            }
            switch (found, expected) {
            case (.success(let found), .success(let expected)):
                try #require(Content(found) == Content(expected), "seed \(seed), round \(round): \(text)")
                (latest, lines) = (found, edited)
                read += 1
            case (.failure(let found), .failure(let expected)):
                try #require(found == expected, "seed \(seed), round \(round): \(text)")
                refused += 1
            default: Issue.record("seed \(seed), round \(round): one was read and the other not: \(text)")
            }
        }
        #expect(read > 50 && refused > 15, "\(read), \(refused)")
    }

    /// All that is asked of it.
    private struct Content: Equatable {
        let rules: [PolicyRule]
        let duties: [DecisionDuties]
        let maximumAges: [Span?]
        let actions: [[EntityUID]]
        let references: [PolicyReference]
        let excerpts: [String]
        let verdicts: [PolicyVerdict]

        init(_ set: ActivePolicySet) {
            rules = set.rules
            duties = set.rules.map(\.duties)
            maximumAges = set.rules.map(\.maximumAge)
            actions = set.rules.map(\.namedActions)
            references = set.rules.indices.map { set.reference(of: $0) }
            excerpts = set.rules.indices.map { set.excerpt(set.rules[$0].policy.range, of: $0) }
            verdicts = ["read", "write"].map { action in
                PolicyVerdict(
                    Request(
                        principal: EntityUID(type: "User", id: "ann"),
                        action: EntityUID(type: "Action", id: action),
                        resource: EntityUID(type: "Doc", id: "d1")
                    ),
                    policies: [set],
                    entities: EntityStore.empty,
                    in: PermitCircumstances(age: .seconds(6))
                )
            }
        }
    }

    @Test("a rule that is no other stays the same object, under another name it keeps what was read of it")
    func sharing() throws {
        let policies = [1, 0, 2, 3].map { Self.policies[$0] }
        let first = try ActivePolicySet(name: "set", version: 1, text: policies.joined(separator: "\n"))
        let text =
            policies[0] + "\n@id(\"new\") permit (principal, action, resource);\n"
            + policies[1...].joined(separator: "\n")
        let second = try ActivePolicySet(name: "set", version: 2, text: text, after: first)
        #expect(second.rules.map(\.policy.id.text) == ["policy0", "new", "a", "policy3", "policy4"])
        #expect(second.rules[0] === first.rules[0] && second.rules[2] === first.rules[1])
        #expect(second.rules[3] !== first.rules[2] && second.rules[3].maximumAge == .seconds(5))
        #expect(second.reference(of: 2) == PolicyReference(set: "set", version: 2, id: "a", line: 3))
        #expect(first.reference(of: 1) == PolicyReference(set: "set", version: 1, id: "a", line: 2))
    }
}
