import Cedar
import Decision
import Directory
import Identity
import Kernel
import Testing

@Suite("Names in questions") struct MappingTests {
    @Test(
        "types become Cedar's",
        arguments: [
            ("todo", "Todo"), ("tool_call", "ToolCall"), ("tool-call", "ToolCall"), ("toolCall", "ToolCall"),
            ("user", "User"),
            ("Billing::Account", "Billing::Account"), ("HTTPServer", "HTTPServer"), ("v2_api", "V2Api"),
        ]
    )
    func types(type: String, expected: String) throws {
        #expect(try EntityTypeMapping.entityType(type, in: .resource).text == expected)
    }

    @Test(
        "what is no type is refused, and says where",
        arguments: [
            "", "9lives", "a b", "a__b", "_a", "a-", "a::", "::a", "a::9", "é", "action", "X::Action", "a.b",
            String(repeating: "x", count: 65),
        ]
    )
    func malformed(type: String) {
        #expect(throws: DecisionQueryError.self) { try EntityTypeMapping.entityType(type, in: .resource) }
    }

    @Test("actions of administrators are not decided here") func reservedAction() throws {
        #expect(try EntityTypeMapping.action(name: "can_read").description == "Action::\"can_read\"")
        #expect(throws: DecisionQueryError.self) { try EntityTypeMapping.action(name: "Reeve::Action::\"assert\"") }
        #expect(throws: DecisionQueryError.self) { try EntityTypeMapping.action(name: "") }
    }

    @Test("the context's fields that Reeve sets are refused", arguments: ["reeve", "action"])
    func reservedContext(name: String) {
        #expect(throws: DecisionQueryError.self) {
            try World.query("agent/bot", "send", context: Cedar.Record([(name, .bool(true))]))
        }
    }
}
