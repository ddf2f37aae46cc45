import ClusterSupport
import Foundation
import Testing

@Suite("Edges of a cluster of real processes", .serialized) struct EdgeTests {
    private static let edges = ["e1", "e2"]

    @Test("edges decide by what voters seal, send writes on, and take statements while no voter is up") func life()
        async throws
    {
        try await withCluster { cluster in
            let warrant = try await prepared(cluster)
            for edge in Self.edges { try await cluster.join(edge, edge: true) }
            #expect(try await cluster.status(of: "e1").value("role") == "edge")
            let status = try cluster.command("cluster", "status")
            #expect(status.status == 0 && status.output.contains("edge"), "\(status.output)")
            try await writesAreSentOn(cluster)
            try await followsRevocation(cluster)
            for voter in cluster.names { cluster.kill(voter) }
            let id = try await statementSpreads(cluster, warrant)
            try await survivesRestart(cluster, id)
            try await isRemoved("e2", from: cluster)
        }
    }

    @Test("an edge that missed more than anybody keeps of the log takes the state from a neighbour") func farBehind()
        async throws
    {
        let settings = "limits:\n  kept_entries: 20\n  compaction_step: 20\n"
        try await withCluster(settings: settings) { cluster in
            _ = try await prepared(cluster)
            for edge in Self.edges { try await cluster.join(edge, edge: true) }
            // The other edge keeps no more than voters do.
            cluster.kill("e2")
            let file = cluster.nodeFolder("e2").appending(path: "node.yaml")
            let text = try String(contentsOf: file, encoding: .utf8)
            try (text + settings).write(to: file, atomically: true, encoding: .utf8)
            try cluster.start("e2")
            let before = try await cluster.status(of: "e1").value("revision").flatMap { Int($0) } ?? .max
            cluster.kill("e1")
            // Long ones, since the newest stay in memory beside the log.
            let comment = String(repeating: "// nothing\\n", count: 4000)
            for number in 0..<60 {
                let text = "\(comment)permit(principal, action, resource);"
                let path = "/v1/policy-sets/long\(number)/versions"
                let answer = try await cluster.admin("POST", path, body: #"{"text": "\#(text)"}"#, at: "n1")
                #expect((200..<300).contains(answer.status), "\(answer.body)")
            }
            for name in cluster.names {
                let first = try await cluster.status(of: name).value("first_index").flatMap { Int($0) } ?? 0
                #expect(first > before + 1, "the log of \(name) was not compacted, so this shows nothing")
            }
            try await cluster.startUntilReady("e1")
            let metrics = try await cluster.admin("GET", "/metrics", at: "e1").body
            #expect(metrics.contains("reeve_gossip_snapshots_taken_total 1\n"), "\(metrics)")
            #expect(metrics.contains("reeve_host_frames_of_edges_over_budget_total 0\n"), "\(metrics)")
            try await KillTests.checkRoots(of: cluster, Self.edges)
            #expect(try await decision(on: "bot", at: "e1", of: cluster) == "allowed")
            // It is its own from then on.
            cluster.kill("e1")
            try await cluster.startUntilReady("e1")
            try await followsRevocation(cluster)
            try await KillTests.checkRoots(of: cluster, Self.edges)
        }
    }

    /// Two agents that may read, and a warrant to quarantine them. Gives the warrant's file.
    private func prepared(_ cluster: TestCluster) async throws -> String {
        func write(_ method: String, _ path: String, _ body: String) async throws {
            let answer = try await cluster.admin(method, path, body: body, at: "n1")
            #expect((200..<300).contains(answer.status), "\(method) \(path): \(answer.body)")
        }
        for agent in ["bot", "other"] { try await write("PUT", "/v1/principals/agent/\(agent)", "{}") }
        let policy = "permit(principal, action == Action::\\\"read\\\", resource);"
        try await write("POST", "/v1/policy-sets/main/versions", #"{"text": "\#(policy)"}"#)
        try await write("POST", "/v1/policy-sets/main/activate", #"{"version": 1}"#)
        try cluster.issueWarrant(budget: 5)
        return cluster.warrantFile
    }

    private func decision(on agent: String, at name: String, of cluster: TestCluster) async throws -> String {
        let body = """
            {"subject":{"type":"agent","id":"\(agent)"},"action":{"name":"read"},"resource":{"type":"database","id":"d"}}
            """
        let answer = try await cluster.decisions("POST", "/access/v1/evaluation", body: body, at: name)
        let object = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
        return (object?["context"] as? [String: Any])?["reason"] as? String ?? answer.body
    }

    /// As whoever knows only one edge would reach the cluster.
    private func contextOfEdge(_ cluster: TestCluster) throws -> String {
        let text = try String(contentsOf: cluster.folder.appending(path: "context.yaml"), encoding: .utf8)
        let file = cluster.folder.appending(path: "edge.yaml")
        let head = text.prefix(upTo: try #require(text.range(of: "\nnodes:")).lowerBound)
        let node = """

            nodes:
              - name: e1
                admin: \(cluster.url("e1", 1, ""))
                decisions: \(cluster.url("e1", 2, ""))

            """
        try (head + node).write(to: file, atomically: true, encoding: .utf8)
        return file.path()
    }

    private func writesAreSentOn(_ cluster: TestCluster) async throws {
        let refused = try await cluster.admin("PUT", "/v1/roles/r", body: "{}", at: "e1")
        #expect(refused.status == 421 && refused.value("code") == "edge", "\(refused.body)")
        for voter in cluster.names {
            #expect(refused.body.contains(#""127.0.0.1:\#(cluster.port(voter, 1))""#), "\(refused.body)")
        }
        let current = try await cluster.admin("GET", "/v1/roles?consistency=linearizable", at: "e1")
        #expect(current.status == 421, "\(current.body)")
        let context = try contextOfEdge(cluster)
        let made = try TestCluster.run(["role", "create", "sent-on", "--context", context])
        #expect(made.status == 0, "\(made.output)")
        for edge in Self.edges {
            try await cluster.until("\(edge) has the write", within: 5) {
                try await cluster.admin("GET", "/v1/roles/sent-on", at: edge).status == 200
            }
        }
    }

    private func followsRevocation(_ cluster: TestCluster) async throws {
        for edge in Self.edges { #expect(try await decision(on: "bot", at: edge, of: cluster) == "allowed") }
        let revoked = try cluster.command("revoke", "agent/bot", "--reason", "leaked")
        #expect(revoked.status == 0, "\(revoked.output)")
        for edge in Self.edges {
            try await cluster.until("\(edge) denies", within: 5) {
                try await decision(on: "bot", at: edge, of: cluster) == "principal_revoked"
            }
        }
    }

    /// Gives the statement's id.
    private func statementSpreads(_ cluster: TestCluster, _ warrant: String) async throws -> String {
        #expect(try await decision(on: "other", at: "e2", of: cluster) == "allowed")
        let made = try TestCluster.run([
            "quarantine", "agent/other", "--reason", "odd", "--warrant", warrant, "--json", "--context",
            try contextOfEdge(cluster),
        ])
        let answer = TestCluster.Answer(status: 0, body: made.output)
        #expect(made.status == 0 && answer.value("state") == "enforced", "\(made.output)")
        for edge in Self.edges {
            try await cluster.until("\(edge) denies", within: 5) {
                try await decision(on: "other", at: edge, of: cluster) == "principal_quarantined"
            }
        }
        return try #require(answer.value("id"), "\(made.output)")
    }

    /// Without voters its neighbour has the newest seal for it, whose age goes on; the statement is on its own disk.
    private func survivesRestart(_ cluster: TestCluster, _ id: String) async throws {
        cluster.kill("e1")
        try await cluster.startUntilReady("e1")
        #expect(try await decision(on: "other", at: "e1", of: cluster) == "principal_quarantined")
        for voter in cluster.names { try cluster.start(voter) }
        try await cluster.ready()
        for name in cluster.names + Self.edges {
            try await cluster.until("\(name) has the statement from the log", within: 20) {
                try await cluster.admin("GET", "/v1/statements/\(id)", at: name).value("state") == "recorded"
            }
        }
        try await cluster.until("e1 is ready", within: 10) {
            try await cluster.admin("GET", "/readyz", at: "e1").status == 200
        }
        #expect(try await decision(on: "other", at: "e1", of: cluster) == "principal_quarantined")
        try await KillTests.checkRoots(of: cluster, Self.edges)
    }

    private func isRemoved(_ edge: String, from cluster: TestCluster) async throws {
        let removed = try cluster.command("cluster", "remove", edge)
        #expect(removed.status == 0, "\(removed.output)")
        try await cluster.until("\(edge) says that it is removed", within: 10) {
            try await cluster.status(of: edge).body.contains("removed from the cluster")
        }
        let members = try await cluster.admin("GET", "/v1/members", at: "n1")
        #expect(members.body.contains(#""e1""#) && !members.body.contains(#""\#(edge)""#), "\(members.body)")
    }
}
