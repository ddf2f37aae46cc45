import JSON
import Testing

@testable import ReeveClient

@Suite("What a node's answer comes to") struct AnswerTests {
    private func answer(_ text: String, status: Int = 200, _ expectation: Answer.Expectation = .one) -> Answer {
        Answer(status: status, body: Array(text.utf8), requestID: "r", node: "https://n:1", expecting: expectation)
    }

    private let allowed = #"{"decision":true,"context":{"reason":"allowed","revision":7,"epoch":2,"age_ms":130}}"#
    private let denied = #"{"decision":false,"context":{"reason":"no_permit","revision":7,"epoch":2}}"#

    @Test("a decision in full") func decision() throws {
        guard case .decided(let decisions, 7) = answer(allowed) else { throw Unexpected() }
        let decision = try #require(decisions.first)
        #expect(decision.isAllowed && decision.reason == "allowed" && decision.epoch == 2)
        #expect(decision.age == .milliseconds(130) && decision.requestID == "r" && decision.node == "https://n:1")
    }

    private struct Unexpected: Error {}

    @Test(
        "what is not a decision in full is a failure of the node, never a permission",
        arguments: [
            "", "{}", "true", #"{"decision":true}"#,
            #"{"decision":"true","context":{"reason":"allowed","revision":7}}"#,
            #"{"decision":true,"context":{"reason":"no_permit","revision":7}}"#,
            #"{"decision":false,"context":{"reason":"allowed","revision":7}}"#,
            #"{"decision":true,"context":{"reason":"allowed"}}"#,
            #"{"decision":true,"context":{"reason":"allowed","revision":-1}}"#,
            #"{"decision":true,"context":{"reason":"allowed","revision":7,"obligations":"receipt"}}"#,
            #"{"decision":true,"context":{"reason":"allowed","revision":7,"obligations":[1]}}"#,
            #"{"decision":true,"decision":false,"context":{"reason":"allowed","revision":7}}"#,
        ]
    )
    func nonsense(text: String) {
        guard case .failed = answer(text) else { Issue.record("\(answer(text))"); return }
    }

    @Test("what a node cannot decide", arguments: ["stale", "log_unavailable"]) func unable(reason: String) {
        let text = #"{"decision":false,"context":{"reason":"\#(reason)"}}"#
        guard case .unable = answer(text) else { Issue.record("\(answer(text))"); return }
    }

    @Test(
        "statuses",
        arguments: [
            (400, "refused"), (401, "refused"), (403, "refused"), (413, "refused"), (404, "failed"), (408, "failed"),
            (421, "failed"),
            (429, "failed"), (500, "failed"), (503, "failed"), (301, "failed"), (204, "failed"),
        ]
    )
    func statuses(status: Int, expected: String) {
        let found =
            switch answer(#"{"code":"x","detail":"y"}"#, status: status) {
            case .refused: "refused"
            case .failed: "failed"
            case .decided, .unable, .behind: "decided"
            }
        #expect(found == expected)
    }

    @Test("a node that has not caught up is behind, and nothing else that says so is") func behind() {
        let text = #"{"type":"about:blank","status":503,"code":"behind","detail":"at revision 9 only"}"#
        #expect(answer(text, status: 503) == .behind)
        guard case .failed = answer(text, status: 500) else { Issue.record("500"); return }
        guard case .failed = answer(text) else { Issue.record("200"); return }
    }

    @Test("a batch has to be answered in full, or end as its semantic says") func batches() {
        func kind(_ items: [String], _ count: Int, _ semantic: BatchSemantic) -> String {
            let text = #"{"evaluations":[\#(items.joined(separator: ","))]}"#
            return switch answer(text, .batch(count: count, semantic)) {
            case .decided(let decisions, _): "\(decisions.count)"
            case .unable: "unable"
            case .behind: "behind"
            case .refused: "refused"
            case .failed: "failed"
            }
        }
        let stale = #"{"decision":false,"context":{"reason":"stale"}}"#
        let malformed = #"{"decision":false,"context":{"reason":"invalid_request","error":{"status":400}}}"#
        #expect(kind([allowed, denied], 2, .executeAll) == "2")
        #expect(kind([allowed], 2, .executeAll) == "failed")
        #expect(kind([], 2, .executeAll) == "failed")
        #expect(kind([allowed, denied, allowed], 2, .executeAll) == "failed")
        #expect(kind([allowed, denied], 3, .denyOnFirstDeny) == "2")
        #expect(kind([allowed, allowed], 3, .denyOnFirstDeny) == "failed")
        #expect(kind([denied, allowed], 2, .denyOnFirstDeny) == "failed")
        #expect(kind([denied, allowed], 3, .permitOnFirstPermit) == "2")
        #expect(kind([stale, stale], 2, .executeAll) == "unable")
        #expect(kind([allowed, stale], 2, .executeAll) == "failed")
        #expect(kind([malformed, allowed], 2, .executeAll) == "2")
        #expect(kind([malformed], 1, .executeAll) == "1")
    }

    @Test("a permission counts for a program that meets its obligations alone") func obligations() throws {
        let text = #"{"decision":true,"context":{"reason":"allowed","revision":7,"obligations":["receipt","mask"]}}"#
        guard case .decided(let decisions, _) = answer(text), let decision = decisions.first else { throw Unexpected() }
        #expect(!decision.permits())
        #expect(!decision.permits(meeting: ["receipt"]))
        #expect(decision.permits(meeting: ["receipt", "mask", "other"]))
    }

    @Test("questions as AuthZEN has them, members in one order") func questions() {
        let question = Question(
            subject: .init("agent", "bot", properties: ["team": "red"]),
            action: "read",
            resource: .init("database", "ledger"),
            context: ["b": ["x", 1, true], "a": ["k": -3]],
            actionProperties: ["soft": true]
        )
        let expected =
            #"{"subject":{"type":"agent","id":"bot","properties":{"team":"red"}},"#
            + #""action":{"name":"read","properties":{"soft":true}},"resource":{"type":"database","id":"ledger"},"#
            + #""context":{"a":{"k":-3},"b":["x",1,true]}}"#
        #expect(question.json.description == expected)
    }
}
