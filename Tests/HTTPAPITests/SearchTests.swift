import Decision
import Directory
import Foundation
import HTTPAPI
import Identity
import Kernel
import Service
import TestSupport
import Testing

@Suite("AuthZEN searches") struct SearchTests {
    let sample = MemoryNode.sample()
    let log = MemoryLog()

    var responder: AuthZENResponder {
        AuthZENResponder(client: sample.node, log: log, baseURL: "https://node-1.test:8443/")
    }

    static let subject =
        #"{"subject":{"type":"agent"},"action":{"name":"read"},"resource":{"type":"doc","id":"d1"}PAGE}"#
    static let resource =
        #"{"subject":{"type":"agent","id":"bot"},"action":{"name":"read"},"resource":{"type":"doc"}PAGE}"#
    static let action = #"{"subject":{"type":"agent","id":"bot"},"resource":{"type":"doc","id":"d1"}PAGE}"#

    private func search(
        _ target: String,
        _ body: String,
        page: String = "",
        token: String?
    ) throws -> Client.Answer {
        try Client(responder).post(
            body.replacing("PAGE", with: page.isEmpty ? "" : #","page":"# + page),
            path: "/access/v1/search/\(target)",
            token: token
        )
    }

    @Test("results are named as in requests, with the age of what they rest on") func form() throws {
        sample.node.advance(.milliseconds(180))
        let answer = try search("subject", Self.subject, token: sample.gatewayToken)
        let revision = sample.node.decisionState.snapshot.revision.number
        #expect(answer.status == 200 && answer["content-type"] == "application/json")
        let expected = """
            {"page":{"next_token":"","count":1},"context":{"revision":\(revision),"epoch":0,"age_ms":180},\
            "results":[{"type":"agent","id":"bot"}]}
            """
        #expect(answer.body == expected)
        let actions = try search("action", Self.action, page: #"{},"context":{"office":true}"#, token: sample.botToken)
        #expect(actions.results == [["name": "read"], ["name": "write"]])
    }

    @Test("the directory's resources are found, and what a policy names") func resources() throws {
        sample.node.activate("more", #"permit (principal, action == Action::"read", resource == Doc::"d7");"#)
        // d2 is a secret.
        #expect(
            try search("resource", Self.resource, token: sample.botToken).results == [["type": "doc", "id": "d7"]]
        )
    }

    @Test("an id where one is searched for does not count", arguments: [#""id":"other""#, #""id":"""#, #""id":null"#])
    func ignoredID(member: String) throws {
        let body = Self.subject.replacing(#""type":"agent""#, with: #""type":"agent","# + member)
        #expect(try search("subject", body, token: sample.gatewayToken).results == [["type": "agent", "id": "bot"]])
    }

    @Test("the next page goes on where the last one ended") func pages() throws {
        sample.node.activate("more", #"permit (principal, action == Action::"read", resource is Doc);"#)
        let whole = try search("subject", Self.subject, token: sample.gatewayToken)
        #expect(whole.results == [["type": "agent", "id": "bot"], ["type": "agent", "id": "other"]])
        let first = try search("subject", Self.subject, page: #"{"limit":1}"#, token: sample.gatewayToken)
        #expect(first.results == [["type": "agent", "id": "bot"]])
        let token = try #require(first.nextToken)
        #expect(!token.isEmpty)
        for page in [#"{"token":"\#(token)"}"#, #"{"token":"\#(token)","limit":1}"#] {
            let second = try search("subject", Self.subject, page: page, token: sample.gatewayToken)
            #expect(second.results == [["type": "agent", "id": "other"]])
            #expect(second.nextToken == "")
        }
        let none = try search("subject", Self.subject, page: #"{"limit":0}"#, token: sample.gatewayToken)
        #expect(none.results.isEmpty && none.nextToken != "")
        let changed = Self.subject.replacing("read", with: "write")
        for (body, page) in [
            (changed, #"{"token":"\#(token)"}"#), (Self.subject, #"{"token":"\#(token)","limit":2}"#),
            (Self.subject, #"{"token":"00"}"#), (Self.subject, #"{"token":"next"}"#), (Self.subject, #"{"token":7}"#),
            (Self.subject, #"{"limit":-1}"#), (Self.subject, #"{"limit":"1"}"#), (Self.subject, #"[]"#),
            (Self.subject, #"{"token":"\#(String(repeating: "0", count: 4000))"}"#),
        ] {
            let refused = try search("subject", body, page: page, token: sample.gatewayToken)
            #expect(refused.status == 400 && refused.code == "invalid_request", "\(page)")
        }
    }

    @Test(
        "what is missing but for what is searched for gets 400",
        arguments: [
            ("subject", #"{"subject":{"type":"agent"},"resource":{"type":"doc","id":"d1"}}"#),
            ("subject", #"{"subject":{"type":"agent"},"action":{"name":"read"},"resource":{"type":"doc"}}"#),
            ("subject", #"{"subject":{},"action":{"name":"read"},"resource":{"type":"doc","id":"d1"}}"#),
            ("subject", #"{"subject":{"type":"a b"},"action":{"name":"read"},"resource":{"type":"doc","id":"d1"}}"#),
            ("resource", #"{"action":{"name":"read"},"resource":{"type":"doc"}}"#),
            ("resource", #"{"subject":{"type":"agent"},"action":{"name":"read"},"resource":{"type":"doc"}}"#),
            ("action", #"{"subject":{"type":"agent","id":"bot"}}"#),
            ("action", #"{"subject":{"type":"agent"},"resource":{"type":"doc","id":"d1"}}"#), ("action", ""),
            ("action", "[]"),
        ]
    )
    func malformed(target: String, body: String) throws {
        let answer = try search(target, body, token: sample.gatewayToken)
        #expect(answer.status == 400 && answer.code == "invalid_request")
    }

    @Test("who is not known finds nothing, and who was stopped is told so") func callers() throws {
        #expect(try search("subject", Self.subject, token: nil).status == 401)
        let stranger = "reeve_" + String(repeating: "a", count: 43)
        #expect(try search("subject", Self.subject, token: stranger).code == "token_unknown")
        #expect(log.entries.isEmpty)
        sample.node.succeed(.quarantine(MemoryNode.id("service/gateway"), .quarantine, reason: ""))
        let stopped = try search("subject", Self.subject, token: sample.gatewayToken)
        #expect(stopped.status == 200 && stopped.results.isEmpty && stopped.reason == "caller_quarantined")
        let entry = try #require(log.entries.first)
        #expect(entry.isSearch && !entry.isAllowed && entry.code == "caller_quarantined" && entry.subject.id.isEmpty)
        sample.node.setServing(false)
        #expect(try search("subject", Self.subject, token: sample.gatewayToken).status == 503)
    }

    @Test("each result is in the log before it leaves, as one of a search") func logged() throws {
        let found = try search("action", Self.action, token: sample.botToken)
        #expect(found.results == [["name": "read"]])
        let entry = try #require(log.entries.first)
        #expect(log.entries.count == 1 && entry.isSearch && entry.isAllowed)
        #expect(entry.action == "read" && entry.resource.id == "d1" && entry.policies == ["sample/readers"])
        log.setBroken(true)
        let kept = try search("action", Self.action, token: sample.botToken)
        #expect(kept.status == 200 && kept.results.isEmpty && kept.reason == "log_unavailable" && kept.nextToken == "")
    }

    @Test("there is no other search, and none by GET") func routes() throws {
        #expect(try search("policy", Self.subject, token: sample.botToken).status == 404)
        #expect(try search("", Self.subject, token: sample.botToken).status == 404)
        let client = try Client(responder)
        client.send(Client.request("", path: "/access/v1/search/subject", method: "GET", token: sample.botToken))
        #expect(try client.answer().status == 405)
    }
}

extension Client.Answer {
    fileprivate var results: [[String: String]] { json["results"] as? [[String: String]] ?? [["none": ""]] }
    fileprivate var nextToken: String? { (json["page"] as? NSDictionary)?["next_token"] as? String }
}
