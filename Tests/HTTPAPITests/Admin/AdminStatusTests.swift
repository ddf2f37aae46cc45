import Directory
import JSON
import Kernel
import Service
import Synchronization
import TestSupport
import Testing

@testable import HTTPAPI

@Suite("Admin API: status, history, checks") struct AdminStatusTests {
    let admin: Administration

    init() throws { admin = try Administration() }

    @Test("a node says that it lives, whether it is ready, and why not") func readiness() async {
        #expect(await admin.send("GET", "/healthz", by: .nobody).json["healthy"]?.boolValue == true)
        #expect(await admin.send("GET", "/readyz", by: .nobody).json["ready"]?.boolValue == true)
        admin.node.setServing(false)
        let behind = await admin.send("GET", "/readyz", by: .nobody)
        #expect(behind.status == 503 && behind.code == "not_ready" && behind.detail.contains("caught up"))
        admin.node.cutOff()
        #expect(await admin.send("GET", "/readyz", by: .nobody).detail == "the node knows no leader")
        #expect(await admin.send("GET", "/healthz", by: .nobody).status == 200)
    }

    @Test("status and metrics tell the same, without asking the cluster") func status() async {
        admin.node.cutOff()
        let status = await admin.send("GET", "/v1/node/status").json
        #expect(status["name"]?.stringValue == "n1" && status["role"]?.stringValue == "follower")
        #expect(status["leader"]?.isNull == true && status["ready"]?.boolValue == false)
        #expect(status["age_ms"]?.integerValue == 0)
        #expect(status["warnings"]?.arrayValue == [])
        let metrics = await admin.send("GET", "/metrics")
        #expect(metrics.response.mediaType.hasPrefix("text/plain; version=0.0.4"))
        let revision = status["revision"]?.integerValue ?? -1
        for line in [
            "# TYPE reeve_raft_leader_count gauge", "reeve_raft_leader_count 0", "reeve_raft_term_count 2",
            "reeve_directory_revision_entries \(revision)", "reeve_node_ready_count 0",
            "# TYPE reeve_test_calls_total counter", "reeve_test_calls_total 7",
        ] { #expect(metrics.text.contains(line + "\n"), "\(line)") }
    }

    @Test("where the node is among others: its coordinate, once it has one") func coordinate() async {
        #expect(await admin.send("GET", "/v1/node/status").json["coordinate"]?.isNull == true)
        #expect(await !admin.send("GET", "/metrics").text.contains("reeve_gossip_coordinate"))
        admin.node.setCoordinate(NodeStatus.Coordinate(position: [-5, 0, 70_000, 1], height: 120, error: 45_678))
        let told = await admin.send("GET", "/v1/node/status").json["coordinate"]
        #expect(told == ["position_us": [-5, 0, 70_000, 1], "height_us": 120, "error_ppm": 45_678])
        let metrics = await admin.send("GET", "/metrics").text
        #expect(metrics.contains("reeve_gossip_coordinate_error_percent 4\n"))
        #expect(metrics.contains("reeve_gossip_coordinate_height_microseconds 120\n"))
    }

    @Test("policies that this program cannot read are told of, and keep no client away")
    func unreadPolicies() async throws {
        admin.node.activate("app", "permit(principal, action, resource);")
        #expect(await admin.send("GET", "/v1/node/status").json["unread_policies"] == [])
        admin.node.succeed(.draftPolicies(PolicyDraft(set: "app", text: "forbid(principal, action, resource);")))
        try admin.node.spoil("app", 2)
        admin.node.succeed(.activatePolicies(set: "app", version: 2, .none))
        let status = await admin.send("GET", "/v1/node/status").json
        let unread = try #require(status["unread_policies"]?.arrayValue?.first)
        #expect(unread["set"] == "app" && unread["version"] == 2 && unread["in_force"] == 1)
        #expect(unread["reason"]?.stringValue?.isEmpty == false)
        #expect(status["ready"]?.boolValue == true && status["damage"]?.isNull == true)
        #expect(status["warnings"]?.arrayValue?.first?.stringValue?.hasPrefix("app version 2, which is active") == true)
        let ready = await admin.send("GET", "/readyz", by: .nobody)
        #expect(ready.response.status == 200 && ready.json["ready"] == true)
        #expect(ready.json["degraded"] == "this node decides by earlier policies than are active in the cluster")
        let metrics = await admin.send("GET", "/metrics").text
        #expect(metrics.contains("reeve_decision_unread_policies_count 1\n"))
        #expect(metrics.contains("reeve_decision_damaged_count 0\n") && metrics.contains("reeve_node_ready_count 1\n"))
    }

    @Test("a node whose state cannot be read whole is not ready, and says why") func damage() async throws {
        admin.node.succeed(.draftPolicies(PolicyDraft(set: "app", text: "permit(principal, action, resource);")))
        try admin.node.spoil("app", 1)
        admin.node.succeed(.activatePolicies(set: "app", version: 1, .none))
        let ready = await admin.send("GET", "/readyz", by: .nobody)
        #expect(ready.status == 503)
        #expect(ready.detail == "the state cannot be read whole, so that every decision denies")
        let status = await admin.send("GET", "/v1/node/status").json
        #expect(status["damage"]?.stringValue?.contains("app version 1 does not parse") == true)
        #expect(await admin.send("GET", "/metrics").text.contains("reeve_decision_damaged_count 1\n"))
    }

    @Test("who is not reachable, and since when, in a cluster that looks") func reachability() async {
        #expect(await admin.send("GET", "/v1/node/status").json["reachability"]?.isNull == true)
        #expect(await !admin.send("GET", "/metrics").text.contains("reeve_gossip_suspected"))
        let nodes = (0..<150).map { number in
            NodeStatus.Unreached(
                member: MemberID(high: 9, low: UInt64(number)),
                name: "e\(number)",
                isUnreachable: number > 0,
                duration: .milliseconds(UInt64(number) * 10)
            )
        }
        admin.node.setUnreached(nodes)
        let told = await admin.send("GET", "/v1/node/status").json["reachability"]
        #expect(told?["suspected"] == 1 && told?["unreachable"] == 149)
        let listed = told?["nodes"]?.arrayValue ?? []
        #expect(listed.count == 100)
        #expect(
            listed.first == [
                "member": .string(nodes[0].member.uuid), "name": "e0", "state": "suspected", "for_ms": 0,
            ]
        )
        #expect(listed.last?["state"] == "unreachable" && listed.last?["for_ms"] == 990)
        let metrics = await admin.send("GET", "/metrics").text
        #expect(metrics.contains("reeve_gossip_suspected_nodes_count 1\n"))
        #expect(metrics.contains("reeve_gossip_unreachable_nodes_count 149\n"))
        let members = await admin.send("GET", "/v1/cluster/status").json["members"]?.arrayValue
        #expect(members?.map { $0["reachability"] } == ["reachable"])
    }

    @Test("a certificate that is about to expire warns in status and metrics") func certificate() async {
        // The administrator's own has expired by then; tokens of the directory have not.
        let token = admin.node.issue("watch", MemoryNode.id("service/gateway"), for: .seconds(365 * 86_400))
        admin.node.advance(.seconds(70 * 86_400))
        let warnings = await admin.send("GET", "/v1/node/status", by: .token(token)).json["warnings"]?.arrayValue
        #expect(warnings == ["the node's certificate expires in 20 day(s); run `reeve node renew` on its machine"])
        let metrics = await admin.send("GET", "/metrics", by: .token(token))
        #expect(metrics.text.contains("reeve_keys_certificate_remaining_seconds \(20 * 86_400)\n"))
        admin.node.advance(.seconds(30 * 86_400))
        let late = await admin.send("GET", "/v1/node/status", by: .token(token)).json["warnings"]?.arrayValue
        #expect(late == ["the node's certificate has expired; run `reeve node renew` on its machine"])
    }

    @Test("the cluster's members, settings and administrators can be read and changed") func cluster() async {
        let cluster = await admin.send("GET", "/v1/cluster/status").json
        #expect(cluster["trust_domain"]?.stringValue == "reeve.test")
        let member = cluster["members"]?.arrayValue?.first
        #expect(member?["name"]?.stringValue == "n1" && member?["voter"]?.boolValue == true)
        #expect(member?["leader"]?.boolValue == true)

        #expect(await admin.send("PUT", "/v1/settings", #"{"maximum_age_ms":5000}"#).status == 200)
        #expect(await admin.send("GET", "/v1/settings").json["maximum_age_ms"]?.integerValue == 5000)
        let bounds = #"{"action_maximum_ages_ms":{"send":6000,"deploy":5000}}"#
        #expect(await admin.send("PUT", "/v1/settings", bounds).status == 200)
        let settings = await admin.send("GET", "/v1/settings").json
        #expect(settings["action_maximum_ages_ms"] == ["deploy": 5000, "send": 6000])
        #expect(settings["maximum_age_ms"]?.integerValue == 300_000, "what is not said is the default")

        let path = "/v1/administrators/" + String(repeating: "ab", count: 32)
        #expect(await admin.send("PUT", path, #"{"name":"second"}"#).status == 200)
        let names = await admin.send("GET", "/v1/administrators").items.map { $0["name"]?.stringValue }
        #expect(names.count == 3 && names.contains("second"))
        #expect(await admin.send("DELETE", path).status == 200)
        #expect(await admin.send("DELETE", path).code == "not_found")
    }

    @Test("the history says who did what, in pages, and is searched by each of its parts") func history() async throws {
        for name in ["x1", "x2", "x3"] { await admin.send("PUT", "/v1/roles/\(name)", "{}") }
        await admin.send("DELETE", "/v1/roles/none")
        let roles = await admin.send("GET", "/v1/audit?action=putRole&limit=2")
        #expect(roles.items.map { $0["target"]?.stringValue } == ["role/reader", "role/x1"])
        let next = try #require(roles.json["next"]?.stringValue)
        let rest = await admin.send("GET", "/v1/audit?action=putRole&cursor=\(next)")
        #expect(rest.items.map { $0["target"]?.stringValue } == ["role/x2", "role/x3"])
        #expect(rest.json["next"]?.isNull == true)
        let refused = await admin.send("GET", "/v1/audit?target=role/none").items
        #expect(refused.map { $0["result"]?.stringValue } == ["not_found none"])
        let caller = try #require(refused.first?["caller"]?.stringValue)
        #expect(await admin.send("GET", "/v1/audit?caller=\(caller)&action=putRole").items.count == 3)
        let from = try #require(rest.items.last?["revision"]?.integerValue)
        #expect(await admin.send("GET", "/v1/audit?from=\(from)").items.count == 2)
        #expect(await admin.send("GET", "/v1/audit?from=x").code == "invalid_request")
    }

    @Test("the decision log is searched by each of its parts") func decisions() async throws {
        let asked = Mutex<[DecisionLogFilter]>([])
        let entry = DecisionLogEntry(
            time: MemoryNode.start,
            requestID: "r-1",
            caller: nil,
            subject: .init(type: "Agent", id: "bot"),
            action: "read",
            resource: .init(type: "Doc", id: "d1"),
            isAllowed: true,
            code: "allowed",
            policies: ["sample/readers"],
            obligations: ["receipt"],
            advice: ["ask first"],
            revision: LogIndex(9),
            epoch: 0,
            ageMilliseconds: 3,
            isSearch: true
        )
        let admin = try Administration { filter in
            asked.withLock { $0.append(filter) }
            return [entry]
        }
        let query =
            "subject=agent/bot&action=read&resource=d1&result=deny&request_id=r-1&since=2026-01-01T00:00:00Z&limit=5"
        let found = await admin.send("GET", "/v1/audit/decisions?\(query)")
        #expect(found.items.first?["request_id"]?.stringValue == "r-1")
        #expect(found.items.first?["subject"] == ["type": "Agent", "id": "bot"])
        #expect(found.items.first?["obligations"] == ["receipt"] && found.items.first?["advice"] == ["ask first"])
        #expect(found.items.first?["search"] == true)
        let filter = DecisionLogFilter(
            subject: "agent/bot",
            action: "read",
            resource: "d1",
            isAllowed: false,
            requestID: "r-1",
            since: MemoryNode.start,
            limit: 5
        )
        #expect(asked.withLock { $0 } == [filter])
        for bad in ["result=maybe", "since=today", "limit=0", "colour=red"] {
            #expect(await admin.send("GET", "/v1/audit/decisions?\(bad)").code == "invalid_request")
        }
    }

    static let question = #"{"principal":"agent/bot","action":"read","resource":{"type":"Doc","id":"d1"}}"#

    @Test("a check is a decision that says what it rests on") func check() async {
        let answer = await admin.send("POST", "/v1/check", Self.question, headers: [("X-Request-ID", "c-1")])
        #expect(answer.status == 200 && answer.json["decision"]?.stringValue == "allow")
        #expect(answer.json["policies"]?.arrayValue?.first?["id"]?.stringValue == "readers")
        #expect(answer.json["roles"] == ["reader"])
        #expect(admin.log.entries.map(\.requestID) == ["c-1"])
        let denied = await admin.send("POST", "/v1/check", Self.question.replacing("d1", with: "d2")).json
        #expect(denied["decision"]?.stringValue == "deny" && denied["code"]?.stringValue == "forbidden")
    }

    @Test("a check explains nothing to those who may not know, and decides nothing unlogged") func checkLimits() async {
        let own = await admin.send("POST", "/v1/check", Self.question, by: .token(admin.sample.botToken))
        #expect(own.json["decision"]?.stringValue == "allow" && own.json["policies"] == nil)
        let other = await admin.send(
            "POST",
            "/v1/check",
            Self.question.replacing("agent/bot", with: "agent/other"),
            by: .token(admin.sample.botToken)
        )
        #expect(other.json["code"]?.stringValue == "not_authorized_for_subject")
        admin.log.setBroken(true)
        let unlogged = await admin.send("POST", "/v1/check", Self.question)
        #expect(unlogged.json["decision"]?.stringValue == "deny")
        #expect(unlogged.json["code"]?.stringValue == "log_unavailable")
    }

    @Test(
        "a check that asks nothing sensible is refused",
        arguments: [
            (#"{"action":"read","resource":{"type":"Doc","id":"d1"}}"#, "principal: is missing"),
            (#"{"principal":"agent/bot","action":"read"}"#, "resource: is missing"),
            (#"{"principal":"agent/bot","action":"read","resource":{"type":"Doc"}}"#, "resource.id: is missing"),
            (
                #"{"principal":"agent/bot","action":"read","resource":"Doc::\"d\"","context":{"a":1.23456}}"#,
                "context.a"
            ),
            (#"{"principal":"agent/bot","action":"read","resource":"Doc::\"d\"","x":1}"#, "x: unknown field"),
        ]
    )
    func badCheck(body: String, mentions: String) async {
        let answer = await admin.send("POST", "/v1/check", body)
        #expect(answer.status == 400 && answer.detail.contains(mentions), "\(answer.text)")
    }
}
