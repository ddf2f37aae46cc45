import ClusterSupport
import Foundation
import Testing

@Suite("Members of a cluster of real processes", .serialized) struct MembershipTests {
    @Test("a node is added, catches up, is promoted, and the leader is removed, while writes go on") func lifecycle()
        async throws
    {
        try await withCluster { cluster in
            try await write("before", to: cluster, at: "n1")
            try await cluster.join("n4")
            #expect(try await cluster.status(of: "n4").value("role") == "learner")
            #expect(try await cluster.admin("GET", "/v1/roles/before", at: "n4").status == 200)
            let promoted = try cluster.command("cluster", "promote", "n4", "--wait")
            #expect(promoted.status == 0, "\(promoted.output)")
            try await cluster.until("n4 votes", within: 5) {
                try await cluster.status(of: "n4").value("role") != "learner"
            }
            let leader = try await KillTests.leader(of: cluster)
            let removed = try cluster.command("cluster", "remove", leader)
            #expect(removed.status == 0, "\(removed.output)")
            let left = cluster.allNames.filter { $0 != leader }
            try await write("after", to: cluster, at: left[0])
            for name in left {
                try await cluster.until("\(name) has the write", within: 10) {
                    try await cluster.admin("GET", "/v1/roles/after", at: name).status == 200
                }
            }
            try await cluster.until("\(leader) says that it is removed", within: 10) {
                try await cluster.status(of: leader).body.contains("removed from the cluster")
            }
            try await refusesToStart(leader, of: cluster, saying: "was removed from the cluster")
            try await survivesLoss(of: "n4", cluster, left)
        }
    }

    /// With three voters left one may fail, so the one that was promoted counts.
    private func survivesLoss(of name: String, _ cluster: TestCluster, _ left: [String]) async throws {
        let other = try #require(left.first { $0 != name })
        cluster.kill(other)
        let third = try #require(left.first { $0 != name && $0 != other })
        try await write("late", to: cluster, at: third)
        #expect(try await cluster.status(of: name).status == 200)
    }

    @Test("a learner that has not caught up gets no vote, and an invitation serves one node once") func refusals()
        async throws
    {
        try await withCluster { cluster in
            let file = cluster.folder.appending(path: "n4.join").path()
            let invited = try cluster.command("cluster", "add", cluster.argument(of: "n4"), "--out", file)
            #expect(invited.status == 0, "\(invited.output)")
            let first = try TestCluster.run(["node", "join", "--file", file, "--dir", cluster.nodeFolder("n4").path()])
            #expect(first.status == 0, "\(first.output)")
            let thief = cluster.folder.appending(path: "thief").path()
            let second = try TestCluster.run(["node", "join", "--file", file, "--dir", thief])
            #expect(second.status == 1 && second.output.contains("ticket_invalid"), "\(second.output)")
            // It was never started, so it holds nothing.
            let promoted = try cluster.command("cluster", "promote", "n4")
            #expect(promoted.status == 1 && promoted.output.contains("not_caught_up"), "\(promoted.output)")
            let unknown = try cluster.command("cluster", "remove", "n9")
            #expect(unknown.status == 1 && unknown.output.contains("not_found"), "\(unknown.output)")
        }
    }

    @Test("a member that lost its data is refused, says what to do, and comes back as a new incarnation") func wiped()
        async throws
    {
        try await withCluster { cluster in
            try await named(cluster.names, in: cluster)
            cluster.kill("n3")
            try FileManager.default.removeItem(at: cluster.nodeFolder("n3").appending(path: "data"))
            try cluster.start("n3")
            try await cluster.until("n3 says what to do", within: 15) {
                let status = try? await cluster.admin("GET", "/readyz", at: "n3")
                return status?.status == 503 && status?.body.contains("reeve cluster remove") == true
            }
            cluster.kill("n3")
            let removed = try cluster.command("cluster", "remove", "n3")
            #expect(removed.status == 0, "\(removed.output)")
            try FileManager.default.removeItem(at: cluster.nodeFolder("n3"))
            try await cluster.join("n3")
            #expect(try await cluster.status(of: "n3").value("incarnation") == "2")
            let promoted = try cluster.command("cluster", "promote", "n3", "--wait")
            #expect(promoted.status == 0, "\(promoted.output)")
            cluster.kill("n3")
            try FileManager.default.removeItem(at: cluster.nodeFolder("n3").appending(path: "data"))
            try await refusesToStart("n3", of: cluster, saying: "reeve cluster remove n3")
            try await write("after", to: cluster, at: "n1")
        }
    }

    @Test("a member that was away while another joined follows the newcomer, which leads by then") func newcomerLeads()
        async throws
    {
        try await withCluster { cluster in
            let leader = try await KillTests.leader(of: cluster)
            let away = try #require(cluster.names.first { $0 != leader })
            cluster.kill(away)
            try await cluster.join("n4")
            let promoted = try cluster.command("cluster", "promote", "n4", "--wait")
            #expect(promoted.status == 0, "\(promoted.output)")
            let moved = try cluster.command("cluster", "transfer", "n4")
            #expect(moved.status == 0, "\(moved.output)")
            try cluster.start(away)
            try await write("after", to: cluster, at: "n4")
            try await cluster.until("\(away) has the write", within: 15) {
                try await cluster.admin("GET", "/v1/roles/after", at: away).status == 200
            }
            #expect(try await cluster.status(of: "n4").value("role") == "leader")
        }
    }

    @Test("leadership goes where an operator wants it") func transfer() async throws {
        try await withCluster { cluster in
            let leader = try await KillTests.leader(of: cluster)
            let target = try #require(cluster.names.first { $0 != leader })
            let moved = try cluster.command("cluster", "transfer", target)
            #expect(moved.status == 0 && moved.output.contains("\(target) leads"), "\(moved.output)")
            #expect(try await KillTests.leader(of: cluster) == target)
            let unknown = try cluster.command("cluster", "transfer", "n9")
            #expect(unknown.status == 1 && unknown.output.contains("not_found"), "\(unknown.output)")
        }
    }

    private func write(_ role: String, to cluster: TestCluster, at name: String) async throws {
        let answer = try await cluster.admin("PUT", "/v1/roles/\(role)", body: "{}", at: name)
        #expect((200..<300).contains(answer.status), "\(role) at \(name): \(answer.body)")
    }

    /// Until the log names the data directory of each.
    private func named(_ names: [String], in cluster: TestCluster) async throws {
        try await cluster.until("all data directories are named", within: 15) {
            let answer = try await cluster.admin("GET", "/v1/members", at: "n1")
            let object = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
            let items = object?["items"] as? [[String: Any]] ?? []
            return items.count { $0["instance"] is String } == names.count
        }
    }

    private func refusesToStart(_ name: String, of cluster: TestCluster, saying text: String) async throws {
        // Not by kill -9: what it applied last, its own removal, might not be in its state yet. Then it starts, and is refused
        // by the others.
        if let process = cluster.process(name), process.isRunning {
            process.terminate()
            process.waitUntilExit()
        }
        let run = try TestCluster.run(["node", "run", "--config", cluster.configuration(of: name)])
        #expect(run.status == 1 && run.output.contains(text), "\(run.output)")
    }
}
