import ClusterSupport
import Foundation
import Testing

@Suite("Backup, restore and recovery of a cluster", .serialized) struct RestoreTests {
    @discardableResult
    private func write(
        _ method: String,
        _ path: String,
        _ body: String = "{}",
        to cluster: TestCluster,
        at name: String = "n1"
    ) async throws -> Int {
        let answer = try await cluster.admin(method, path, body: body, at: name)
        #expect((200..<300).contains(answer.status), "\(method) \(path): \(answer.body)")
        return answer.value("revision").flatMap { Int($0) } ?? 0
    }

    private func standing(_ principal: String, in cluster: TestCluster) async throws -> String? {
        try await cluster.admin("GET", "/v1/principals/\(principal)", at: "n1").value("status")
    }

    private func populate(_ cluster: TestCluster) async throws {
        for name in ["a", "b", "c"] { try await write("PUT", "/v1/principals/agent/\(name)", to: cluster) }
        try await write("POST", "/v1/revocations", #"{"subject": "agent/a", "reason": "test"}"#, to: cluster)
    }

    private func file(_ name: String, of cluster: TestCluster) -> String { cluster.folder.appending(path: name).path() }

    private func succeed(_ result: (status: Int32, output: String), _ what: String) {
        #expect(result.status == 0, "\(what): \(result.output)")
    }

    @Test("a restore has the state of the backup, and every revocation that survivors export") func survivors()
        async throws
    {
        try await withCluster { old in
            try await populate(old)
            let (backup, export) = (file("backup", of: old), file("export", of: old))
            succeed(try old.command("cluster", "backup", "--out", backup), "backup")
            try await write("PUT", "/v1/roles/lost", to: old)
            let late = try await write("POST", "/v1/revocations", #"{"subject": "agent/b", "reason": "late"}"#, to: old)
            // A quorum has it. That this node does is what is asked here, by what leaves its state uncommitted.
            try await old.until("n2 has heard of it", within: 10) {
                try await old.status(of: "n2").value("revision").flatMap { Int($0) } ?? 0 >= late
            }
            // The export of a node whose peers are gone, and which is stopped.
            for name in old.names { old.kill(name) }
            let configuration = old.configuration(of: "n2")
            succeed(
                try old.command("cluster", "export-revocations", "--config", configuration, "--out", export),
                "export"
            )
            let maker = ["cluster", "restore", "--backup", backup, "--authority", old.folder.path()]
            try await withCluster(maker + ["--revocations", export]) { new in
                #expect(try await standing("agent/a", in: new) == "revoked")
                #expect(try await standing("agent/b", in: new) == "revoked")
                #expect(try await standing("agent/c", in: new) == "active")
                #expect(try await new.admin("GET", "/v1/roles/lost", at: "n1").status == 404)
                try await write("PUT", "/v1/roles/new", to: new)
                try await KillTests.checkRoots(of: new)
                try await new.join("n4")
                #expect(try await new.admin("GET", "/v1/roles/new", at: "n4").status == 200)
            }
            let again = try TestCluster.run(maker + ["--dir", file("x", of: old), "--node", "n1=127.0.0.1:1,2,3"])
            #expect(again.status != 0 && again.output.contains("--accept-lost-revocations"), "\(again.output)")
        }
    }

    @Test("a restore without survivors quarantines everybody but administrators") func quarantine() async throws {
        try await withCluster { old in
            try await populate(old)
            let backup = file("backup", of: old)
            succeed(try old.command("cluster", "backup", "--out", backup), "backup")
            let maker = ["cluster", "restore", "--backup", backup, "--authority", old.folder.path()]
            try await withCluster(maker + ["--accept-lost-revocations"]) { new in
                #expect(try await standing("agent/a", in: new) == "revoked")
                #expect(try await standing("agent/c", in: new) == "quarantined")
                try await write("PUT", "/v1/roles/new", to: new)
            }
        }
    }

    @Test("a damaged backup is refused, and nothing is made") func damage() async throws {
        try await withCluster { old in
            try await populate(old)
            let backup = file("backup", of: old)
            succeed(try old.command("cluster", "backup", "--out", backup), "backup")
            var bytes = try Data(contentsOf: URL(filePath: backup))
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: URL(filePath: backup))
            let target = file("restored", of: old)
            let result = try TestCluster.run([
                "cluster", "restore", "--backup", backup, "--authority", old.folder.path(), "--dir", target,
                "--accept-lost-revocations", "--node", "n1=127.0.0.1:1,2,3",
            ])
            #expect(result.status == 1 && result.output.contains("nothing was changed"), "\(result.output)")
            let left = try FileManager.default.contentsOfDirectory(atPath: old.folder.path())
            #expect(!left.contains { $0.hasPrefix("restored") }, "\(left)")
        }
    }

    @Test("after the loss of a majority one voter goes on alone, once told that data may be lost") func recovery()
        async throws
    {
        try await withCluster { cluster in
            try await populate(cluster)
            for name in cluster.names { cluster.kill(name) }
            let configuration = cluster.configuration(of: "n1")
            let asked = try TestCluster.run(["cluster", "recover", "--config", configuration])
            #expect(asked.status == 1 && asked.output.contains("Lost:"), "\(asked.output)")
            #expect(asked.output.contains("nothing was changed"), "\(asked.output)")
            succeed(
                try TestCluster.run(["cluster", "recover", "--config", configuration, "--accept-data-loss"]),
                "recover"
            )
            try cluster.start("n1")
            try await cluster.until("n1 is ready", within: 15) {
                (try? await cluster.admin("GET", "/readyz", at: "n1"))?.status == 200
            }
            #expect(try await standing("agent/a", in: cluster) == "revoked")
            try await write("PUT", "/v1/roles/after", to: cluster)
            try cluster.start("n2")
            try await cluster.until("n2 is told that it was removed", within: 15) {
                let status = try? await cluster.admin("GET", "/readyz", at: "n2")
                return status?.status == 503 && status?.body.contains("removed") == true
            }
            try await cluster.join("n5")
            succeed(try cluster.command("cluster", "promote", "n5", "--wait"), "promote")
            try await write("PUT", "/v1/roles/two", to: cluster)
        }
    }
}
