import AsyncHTTPClient
import ClusterSupport
import Foundation
import Identity
import Kernel
import Keys
import NIOCore
import NIOPosix
import Testing

/// What keeps one node or caller out, told clearly, while the others go on.
@Suite("A cluster beside what cannot take part", .serialized) struct BadNodeTests {
    @Test("a port in use, an unreadable file and an expired certificate keep a node or caller out") func keptOut()
        async throws
    {
        try await withCluster { cluster in
            try await Self.expired(cluster)
            cluster.kill("n3")
            try await Self.portsInUse(cluster)
            try Self.unreadable(cluster)
            try await Self.expectHealthy(cluster, besides: "n3")
        }
    }

    @Test("a disk without room is refused at the start", .enabled(if: TinyDisk.isPermitted, "needs mount namespaces"))
    func fullDisk() async throws {
        try await withCluster { cluster in
            cluster.kill("n3")
            let data = cluster.folder.appending(path: "nodes/n3/data").path()
            let start = [TestCluster.binary.path(), "node", "run", "--config", cluster.configuration(of: "n3")]
            let full = try TinyDisk.run(start, mountedAt: data)
            #expect(full.status == 1 && full.output.contains("bytes free, at least"), "\(full.output)")
            #expect(full.output.contains(data), "\(full.output)")
            try await Self.expectHealthy(cluster, besides: "n3")
            try cluster.start("n3")
            try await cluster.ready()
        }
    }

    @Test("a log that has much less room than is written to it is cut in time, and takes all of it") func smallLog()
        async throws
    {
        try await withCluster(settings: "limits:\n  max_log_bytes: 16777216\n") { cluster in
            let refused = try await Self.fill(cluster)
            #expect(refused == nil, "\(refused?.body ?? "")")
            try await Self.expectHealthy(cluster, besides: nil)
        }
    }

    @Test("a state at its limit takes no writes; reads and decisions go on") func fullState() async throws {
        try await withCluster(settings: "limits:\n  max_state_bytes: 16777216\n") { cluster in
            let put = try await cluster.admin("PUT", "/v1/principals/agent/bot", body: "{}", at: "n1")
            #expect(put.status == 200, "\(put.body)")
            // The write that finds no room may get no answer before its client has waited long enough.
            let takesAll: Bool
            do { takesAll = try await Self.fill(cluster) == nil } catch { takesAll = false }
            #expect(!takesAll, "25 MB fit into 16 MiB")
            for name in cluster.names {
                try await cluster.until("\(name) refuses writes", within: 20) {
                    try await cluster.admin("PUT", "/v1/roles/late", body: "{}", at: name).value("code")
                        == "storage_full"
                }
            }
            try await Self.expectHealthy(cluster, besides: nil)
        }
    }

    /// A hundred drafts of nearly the largest text. The first answer that is none of success, nil where all are.
    private static func fill(_ cluster: TestCluster) async throws -> TestCluster.Answer? {
        let comment = String(repeating: "x", count: 250_000)
        for number in 0..<100 {
            let body = #"{"text": "// \#(number) \#(comment)\npermit (principal, action, resource);"}"#
            let answer = try await cluster.admin("POST", "/v1/policy-sets/big/versions", body: body, at: "n1")
            if answer.status != 201 { return answer }
        }
        return nil
    }

    /// The administrator's own key, and a node's, in certificates that ended an hour ago.
    private static func expired(_ cluster: TestCluster) async throws {
        let root = try OfflineRoot(of: cluster)
        let admin = try root.issueAgain("admin/admin") { issuer, id, key in
            try issuer.issueClient(id, publicKey: key.publicKey, validity: OfflineRoot.past)
        }
        let client = try cluster.client(certificate: admin, key: "admin/admin.key")
        for offset in [1, 2] {
            let path = offset == 1 ? "/v1/roles" : "/.well-known/authzen-configuration"
            let error = await #expect(throws: (any Error).self) {
                _ = try await cluster.send("GET", cluster.url("n1", offset, path), nil, [], client)
            }
            let text = "\(String(describing: error))"
            #expect(text.contains("CERTIFICATE_EXPIRED"), "port \(offset): \(text)")
        }
        try await client.shutdown()

        let node = try root.issueAgain("nodes/n3/node") { issuer, _, key in
            try issuer.issueNode("n3", publicKey: key.publicKey, hosts: ["127.0.0.1"], validity: OfflineRoot.past)
        }
        let peer = try cluster.client(certificate: node, key: "nodes/n3/node.key")
        _ = try? await cluster.send("GET", cluster.url("n1", 0, "/"), nil, [], peer)
        try await peer.shutdown()
        try await cluster.until("n1 says why it refused the peer", within: 5) {
            try cluster.log(of: "n1").contains {
                $0.contains("incoming peer connection ended") && $0.contains("expired")
            }
        }

        cluster.kill("n3")
        let file = cluster.folder.appending(path: "nodes/n3/node.crt")
        let good = try Data(contentsOf: file)
        try Data(contentsOf: cluster.folder.appending(path: node)).write(to: file)
        let start = try TestCluster.run(["node", "run", "--config", cluster.configuration(of: "n3")])
        #expect(start.status == 1 && start.output.contains("expired at"), "\(start.output)")
        try good.write(to: file)
        try cluster.start("n3")
        try await cluster.ready()
    }

    /// Each of the three ports of a node that does not run.
    private static func portsInUse(_ cluster: TestCluster) async throws {
        for offset in 0..<3 {
            let port = cluster.port("n3", offset)
            let taken = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: "127.0.0.1", port: port).get()
            let start = try TestCluster.run(["node", "run", "--config", cluster.configuration(of: "n3")])
            #expect(start.status == 1, "port \(offset): \(start.output)")
            #expect(start.output.contains("127.0.0.1:\(port): the port is in use"), "\(start.output)")
            try await taken.close().get()
        }
    }

    /// What is no file, no text, or nothing at all.
    private static func unreadable(_ cluster: TestCluster) throws {
        let folder = cluster.folder.appending(path: "unreadable")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let binary = folder.appending(path: "binary.yaml")
        try Data([0x6e, 0xff, 0xfe, 0x00]).write(to: binary)
        let empty = folder.appending(path: "empty.yaml")
        try Data().write(to: empty)
        for file in [folder, binary, empty] {
            let start = try TestCluster.run(["node", "run", "--config", file.path()])
            #expect(start.status == 1, "\(start.output)")
            #expect(start.output.contains(file.path()), "\(start.output)")
        }
    }

    /// Ready, readable, and deciding.
    private static func expectHealthy(_ cluster: TestCluster, besides absent: String?) async throws {
        let question = #"{"subject":{"type":"agent","id":"a"},"action":{"name":"b"},"resource":{"type":"c","id":"d"}}"#
        for name in cluster.names where name != absent {
            let ready = try await cluster.admin("GET", "/readyz", at: name)
            #expect(ready.status == 200, "\(name): \(ready.body)")
            let roles = try await cluster.admin("GET", "/v1/roles", at: name)
            #expect(roles.status == 200, "\(name): \(roles.body)")
            let decision = try await cluster.decisions("POST", "/access/v1/evaluation", body: question, at: name)
            #expect(decision.status == 200 && decision.body.contains("no_permit"), "\(name): \(decision.body)")
        }
    }
}

/// A file system of one mebibyte, which one process and its children alone see.
private enum TinyDisk {
    /// Whether this user may have a mount namespace.
    static let isPermitted: Bool = {
        let folder = FileManager.default.temporaryDirectory.appending(path: "reeve-tiny-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        return (try? run(["true"], mountedAt: folder.path()))?.status == 0
    }()

    static func run(_ command: [String], mountedAt folder: String) throws -> (status: Int32, output: String) {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let script = #"mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@""#
        let unshare = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, folder]
        return try TestCluster.run(unshare + command, program: URL(filePath: "/usr/bin/env"))
    }
}
