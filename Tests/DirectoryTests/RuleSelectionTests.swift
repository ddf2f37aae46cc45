import Cedar
import Directory
import Testing

@Suite("Selection of rules by action") struct RuleSelectionTests {
    /// Each way in which a scope can name actions, so that the order of what decides can be told.
    static let text = """
        @id("any") permit (principal, action, resource);
        @id("read") permit (principal, action == Action::"read", resource);
        @id("group") permit (principal, action in Action::"reading", resource);
        @id("several") permit (principal, action in [Action::"write", Action::"read", Action::"read"], resource);
        @id("none") permit (principal, action in [], resource);
        @id("late") permit (principal, action, resource);
        @id("fails") permit (principal, action == Action::"fail", resource) when { principal.missing };
        """

    struct Actions: EntityProvider {
        var groups: [EntityUID: EntityUID] = [:]

        func entity(_ uid: EntityUID) -> Entity? { nil }

        func ancestors(of uid: EntityUID) -> Ancestors {
            var found = Ancestors.none
            if let group = groups[uid] { found.insert(group) }
            return found
        }
    }

    static func verdict(_ action: String, _ actions: Actions = Actions()) throws -> PolicyVerdict {
        PolicyVerdict(
            Request(
                principal: EntityUID(type: "User", id: "ann"),
                action: EntityUID(type: "Action", id: action),
                resource: EntityUID(type: "Doc", id: "d1")
            ),
            policies: [try ActivePolicySet(name: "set", version: 1, text: text)],
            entities: actions
        )
    }

    @Test(
        "the rules that decide are those that admit the action, in the order of the text, each once",
        arguments: [
            ("read", ["any", "read", "several", "late"]), ("write", ["any", "several", "late"]),
            ("reading", ["any", "group", "late"]), ("other", ["any", "late"]), ("fail", ["any", "late"]),
        ]
    ) func selection(action: String, expected: [String]) throws {
        #expect(try Self.verdict(action).deciding.map(\.id) == expected)
    }

    @Test("an action in a group is admitted by what names the group") func groups() throws {
        let read = EntityUID(type: "Action", id: "read")
        let actions = Actions(groups: [read: EntityUID(type: "Action", id: "reading")])
        #expect(try Self.verdict("read", actions).deciding.map(\.id) == ["any", "read", "group", "several", "late"])
    }

    @Test("a rule for another action cannot fail") func failures() throws {
        #expect(try Self.verdict("read").failures.isEmpty)
        #expect(try Self.verdict("fail").failures.map(\.policy.id) == ["fails"])
    }
}
