import AsyncHTTPClient
import ClusterSupport
import Foundation
import Kernel
import Keys
import Testing

@Suite("Certificates of a cluster of real processes", .serialized) struct CertificateTests {
    @Test("a node renews its certificate at half of its life while a voter is away, and is a member past its end")
    func renewal() async throws {
        try await withCluster { cluster in
            cluster.kill("n3")
            cluster.kill("n2")
            let first = try short("n3", of: cluster, seconds: 20)
            try cluster.start("n3")
            try await ready(["n3"], of: cluster, with: cluster.client)
            try await cluster.until("n3 has renewed its certificate", within: 15) {
                try presented("n3", of: cluster).validity.notAfter > first.notAfter
            }
            #expect(OfflineRoot.ahead(0.1) >= first.halfway)
            try await cluster.until("n3 says so", within: 5) {
                try cluster.log(of: "n3").contains {
                    $0.contains("certificate is renewed") && $0.contains("from=n1")
                }
            }
            try await cluster.until("the first certificate has ended", within: 15) {
                first.hasEnded(by: OfflineRoot.ahead(0))
            }
            try await isMember("n3", of: cluster, after: "n1")
        }
    }

    /// New connections of every kind are made, as they would be after a restart of others.
    private func isMember(_ name: String, of cluster: TestCluster, after other: String) async throws {
        cluster.kill(other)
        try cluster.start(other)
        let client = try cluster.makeClient()
        try await ready([name, other], of: cluster, with: client)
        let put = try await cluster.admin("PUT", "/v1/roles/late", body: "{}", at: name, with: client)
        #expect(put.status == 200, "\(put.body)")
        let configuration = "/.well-known/authzen-configuration"
        #expect(try await cluster.decisions("GET", configuration, at: name, with: client).status == 200)
        let status = try await cluster.admin("GET", "/v1/node/status", at: name, with: client)
        #expect(status.value("certificate_renewal_failure") == "<null>", "\(status.body)")
        let metrics = try await cluster.admin("GET", "/metrics", at: name, with: client)
        #expect(metrics.body.contains("reeve_keys_certificate_renewals_total 1"), "\(metrics.body)")
        try await client.shutdown()
    }

    private func ready(_ names: [String], of cluster: TestCluster, with client: HTTPClient) async throws {
        for name in names {
            try await cluster.until("\(name) is ready", within: 15) {
                (try? await cluster.admin("GET", "/readyz", at: name, with: client))?.status == 200
            }
        }
    }

    @Test("a node whose certificate ended while it was alone is kept out, says what to do, and comes back by that")
    func expiry() async throws {
        try await withCluster { cluster in
            for name in cluster.names { cluster.kill(name) }
            _ = try short("n3", of: cluster, seconds: 6)
            try cluster.start("n3")
            try await cluster.until("n3 says that its certificate has ended", within: 20) {
                try cluster.log(of: "n3").contains {
                    $0.contains("expired") && $0.contains("run `reeve node renew` here")
                }
            }
            try cluster.start("n1")
            try cluster.start("n2")
            try await cluster.until("n1 and n2 say why n3 is kept out", within: 20) {
                try ["n1", "n2"].allSatisfy { name in
                    try cluster.log(of: name).contains {
                        $0.contains("no connection to peer") && $0.contains("expired at")
                    }
                }
            }
            try await ready(["n1", "n2"], of: cluster, with: cluster.client)
            let config = cluster.configuration(of: "n3")
            let alone = try TestCluster.run(["node", "renew", "--config", config])
            #expect(alone.status == 1 && alone.output.contains("let an administrator help"), "\(alone.output)")
            let start = try TestCluster.run(["node", "run", "--config", config])
            #expect(start.status == 1 && start.output.contains("run `reeve node renew`"), "\(start.output)")
            try certify("n3", of: cluster)
            try await cluster.ready()
        }
    }

    /// As an administrator helps a node that can ask nobody any more.
    private func certify(_ name: String, of cluster: TestCluster) throws {
        let config = cluster.configuration(of: name)
        let request = cluster.folder.appending(path: "\(name).csr").path()
        let certificate = cluster.folder.appending(path: "\(name).crt").path()
        let asked = try TestCluster.run(["node", "renew", "--config", config, "--request", request])
        #expect(asked.status == 0, "\(asked.output)")
        let foreign = try cluster.command("cluster", "certify", "n1", "--request", request, "--out", certificate)
        #expect(foreign.status == 1 && foreign.output.contains("key_not_pinned"), "\(foreign.output)")
        let given = try cluster.command("cluster", "certify", name, "--request", request, "--out", certificate)
        #expect(given.status == 0, "\(given.output)")
        let taken = try TestCluster.run(["node", "renew", "--config", config, "--certificate", certificate])
        #expect(taken.status == 0, "\(taken.output)")
    }

    @Test("a voter whose certificate ended renews it by its own issuing key") func ownKey() async throws {
        try await withCluster { cluster in
            cluster.kill("n3")
            let file = cluster.nodeFolder("n3").appending(path: "node.crt")
            try replace(file, by: OfflineRoot.past, of: cluster)
            let renewed = try TestCluster.run(["node", "renew", "--config", cluster.configuration(of: "n3")])
            #expect(renewed.status == 0, "\(renewed.output)")
            try cluster.start("n3")
            try await cluster.ready()
        }
    }

    @Test("a voter without an issuing key is given one that the root certifies, and issues by it")
    func newAuthority() async throws {
        try await withCluster { cluster in
            cluster.kill("n3")
            try edit("n3", of: cluster) { lines in lines.filter { !$0.contains("issuer_") } }
            let folder = cluster.nodeFolder("n3")
            for file in ["issuer.key", "issuer.crt"] {
                try FileManager.default.removeItem(at: folder.appending(path: file))
            }
            try authorize("n3", of: cluster)
            try edit("n3", of: cluster) { lines in
                lines.flatMap {
                    $0.hasPrefix("  roots:")
                        ? [$0, "  issuer_certificate: issuer.crt", "  issuer_key: issuer.key"] : [$0]
                }
            }
            try replace(folder.appending(path: "node.crt"), by: OfflineRoot.past, of: cluster)
            let renewed = try TestCluster.run(["node", "renew", "--config", cluster.configuration(of: "n3")])
            #expect(renewed.status == 0, "\(renewed.output)")
            try cluster.start("n3")
            try await cluster.ready()
        }
    }

    private func authorize(_ name: String, of cluster: TestCluster) throws {
        let config = cluster.configuration(of: name)
        let request = cluster.folder.appending(path: "\(name)-issuer.csr").path()
        let certificate = cluster.folder.appending(path: "\(name)-issuer.crt").path()
        let asked = try TestCluster.run(["node", "authority", "--config", config, "--request", request])
        #expect(asked.status == 0, "\(asked.output)")
        let given = try TestCluster.run([
            "cluster", "authorize", name, "--request", request, "--authority", cluster.folder.path(), "--out",
            certificate,
        ])
        #expect(given.status == 0, "\(given.output)")
        let leaf = cluster.nodeFolder("n1").appending(path: "issuer.crt").path()
        let foreign = try TestCluster.run(["node", "authority", "--config", config, "--certificate", leaf])
        #expect(foreign.status == 1 && foreign.output.contains("not the one of the certificate"), "\(foreign.output)")
        let taken = try TestCluster.run(["node", "authority", "--config", config, "--certificate", certificate])
        #expect(taken.status == 0 && taken.output.contains("issuer_key: "), "\(taken.output)")
    }

    private func edit(_ name: String, of cluster: TestCluster, _ change: ([Substring]) -> [Substring]) throws {
        let configuration = cluster.configuration(of: name)
        let lines = try String(contentsOfFile: configuration, encoding: .utf8).split(separator: "\n")
        try change(lines).joined(separator: "\n").write(toFile: configuration, atomically: true, encoding: .utf8)
    }

    /// Gives a node that does not run a certificate of a few seconds, and takes its issuing key away.
    private func short(_ name: String, of cluster: TestCluster, seconds: Double) throws -> CertificateValidity {
        try edit(name, of: cluster) { lines in lines.filter { !$0.contains("issuer_") } }
        let validity = CertificateValidity(notBefore: OfflineRoot.ahead(0), notAfter: OfflineRoot.ahead(seconds))
        try replace(cluster.nodeFolder(name).appending(path: "node.crt"), by: validity, of: cluster)
        return validity
    }

    private func replace(_ file: URL, by validity: CertificateValidity, of cluster: TestCluster) throws {
        let name = file.deletingLastPathComponent().lastPathComponent
        let certificate = try OfflineRoot(of: cluster).issueAgain("nodes/\(name)/node") { issuer, _, key in
            try issuer.issueNode(name, publicKey: key.publicKey, hosts: ["127.0.0.1"], validity: validity)
        }
        try Data(contentsOf: cluster.folder.appending(path: certificate)).write(to: file)
    }

    /// What is in the node's file.
    private func presented(_ name: String, of cluster: TestCluster) throws -> ParsedCertificate {
        let file = cluster.nodeFolder(name).appending(path: "node.crt").path()
        return try #require(try ParsedCertificate.load(file).first)
    }
}
