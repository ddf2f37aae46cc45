import JSON
import Testing

@testable import reeve

@Suite("How far a statement has come, as several nodes say") struct ContainmentReportTests {
    private static let mark: JSONValue = ["name": "w", "sequence": 1, "issued_at": "2026-01-01T00:00:00.000Z"]

    private func node(_ name: String, _ since: String?, isFirstHand: Bool = true) -> JSONValue {
        ["name": .string(name), "since": since.map { .string($0) } ?? .null, "first_hand": .bool(isFirstHand)]
    }

    private func answer(
        _ name: String,
        _ state: String = "recorded",
        nodes: [JSONValue]? = nil,
        stopBy: String? = nil,
        warrant: JSONValue = Self.mark
    ) -> ContainmentReport.Answer {
        let containment: JSONValue? = nodes.map { nodes -> JSONValue in
            ["nodes": .array(nodes), "others_stop_by": stopBy.map { .string($0) } ?? .null]
        }
        return .init(
            node: name,
            body: [
                "state": .string(state), "kind": "quarantine", "subject": "agent/bot", "revision": 7,
                "warrant": warrant,
                "containment": containment ?? .null,
            ]
        )
    }

    @Test("each node's word on itself goes before what others say of it, and the earliest bound holds")
    func merged() {
        let report = ContainmentReport(
            [
                answer(
                    "n1",
                    nodes: [node("n1", "10:01"), node("n2", "10:09", isFirstHand: false), node("e1", nil)],
                    stopBy: "10:30"
                ),
                answer(
                    "n2",
                    nodes: [node("n1", "10:05", isFirstHand: false), node("n2", "10:02"), node("e1", nil)],
                    stopBy: "10:20"
                ),
            ],
            askedAt: "11:00"
        )
        #expect(report.rows.map(\.node) == ["e1", "n1", "n2"] && report.rows.map(\.since) == [nil, "10:01", "10:02"])
        #expect(!report.isComplete && report.hasReport)
        #expect(report.text.contains("issued 2026-01-01") && report.text.contains("until 10:20 at the latest"))
        #expect(report.json["containment"]?["complete"]?.boolValue == false)
    }

    @Test("a node that was started since says of itself that it goes by it, since it was first asked")
    func restarted() {
        let known = answer("n1", nodes: [node("n1", "10:01"), node("e1", nil)])
        let first = ContainmentReport([known, answer("e1")], askedAt: "11:00")
        #expect(first.isComplete && first.rows.first?.since == "11:00")
        #expect(ContainmentReport([known, answer("e1")], askedAt: "12:00", after: first) == first)
    }

    @Test("what others say of a node is shown as such") func secondHand() {
        let report = ContainmentReport(
            [answer("n1", nodes: [node("n1", "10:01"), node("e1", "10:03", isFirstHand: false)])],
            askedAt: "11:00"
        )
        #expect(report.isComplete && report.text.contains("10:03 (as others say)"))
    }

    @Test("a revocation that was made through the log has no report, and one whose report is lost says so")
    func none() {
        let plain = ContainmentReport([answer("n1", warrant: nil)], askedAt: "11:00")
        #expect(plain.isFromTheLog && !plain.hasReport && plain.text.contains("made through the log"))
        #expect(!plain.text.contains("brought to"))
        let lost = ContainmentReport([answer("n1")], askedAt: "11:00")
        #expect(!lost.isFromTheLog && !lost.hasReport && !lost.isComplete && lost.text.contains("knows any more"))
        let refused = ContainmentReport(
            [answer("n1", "refused"), answer("n2", "enforced", nodes: [node("n2", "10:01")])],
            askedAt: "11:00"
        )
        #expect(refused.isRefused && !refused.isComplete)
    }
}
