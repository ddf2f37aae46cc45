import ClusterSupport
import Foundation
import Testing

@Suite("Revocations that do not wait for a quorum", .serialized) struct WithoutQuorumTests {
    private func warrant(_ cluster: TestCluster) async throws -> String {
        let answer = try await cluster.admin("PUT", "/v1/principals/agent/bot", body: "{}", at: "n1")
        #expect((200..<300).contains(answer.status), "\(answer.body)")
        try cluster.issueWarrant(budget: 5)
        return cluster.warrantFile
    }

    private func standing(in cluster: TestCluster, at name: String) async throws -> String? {
        try await cluster.admin("GET", "/v1/principals/agent/bot", at: name).value("status")
    }

    private func waitFor(_ names: [String], of cluster: TestCluster, _ id: String, _ state: String) async throws {
        for name in names {
            try await cluster.until("\(name) says \(state)", within: 20) {
                try await cluster.admin("GET", "/v1/statements/\(id)", at: name).value("state") == state
            }
        }
    }

    @Test("a voter alone enforces a statement, through a restart too, and the log has it once the others are back")
    func alone() async throws {
        try await withCluster { cluster in
            let file = try await warrant(cluster)
            try await cluster.until("n3 knows the agent", within: 10) {
                try await standing(in: cluster, at: "n3") == "active"
            }
            for name in ["n1", "n2"] { cluster.kill(name) }
            let made = try cluster.command(
                "quarantine",
                "agent/bot",
                "--reason",
                "odd",
                "--warrant",
                file,
                "--json"
            )
            #expect(made.status == 0, "\(made.output)")
            let id = try #require(TestCluster.Answer.text(made.output).value("id"), "\(made.output)")
            #expect(TestCluster.Answer.text(made.output).value("state") == "enforced")
            #expect(try await standing(in: cluster, at: "n3") == "quarantined")
            cluster.kill("n3")
            try cluster.start("n3")
            // It answers nobody until it knows that what it knows is new. The others have not heard of the statement.
            for name in ["n1", "n2"] { try cluster.start(name) }
            try await waitFor(cluster.names, of: cluster, id, "recorded")
            for name in cluster.names { #expect(try await standing(in: cluster, at: name) == "quarantined") }
            let lifted = try cluster.command("quarantine", "lift", "agent/bot", "--reason", "checked")
            #expect(lifted.status == 0, "\(lifted.output)")
            try await KillTests.checkRoots(of: cluster)
        }
    }

    @Test("who brought a statement sees every node go by it") func containment() async throws {
        try await withCluster { cluster in
            let file = try await warrant(cluster)
            let made = try cluster.command("quarantine", "agent/bot", "--reason", "odd", "--warrant", file, "--json")
            #expect(made.status == 0, "\(made.output)")
            let id = try #require(TestCluster.Answer.text(made.output).value("id"), "\(made.output)")
            let shown = try cluster.command("revocation", "show", id, "--watch", "--timeout", "15s")
            #expect(shown.status == 0, "\(shown.output)")
            #expect(cluster.names.allSatisfy { shown.output.contains($0) }, "\(shown.output)")
            let last = shown.output.split(separator: "node ").last ?? ""
            #expect(!last.contains("not heard from"), "\(shown.output)")
        }
    }

    @Test("a survivor's export has what is in force there, and a restore does not give it back") func restore()
        async throws
    {
        try await withCluster { old in
            let file = try await warrant(old)
            let (backup, export) = (
                old.folder.appending(path: "backup").path(), old.folder.appending(path: "export").path()
            )
            #expect(try old.command("cluster", "backup", "--out", backup).status == 0)
            try await old.until("n3 knows the agent", within: 10) { try await standing(in: old, at: "n3") == "active" }
            for name in ["n1", "n2"] { old.kill(name) }
            let made = try old.command("quarantine", "agent/bot", "--reason", "odd", "--warrant", file)
            #expect(made.status == 0, "\(made.output)")
            old.kill("n3")
            let configuration = old.configuration(of: "n3")
            let exported = try old.command(
                "cluster",
                "export-revocations",
                "--config",
                configuration,
                "--out",
                export
            )
            #expect(exported.status == 0, "\(exported.output)")
            let maker = [
                "cluster", "restore", "--backup", backup, "--authority", old.folder.path(), "--revocations", export,
            ]
            try await withCluster(maker) { new in
                let restored = try await standing(in: new, at: "n1")
                #expect(restored == "quarantined")
            }
        }
    }
}

extension TestCluster.Answer {
    /// What a command printed with --json.
    fileprivate static func text(_ output: String) -> TestCluster.Answer { TestCluster.Answer(status: 0, body: output) }
}
