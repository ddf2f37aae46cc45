import JSON
import Kernel
import TestSupport
import Testing

@Suite("Admin API: status") struct AdminStatusTests {
    @Test("health is open, readiness needs a leader and a proof of freshness") func health() async {
        let world = AdminWorld()
        #expect(await world.send("GET", "/healthz", token: "").status == 200)
        #expect(await world.send("GET", "/readyz", token: "").status == 200)
        world.node.setLeader(false)
        let waiting = await world.send("GET", "/readyz", token: "")
        #expect(waiting.status == 503)
        #expect(waiting.detail == "the node knows no leader")
        world.node.setLeader(true)
        world.node.setServing(false)
        #expect(await world.send("GET", "/readyz", token: "").status == 503)
    }

    @Test("a node's status needs no leader") func nodeStatus() async {
        let world = AdminWorld()
        world.node.setLeader(false)
        let status = await world.send("GET", "/v1/node/status", token: world.botToken)
        #expect(status.status == 200)
        #expect(status.body["leader"] == .null)
        #expect(status.body["ready"] == false)
        #expect(status.body["warnings"] == [])
    }

    @Test("a certificate that soon expires warns") func certificate() async {
        let world = AdminWorld()
        world.node.advance(.seconds(80 * 86_400))
        let soon = await world.send("GET", "/v1/node/status", token: world.botToken)
        #expect(soon.body["warnings"] == ["the node's certificate expires in 10 day(s); install a new one"])
        world.node.advance(.seconds(20 * 86_400))
        let late = await world.send("GET", "/v1/node/status", token: world.botToken)
        #expect(late.body["warnings"] == ["the node's certificate has expired; install a new one"])
    }

    @Test("metrics are in Prometheus' format, each name once") func metrics() async {
        let world = AdminWorld()
        let answer = await world.send("GET", "/metrics")
        #expect(answer.response.mediaType.hasPrefix("text/plain; version=0.0.4"))
        let lines = String(decoding: answer.response.body, as: UTF8.self).split(separator: "\n")
        let samples = lines.filter { !$0.hasPrefix("#") }
        #expect(samples.contains("reeve_raft_leader_count 1"))
        #expect(samples.contains("reeve_raft_elections_total 1"))
        #expect(samples.allSatisfy { $0.wholeMatch(of: /reeve_[a-z0-9]+_[a-z0-9_]+ [0-9]+/) != nil })
        #expect(Set(samples.map { $0.split(separator: " ")[0] }).count == samples.count)
    }

    @Test("the cluster's status lists its members") func clusterStatus() async {
        let world = AdminWorld()
        let status = await world.send("GET", "/v1/cluster/status")
        #expect(status.body["trust_domain"] == "reeve.test")
        #expect(status.body["members"]?.arrayValue?.first?["leader"] == true)
    }
}
