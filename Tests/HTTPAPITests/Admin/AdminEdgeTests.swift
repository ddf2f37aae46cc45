import Directory
import Identity
import JSON
import Kernel
import Keys
import Service
import TestSupport
import Testing

@testable import HTTPAPI

@Suite("Admin API: edges") struct AdminEdgeTests {
    private let admin: Administration
    private let key = PrivateKey()
    private static let ticket = """
        {"name":"e1","raft_address":"10.1.0.1:7401","api_addresses":["10.1.0.1:7402","10.1.0.1:7403"],"role":"edge"}
        """

    init() throws {
        admin = try Administration(issues: true)
        admin.node.setCheckpoint([1, 2, 255])
    }

    private func application(_ secret: String, name: String = "e1", key: PrivateKey? = nil) throws -> String {
        let request = try CertificateRequest(for: key ?? self.key, name: name)
        let body: JSONValue = [
            "name": .string(name), "secret": .string(secret), "instance": .string(Digest.of(Array(name.utf8)).hex),
            "certificate_request": .string(request.pem),
        ]
        return String(decoding: body.serialized(), as: UTF8.self)
    }

    private func secret(_ ticket: String = Self.ticket) async throws -> String {
        let answer = await admin.send("POST", "/v1/join-tickets", ticket)
        return try #require(answer.json["secret"]?.stringValue, "\(answer.text)")
    }

    private func joined() async throws -> Administration.Answer {
        let application = try application(try await secret())
        return await admin.send("POST", "/v1/join", application, by: .nobody)
    }

    private func node(_ name: String, _ key: PrivateKey) throws -> Administration.Caller {
        let leaf = try admin.authority.issuer.issueNode(
            name,
            publicKey: key.publicKey,
            hosts: ["localhost"],
            validity: Authority.validity
        )
        return .peer(
            PeerIdentity(
                try ClientIdentity(leaf: leaf.der, verifier: admin.authority.verifier, at: Authority.validity.notBefore)
            )
        )
    }

    @Test("one of two voters is not removed while an edge would be left behind") func leftBehind() async throws {
        #expect(try await joined().status == 201)
        let ticket = """
            {"name":"n2","raft_address":"10.1.0.2:7401","api_addresses":["10.1.0.2:7402","10.1.0.2:7403"]}
            """
        let learner = try application(try await secret(ticket), name: "n2", key: PrivateKey())
        #expect(await admin.send("POST", "/v1/join", learner, by: .nobody).status == 201)
        #expect(await admin.send("POST", "/v1/members/n2/promote").status == 200)
        let refused = await admin.send("DELETE", "/v1/members/n2")
        #expect(refused.status == 409 && refused.code == "edges_left_behind", "\(refused.text)")
        #expect(await admin.send("DELETE", "/v1/members/n2?leave_edges=true").status == 200)
    }

    @Test("a removal that is asked for again under its key is answered as before, a member's and an edge's")
    func removedTwice()
        async throws
    {
        #expect(try await joined().status == 201)
        let ticket = Self.ticket.replacing(#","role":"edge""#, with: "").replacing("e1", with: "n2")
            .replacing("10.1.0.1", with: "10.1.0.2")
        let learner = try application(try await secret(ticket), name: "n2", key: PrivateKey())
        #expect(await admin.send("POST", "/v1/join", learner, by: .nobody).status == 201)
        for name in ["e1", "n2"] {
            let key = [("Idempotency-Key", "remove-\(name)")]
            let first = await admin.send("DELETE", "/v1/members/\(name)", headers: key)
            let again = await admin.send("DELETE", "/v1/members/\(name)", headers: key)
            #expect(first.status == 200 && again.status == 200, "\(first.text) \(again.text)")
            #expect(again.revision == first.revision)
            #expect(await admin.send("DELETE", "/v1/members/\(name)").status == 404, "another key")
        }
    }

    @Test("an invitation until a time is one command, whose secret is shown once") func invitedTwice() async {
        let ticket = Self.ticket.dropLast() + #","expires_at":"2026-01-01T01:00:00Z"}"#
        let key = [("Idempotency-Key", "invite")]
        #expect(await admin.send("POST", "/v1/join-tickets", String(ticket), headers: key).status == 201)
        let again = await admin.send("POST", "/v1/join-tickets", String(ticket), headers: key)
        #expect(again.status == 409 && again.code == "ticket_already_issued", "\(again.text)")
        for end in ["2025-12-31T23:00:00Z", "2026-01-03T00:00:00Z"] {
            let late = Self.ticket.dropLast() + ",\"expires_at\":\"\(end)\"}"
            #expect(await admin.send("POST", "/v1/join-tickets", String(late)).code == "invalid_field")
        }
    }

    @Test("one that joins is told what to begin from, and again when it asks again") func join() async throws {
        let application = try application(try await secret())
        let first = await admin.send("POST", "/v1/join", application, by: .nobody)
        #expect(first.status == 201, "\(first.text)")
        #expect(first.json["role"]?.stringValue == "edge")
        #expect(first.json["checkpoint"]?.stringValue == "0102ff")
        // Whom it knows to begin with: members alone.
        #expect(first.json["members"]?.arrayValue?.compactMap { $0["name"]?.stringValue } == ["n1"])
        admin.node.setCheckpoint([7])
        let again = await admin.send("POST", "/v1/join", application, by: .nobody)
        #expect(again.json["member"] == first.json["member"])
        #expect(again.json["checkpoint"]?.stringValue == "07")
        let other = await admin.send("POST", "/v1/join", try self.application("x", key: PrivateKey()), by: .nobody)
        #expect(other.status == 403 && other.code == "ticket_invalid")
    }

    @Test("a member is told nothing of the kind") func member() async throws {
        let ticket = Self.ticket.replacing(#","role":"edge""#, with: "")
        let application = try application(try await secret(ticket))
        let answer = await admin.send("POST", "/v1/join", application, by: .nobody)
        #expect(answer.status == 201 && answer.json["role"]?.stringValue == "learner")
        #expect(answer.json["checkpoint"]?.isNull == true)
        let kinds = await admin.send("GET", "/v1/join-tickets").items.map { $0["role"]?.stringValue }
        #expect(kinds == ["learner"])
    }

    @Test("whoever joins is told of voters, whose word it takes, and of no learner but itself") func believed()
        async throws
    {
        func joined(_ ticket: String, _ name: String) async throws -> [String] {
            let application = try application(try await secret(ticket), name: name, key: PrivateKey())
            let answer = await admin.send("POST", "/v1/join", application, by: .nobody)
            #expect(answer.status == 201, "\(answer.text)")
            return (answer.json["members"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }.sorted()
        }
        let learner = Self.ticket.replacing(#","role":"edge""#, with: "")
        #expect(try await joined(learner, "e1") == ["e1", "n1"])
        let second = learner.replacing("e1", with: "e2").replacing("10.1.0.1", with: "10.1.0.2")
        #expect(try await joined(second, "e2") == ["e2", "n1"])
        let edge = Self.ticket.replacing("e1", with: "e3").replacing("10.1.0.1", with: "10.1.0.3")
        #expect(try await joined(edge, "e3") == ["n1"])
    }

    @Test("where nothing is sealed yet none joins, and nothing is written") func noSeal() async throws {
        let application = try application(try await secret())
        admin.node.setCheckpoint(nil)
        let before = admin.node.lastCommand
        let answer = await admin.send("POST", "/v1/join", application, by: .nobody)
        #expect(answer.status == 503 && answer.code == "no_seal")
        #expect(admin.node.lastCommand == before)
        admin.node.setCheckpoint([1])
        #expect(await admin.send("POST", "/v1/join", application, by: .nobody).status == 201)
    }

    @Test("a cluster of an older feature level invites none") func featureLevel() async throws {
        let admin = try Administration(issues: true, featureLevel: .seals)
        let answer = await admin.send("POST", "/v1/join-tickets", Self.ticket)
        #expect(answer.status == 409 && answer.code == "feature_level")
        let kind = Self.ticket.replacing(#""edge""#, with: #""voter""#)
        #expect(await admin.send("POST", "/v1/join-tickets", kind).code == "invalid_field")
    }

    @Test("the list of members has it, it is not promoted, and it is removed by its name") func life() async throws {
        #expect(try await joined().status == 201)
        let roles = await admin.send("GET", "/v1/members").items.map { item in
            [item["name"]?.stringValue, item["role"]?.stringValue, item["voter"]?.boolValue.map { "\($0)" }]
        }
        #expect(roles == [["n1", "voter", "true"], ["e1", "edge", "false"]])
        let edges = await admin.send("GET", "/v1/cluster/status").json["edges"]?.arrayValue ?? []
        #expect(edges.map { $0["name"]?.stringValue } == ["e1"])
        let promoted = await admin.send("POST", "/v1/members/e1/promote")
        #expect(promoted.status == 409 && promoted.code == "never_votes")
        #expect(await admin.send("DELETE", "/v1/members/e1").status == 200)
        #expect(await admin.send("GET", "/v1/members").items.count == 1)
        #expect(await admin.send("DELETE", "/v1/members/e1").status == 404)
    }

    @Test("one that was removed comes back under the next incarnation") func incarnation() async throws {
        let first = try await joined().json["member"]
        _ = await admin.send("DELETE", "/v1/members/e1")
        let second = try await joined().json["member"]
        #expect(second?["id"] == first?["id"])
        #expect(first?["incarnation"]?.integerValue == 1 && second?["incarnation"]?.integerValue == 2)
    }

    @Test("labels come with a ticket, are changed by name, and are listed") func labels() async throws {
        let ticket = Self.ticket.replacing(#""role""#, with: #""labels":{"zone":"eu-1","a":"1"},"role""#)
        let application = try application(try await secret(ticket))
        #expect(await admin.send("POST", "/v1/join", application, by: .nobody).status == 201)
        func labels() async -> [JSONValue?] { await admin.send("GET", "/v1/members").items.map { $0["labels"] } }
        #expect(await labels() == [[:], ["a": "1", "zone": "eu-1"]])
        let change = #"{"set":{"ring":"canary"},"remove":["a"]}"#
        #expect(await admin.send("POST", "/v1/members/e1/labels", change).status == 200)
        #expect(await admin.send("POST", "/v1/members/n1/labels", #"{"set":{"zone":"us-1"}}"#).status == 200)
        #expect(await labels() == [["zone": "us-1"], ["ring": "canary", "zone": "eu-1"]])
        #expect(await admin.send("POST", "/v1/members/e1/labels", #"{"set":{"ring":1}}"#).code == "invalid_field")
        #expect(await admin.send("POST", "/v1/members/e1/labels", #"{"set":{"Ring":"x"}}"#).code == "invalid")
        #expect(await admin.send("POST", "/v1/members/none/labels", change).status == 404)
    }

    @Test("an edge says in its own name what it has counted of a roll-out, and nobody else does") func rollout()
        async throws
    {
        #expect(try await joined().status == 201)
        #expect(await admin.send("POST", "/v1/members/e1/labels", #"{"set":{"ring":"canary"}}"#).status == 200)
        for text in ["permit(principal, action, resource);", ""] {
            let drafted = await admin.send("POST", "/v1/policy-sets/r/versions", #"{"text":"\#(text)"}"#)
            #expect(drafted.status == 201, "\(drafted.text)")
        }
        #expect(await admin.send("POST", "/v1/policy-sets/r/activate", #"{"version":1}"#).status == 200)
        let bad = [
            #"{"rings":[]}"#, #"{"rings":[{"label":{}}]}"#, #"{"rings":[{}],"soak_ms":1}"#, #"{"rings":[{}],"x":1}"#,
        ]
        for rollout in bad {
            let answer = await admin.send("POST", "/v1/policy-sets/r/activate", #"{"version":2,"rollout":\#(rollout)}"#)
            #expect(answer.status == 400, "\(rollout): \(answer.text)")
        }
        let rings = #"{"rings":[{"labels":{"ring":"canary"}},{}],"soak_ms":10000,"min_decisions":5}"#
        let begun = await admin.send("POST", "/v1/policy-sets/r/activate", #"{"version":2,"rollout":\#(rings)}"#)
        #expect(begun.status == 200, "\(begun.text)")
        let shown = await admin.send("GET", "/v1/rollouts/r").json
        #expect(shown["state"] == "running" && shown["stage"] == 0 && shown["base_version"] == 1)
        #expect(shown["rings"] == ["ring=canary", "all"] && shown["max_changed_per_million"] == 10_000)
        let openedAt = try #require(shown["stage_opened_at"]?.stringValue)
        let counts = #""decisions":4,"now_denied":0,"now_allowed":0,"failures":0"#
        let report = #"{"stage_opened_at":"\#(openedAt)","stage":0,\#(counts)}"#
        let edge = try node("e1", key)
        #expect(await admin.send("POST", "/v1/rollouts/r/report", report).code == "not_a_node")
        let stranger = try node("e1", PrivateKey())
        #expect(await admin.send("POST", "/v1/rollouts/r/report", report, by: stranger).code == "key_not_pinned")
        let before = admin.node.lastCommand
        let other = report.replacing(#""stage":0"#, with: #""stage":1"#)
        #expect(await admin.send("POST", "/v1/rollouts/r/report", other, by: edge).code == "not_wanted")
        #expect(admin.node.lastCommand == before, "what the log would refuse is not proposed")
        let taken = await admin.send("POST", "/v1/rollouts/r/report", report, by: edge)
        #expect(taken.status == 200, "\(taken.text)")
        #expect(await admin.send("POST", "/v1/rollouts/r/report", report, by: edge).code == "not_wanted")
        let witnesses = await admin.send("GET", "/v1/rollouts").items.first?["witnesses"]?.arrayValue ?? []
        #expect(witnesses.map { $0["node"] } == ["e1"] && witnesses.first?["decisions"] == 4)
        #expect(await admin.send("POST", "/v1/rollouts/r/halt", "{}").status == 200)
        #expect(await admin.send("GET", "/v1/rollouts/r").json["reason"] == "administrator")
        #expect(await admin.send("POST", "/v1/rollouts/r/resume", "{}").status == 200)
        #expect(await admin.send("POST", "/v1/rollouts/r/advance", #"{"from_stage":0}"#).status == 200)
        #expect(await admin.send("POST", "/v1/rollouts/r/advance", #"{"from_stage":0}"#).status == 412)
        #expect(await admin.send("POST", "/v1/rollouts/r/abort", "{}").status == 200)
        #expect(await admin.send("GET", "/v1/rollouts/r").json["state"] == "aborted")
    }

    @Test("the state is for edges alone, by their own certificates") func state() async throws {
        #expect(try await joined().status == 201)
        // A state in memory has no file to give, and says so to whom it would give one.
        let given = await admin.send("GET", "/v1/state", by: try node("e1", key))
        #expect(given.status == 503 && given.code == "storage_unreadable")
        let stranger = await admin.send("GET", "/v1/state", by: try node("e1", PrivateKey()))
        #expect(stranger.status == 401 && stranger.code == "key_not_pinned")
        let learner = PrivateKey()
        try AdminCertificateTests.join("n2", learner, to: admin)
        for caller in [.administrator, .nobody, .token(admin.sample.gatewayToken), try node("n2", learner)] {
            let answer = await admin.send("GET", "/v1/state", by: caller)
            #expect(answer.status == 401 && answer.code == "not_an_edge")
        }
        _ = await admin.send("DELETE", "/v1/members/e1")
        #expect(await admin.send("GET", "/v1/state", by: try node("e1", key)).code == "unknown_member")
    }

    @Test("it renews its own certificate as members do") func certificate() async throws {
        #expect(try await joined().status == 201)
        let request = try CertificateRequest(for: key, name: "e1")
        let body = String(
            decoding: JSONValue.object([JSONMember("certificate_request", request.pem)]).serialized(),
            as: UTF8.self
        )
        let path = "/v1/members/e1/certificate"
        #expect(await admin.send("POST", path, body, by: try node("e1", key)).status == 201)
        #expect(await admin.send("POST", path, body, by: try node("e1", PrivateKey())).code == "key_not_pinned")
        #expect(
            await admin.send("POST", "/v1/members/n1/certificate", body, by: try node("e1", key)).code
                == "another_member"
        )
    }

    @Test("what a node cannot do since it is an edge it sends on to the voters") func misdirected() async {
        admin.node.failSubmits(with: .edge(voters: ["10.0.0.1:7402", "[::1]:7402"]))
        let write = await admin.send("PUT", "/v1/roles/r", "{}")
        #expect(write.status == 421 && write.code == "edge")
        #expect(write.json["title"]?.stringValue == "Misdirected Request")
        #expect(write.json["voters"]?.arrayValue == ["10.0.0.1:7402", "[::1]:7402"])
        let read = await admin.send("GET", "/v1/roles?consistency=linearizable")
        #expect(read.status == 421 && read.json["voters"]?.arrayValue?.count == 2)
        #expect(await admin.send("GET", "/v1/roles").status == 200)
        let problem = await admin.send("GET", "/v1/roles/none")
        #expect(problem.status == 404 && problem.json["voters"] == nil)
    }

    @Test("it needs no leader to be ready, but to hear of seals") func readiness() async {
        admin.node.cutOff()
        #expect(await admin.send("GET", "/readyz", by: .nobody).detail == "the node knows no leader")
        admin.node.setRole(NodeStatus.edge)
        #expect(await admin.send("GET", "/readyz", by: .nobody).status == 200)
        admin.node.advance(.milliseconds(Settings.defaultMaximumAge.milliseconds + 1000))
        let late = await admin.send("GET", "/readyz", by: .nobody)
        #expect(late.status == 503 && late.detail.contains("the newest seal that has reached this edge"))
        admin.node.refresh()
        #expect(await admin.send("GET", "/readyz", by: .nobody).status == 200)
    }
}
