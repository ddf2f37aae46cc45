import JSON
import Testing

@testable import reeve

@Suite("What an explanation says to people") struct ExplanationTextTests {
    @Test(
        "a forbid names the condition that made it apply, and whether that held",
        arguments: [
            ("when", "satisfied", #"its "when" is met: resource.closed"#),
            ("unless", "satisfied", #"its "unless" is not met: resource.closed"#),
            ("unless", "error", "unless cannot be evaluated: resource.closed"),
        ]
    )
    func forbid(kind: String, outcome: String, line: String) {
        let text = ExplanationText([
            "policies": [
                [
                    "set": "reports", "version": 2, "id": "closed", "line": 7, "effect": "forbid",
                    "conditions": [
                        [
                            "kind": .string(kind), "outcome": .string(outcome), "text": "resource.closed",
                            "values": [["text": "resource.closed", "value": "true"]],
                        ]
                    ],
                ]
            ]
        ])
        #expect(
            text.lines == [
                "  decided by  reports/closed version 2, line 7", "                \(line)",
                "                  resource.closed is true",
            ]
        )
    }

    @Test("a permit that came close names what kept it from applying, and what would change that") func nearMiss() {
        let text = ExplanationText([
            "near_misses": [
                [
                    "set": "reports", "id": "writers", "obstacle": "condition",
                    "condition": [
                        "kind": "unless", "text": "context.sum >\n  10",
                        "values": [["text": "context.sum", "error": "no such attribute"]],
                    ],
                    "changes": ["context.sum = 10", "Role::\"writer\""],
                ]
            ]
        ])
        #expect(
            text.lines == [
                #"  closest     reports/writers: its "unless" is met"#, "                context.sum > 10",
                "                  context.sum fails: no such attribute",
                "                would apply with  context.sum = 10",
                "                             and  Role::\"writer\"",
            ]
        )
    }

    @Test("nothing that came close is told where it was looked for") func noReason() {
        let line = "  reason      no permit is for this action by such a principal on such a resource"
        #expect(ExplanationText(["code": "no_permit", "near_misses": []]).lines == [line])
        #expect(ExplanationText(["code": "no_permit"]).lines.isEmpty)
        #expect(ExplanationText(["code": "principal_revoked", "near_misses": []]).lines.isEmpty)
    }

    @Test("roles, what could not be evaluated, and what else keeps a permit from applying") func rest() {
        let text = ExplanationText([
            "policies": [["set": "reports", "id": "readers", "effect": "permit", "conditions": [["kind": "when"]]]],
            "failures": [["set": "reports", "version": 2, "id": "limits", "line": 9, "error": "no such attribute"]],
            "near_misses": [
                ["set": "reports", "id": "owners", "obstacle": "principal"],
                ["set": "reports", "id": "sums", "obstacle": "error", "error": "too large"],
            ],
            "roles": ["viewer", "editor"],
        ])
        #expect(
            text.lines == [
                "  decided by  reports/readers", "  failed      reports/limits version 2, line 9: no such attribute",
                "  closest     reports/owners: its scope asks for another principal",
                "  closest     reports/sums: too large", "  roles       viewer, editor",
            ]
        )
    }
}
