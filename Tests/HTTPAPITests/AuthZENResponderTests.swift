import Decision
import Directory
import Foundation
import HTTPAPI
import Identity
import Kernel
import Service
import TestSupport
import Testing

@Suite("AuthZEN endpoints") struct AuthZENResponderTests {
    let sample = MemoryNode.sample()
    let log = MemoryLog()

    var responder: AuthZENResponder {
        AuthZENResponder(client: sample.node, log: log, baseURL: "https://node-1.test:8443/")
    }

    func client() throws -> Client { try Client(responder) }

    static func question(
        _ subject: String = "bot",
        _ action: String = "read",
        _ resource: String = "d1",
        more: String = ""
    ) -> String {
        """
        {"subject":{"type":"agent","id":"\(subject)"},"action":{"name":"\(action)"},\
        "resource":{"type":"doc","id":"\(resource)"}\(more)}
        """
    }

    @Test("a decision says what it is, why, and how old its knowledge is") func decision() throws {
        sample.node.advance(.milliseconds(180))
        let client = try client()
        let allowed = try client.post(Self.question(), token: sample.botToken)
        #expect(allowed.status == 200)
        #expect(allowed["content-type"] == "application/json")
        let revision = sample.node.decisionState.snapshot.revision.number
        let expected = """
            {"decision":true,"context":{"reason":"allowed","revision":\(revision),"epoch":0,"age_ms":180}}
            """
        #expect(allowed.body == expected)
        let denied = try client.post(Self.question("bot", "write"), token: sample.botToken)
        #expect(denied.status == 200 && denied.decision == false && denied.reason == "no_permit")
    }

    @Test("an enforcement point asks for others and asserts properties") func enforcementPoint() throws {
        let client = try client()
        #expect(try client.post(Self.question(), token: sample.gatewayToken).decision == true)
        let shared =
            #"{"subject":{"type":"agent","id":"other"},"action":{"name":"read"},"#
            + #""resource":{"type":"doc","id":"d9","properties":{"shared":true}}}"#
        #expect(try client.post(shared, token: sample.gatewayToken).decision == true)
        #expect(try client.post(shared, token: sample.botToken).reason == "not_authorized_for_subject")
        let soft =
            #"{"subject":{"type":"agent","id":"bot"},"action":{"name":"delete","properties":{"soft":true}},"#
            + #""resource":{"type":"doc","id":"d1"}}"#
        #expect(try client.post(soft, token: sample.botToken).decision == true)
        let conflict =
            #"{"subject":{"type":"agent","id":"bot"},"action":{"name":"read"},"#
            + #""resource":{"type":"doc","id":"d2","properties":{"secret":false}}}"#
        #expect(try client.post(conflict, token: sample.gatewayToken).reason == "attribute_conflict")
    }

    @Test("a revoked agent is denied from the next request on") func revocation() throws {
        let client = try client()
        #expect(try client.post(Self.question(), token: sample.gatewayToken).decision == true)
        sample.node.succeed(.revoke(.principal(MemoryNode.id("agent/bot")), reason: "test"))
        #expect(try client.post(Self.question(), token: sample.gatewayToken).reason == "principal_revoked")
        #expect(try client.post(Self.question(), token: sample.botToken).decision == false)
    }

    @Test("each request on a connection is its own token's") func tokens() throws {
        let client = try client()
        #expect(try client.post(Self.question(), token: sample.botToken).decision == true)
        #expect(try client.post(Self.question("other"), token: sample.botToken).reason == "not_authorized_for_subject")
        #expect(try client.post(Self.question("other"), token: sample.gatewayToken).reason == "no_permit")
        #expect(try client.post(Self.question(), token: sample.botToken + "x").code == "malformed_token")
        #expect(try client.post(Self.question(), token: sample.botToken).decision == true)
        sample.node.succeed(.revoke(.token("t1"), reason: "test"))
        #expect(try client.post(Self.question(), token: sample.botToken).code == "token_revoked")
    }

    @Test("a batch is answered in order, with its semantic") func batch() throws {
        let client = try client()
        func ask(_ semantic: String) throws -> Client.Answer {
            try client.post(
                """
                {"subject":{"type":"agent","id":"bot"},"action":{"name":"read"},\
                "options":{"evaluations_semantic":"\(semantic)"},"evaluations":[\
                {"resource":{"type":"doc","id":"d1"}},{"resource":{"type":"doc","id":"d2"}},{},\
                {"resource":{"type":"doc","id":"d3"}}]}
                """,
                path: "/access/v1/evaluations",
                token: sample.botToken
            )
        }
        let all = try ask("execute_all")
        #expect(all.status == 200 && all.decision == nil)
        #expect(all.decisions == [true, false, false, true])
        let error = (all.evaluations[2]["context"] as? NSDictionary)?["error"] as? NSDictionary
        #expect(error?["status"] as? Int == 400)
        #expect(error?["message"] as? String == "evaluations[2].resource is missing")
        #expect(try ask("deny_on_first_deny").decisions == [true, false])
        #expect(try ask("permit_on_first_permit").decisions == [true])
        #expect(log.entries.map(\.isAllowed) == [true, false, true, true, false, true])
    }

    @Test("a batch without elements is a single question") func emptyBatch() throws {
        let answer = try client().post(Self.question(), path: "/access/v1/evaluations", token: sample.botToken)
        #expect(answer.decision == true)
    }

    @Test("each malformed body gets 400 with its reason", arguments: EvaluationDecoderTests.malformed)
    func refusesMalformed(text: String, reason: String) throws {
        let client = try client()
        let answer = try client.post(text, token: sample.botToken)
        #expect(answer.status == 400)
        #expect(answer["content-type"] == "application/problem+json")
        #expect(answer.code == "invalid_request")
        #expect(answer.detail.contains(reason))
        #expect(client.isOpen)
    }

    @Test(
        "names that no policy can have get 400",
        arguments: [
            Self.question().replacing("\"agent\"", with: "\"a b\""), Self.question().replacing("doc", with: "1x"),
            Self.question("bot", "Reeve::x"), Self.question(String(repeating: "x", count: 2000)),
            Self.question(more: #","context":{"reeve":1}"#),
        ]
    )
    func badNames(body: String) throws {
        #expect(try client().post(body, token: sample.gatewayToken).status == 400)
    }

    @Test("who is not known gets 401") func unauthenticated() throws {
        let client = try client()
        let none = try client.post(Self.question(), token: nil)
        #expect(none.status == 401 && none.code == "no_credential")
        #expect(none["www-authenticate"] == "Bearer realm=\"reeve\"")
        #expect(try client.post(Self.question(), token: "secret").code == "malformed_token")
        let stranger = "reeve_" + String(repeating: "a", count: 43)
        let unknown = try client.post(Self.question(), token: stranger)
        #expect(unknown.status == 401 && unknown.code == "token_unknown")
        #expect(!unknown.body.contains(stranger))
        client.send(
            Client.request(Self.question(), headers: ["content-type: application/json", "authorization: Basic x"])
        )
        #expect(try client.answer().code == "unsupported_authorization")
        #expect(log.entries.isEmpty)
    }

    @Test("a token that was in force once gets 401 and leaves a trace") func formerTokens() throws {
        let client = try client()
        sample.node.advance(.seconds(3601))
        sample.node.refresh()
        #expect(try client.post(Self.question(), token: sample.botToken).code == "token_expired")
        sample.node.succeed(.revoke(.token("t2"), reason: "test"))
        #expect(try client.post(Self.question(), token: sample.gatewayToken).code == "token_revoked")
        #expect(log.entries.map(\.code) == ["token_expired", "token_revoked"])
    }

    @Test("a node that has not caught up sends its callers elsewhere") func notReady() throws {
        sample.node.setServing(false)
        let answer = try client().post(Self.question(), token: sample.botToken)
        #expect(answer.status == 503 && answer.code == "not_ready")
    }

    @Test("what an answer rests on is told to those who ask and may know") func explanation() throws {
        let client = try client()
        let asked = Self.question(more: #","options":{"explain":true}"#)
        let told = try client.post(asked, token: sample.gatewayToken).context["explanation"] as? NSDictionary
        let policy = (told?["policies"] as? [NSDictionary])?.first
        #expect(policy?["id"] as? String == "readers" && policy?["set"] as? String == "sample")
        #expect(policy?["subject_path"] as? [String] == ["Agent::\"bot\"", "Role::\"reader\""])
        #expect(try client.post(asked, token: sample.botToken).context["explanation"] == nil)
        #expect(try client.post(Self.question(), token: sample.gatewayToken).context["explanation"] == nil)
    }

    @Test("the enforcement point is told its obligations, and the log that it was") func obligations() throws {
        sample.node.activate(
            "duties",
            #"@obligation("approval") @advice("ask \"bob\"") permit (principal, action == Action::"read", resource is Doc);"#
        )
        let context = try client().post(Self.question(), token: sample.botToken).context
        #expect(context["obligations"] as? [String] == ["approval"])
        #expect(context["advice"] as? [String] == [#"ask "bob""#])
        let entry = try #require(log.entries.first)
        #expect(entry.obligations == ["approval"] && entry.advice == [#"ask "bob""#])
    }

    @Test("every decision is in the log before it leaves") func logged() throws {
        let client = try client()
        client.send(
            Client.request(
                Self.question(),
                token: sample.gatewayToken,
                headers: ["content-type: application/json", "x-request-id: mine-7"]
            )
        )
        let entry = try #require(log.entries.first)
        #expect(try client.answer()["x-request-id"] == "mine-7")
        #expect(log.entries.count == 1)
        #expect(entry.requestID == "mine-7")
        #expect(entry.caller?.description == "Service/gateway")
        #expect(entry.subject.description == "Agent/bot" && entry.resource.description == "Doc/d1")
        #expect(entry.action == "read" && entry.isAllowed && entry.code == "allowed")
        #expect(entry.policies == ["sample/readers"])
        #expect(entry.time == sample.node.now().wall)
    }

    @Test("a decision that cannot be logged is a denial") func logUnavailable() throws {
        let client = try client()
        log.setBroken(true)
        let single = try client.post(Self.question(), token: sample.botToken)
        #expect(single.status == 200 && single.decision == false && single.reason == "log_unavailable")
        let batch = try client.post(
            Self.question().dropLast() + #","evaluations":[{},{"action":{"name":"write"}}]}"#,
            path: "/access/v1/evaluations",
            token: sample.botToken
        )
        #expect(batch.decisions == [false, false])
        #expect(try client.post("{}", token: sample.botToken).status == 400)
        log.setBroken(false)
        #expect(try client.post(Self.question(), token: sample.botToken).decision == true)
        #expect(log.entries.count == 1)
        let counts = Dictionary(uniqueKeysWithValues: responder.counters.reading.map { ($0.code, $0.count) })
        #expect(counts[.logUnavailable] == 0)
    }

    @Test("of several answers only the decisions are taken back") func mixedFailure() throws {
        let client = try client()
        log.setBroken(true)
        client.send(
            Client.request("{}", token: sample.botToken) + Client.request(Self.question(), token: sample.botToken)
                + Client.request("", path: "/nowhere", method: "GET")
        )
        let answers = try client.answers()
        #expect(answers.map(\.status) == [400, 200, 404])
        #expect(answers[1].reason == "log_unavailable")
    }

    @Test("answers of one turn are logged with one write") func batching() throws {
        let client = try client()
        client.send(String(repeating: Client.request(Self.question(), token: sample.botToken), count: 10))
        #expect(try client.answers().count == 10)
        #expect(log.batches == 1)
    }

    @Test("decisions are counted by code") func counters() throws {
        let responder = responder
        let client = try Client(responder)
        _ = try client.post(Self.question(), token: sample.botToken)
        _ = try client.post(Self.question("bot", "write"), token: sample.botToken)
        log.setBroken(true)
        _ = try client.post(Self.question(), token: sample.botToken)
        let counts = Dictionary(uniqueKeysWithValues: responder.counters.reading.map { ($0.code, $0.count) })
        #expect(counts[.allowed] == 1 && counts[.noPermit] == 1 && counts[.logUnavailable] == 1)
    }

    @Test("the metadata is for everybody") func metadata() throws {
        let client = try client()
        client.send(Client.request("", path: "/.well-known/authzen-configuration", method: "GET"))
        let answer = try client.answer()
        #expect(answer.status == 200)
        #expect(answer.json["policy_decision_point"] as? String == "https://node-1.test:8443")
        #expect(
            answer.json["access_evaluation_endpoint"] as? String == "https://node-1.test:8443/access/v1/evaluation"
        )
        #expect(
            answer.json["access_evaluations_endpoint"] as? String == "https://node-1.test:8443/access/v1/evaluations"
        )
        for target in ["subject", "resource", "action"] {
            let endpoint = answer.json["search_\(target)_endpoint"] as? String
            #expect(endpoint == "https://node-1.test:8443/access/v1/search/\(target)")
        }
        client.send(Client.request("", path: "/.well-known/authzen-configuration?x=1", method: "HEAD"))
        let head = try client.answers(toHEAD: true)
        #expect(head.count == 1 && head[0]["content-length"] == answer["content-length"])
    }
}
