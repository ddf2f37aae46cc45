import Directory
import Identity
import JSON
import Kernel
import Keys
import TestSupport
import Testing

@testable import HTTPAPI

@Suite("Admin API: certificates of members") struct AdminCertificateTests {
    static let path = "/v1/members/n2/certificate"

    let admin: Administration
    /// Of the member n2.
    let key = PrivateKey()

    init() throws {
        admin = try Administration(issues: true)
        try Self.join("n2", key, to: admin)
    }

    static func join(_ name: String, _ key: PrivateKey, to admin: Administration) throws {
        let ticket = JoinTicket(
            name: name,
            raftAddress: "10.0.0.2:7401",
            apiAddresses: ["10.0.0.2:7402", "10.0.0.2:7403"],
            secretDigest: .of([1]),
            expiresAt: MemoryNode.start.advanced(by: .seconds(60))
        )
        let joining = Joining(
            name: name,
            secretDigest: .of([1]),
            id: MemberID(high: 9, low: UInt64(name.utf8.last ?? 0)),
            keyFingerprint: key.fingerprint,
            instance: .of([3])
        )
        admin.node.succeed(.issueJoinTicket(ticket))
        _ = admin.node.apply(.join(joining), by: .node(admin.node.member))
    }

    private func node(
        _ name: String,
        _ key: PrivateKey,
        validity: CertificateValidity = Authority.validity
    ) throws -> Administration.Caller {
        let leaf = try admin.authority.issuer.issueNode(
            name,
            publicKey: key.publicKey,
            hosts: ["localhost"],
            validity: validity
        )
        let identity = try ClientIdentity(
            leaf: leaf.der,
            verifier: admin.authority.verifier,
            at: validity.notBefore
        )
        return .peer(PeerIdentity(identity))
    }

    private func request(_ key: PrivateKey, name: String = "n2") throws -> String {
        let request = try CertificateRequest(for: key, name: name)
        return String(
            decoding: JSONValue.object([JSONMember("certificate_request", request.pem)]).serialized(),
            as: UTF8.self
        )
    }

    @Test("a member gets a certificate of its own key, with the name and addresses that the log has") func own()
        async throws
    {
        let answer = await admin.send("POST", Self.path, try request(key, name: "admin"), by: try node("n2", key))
        #expect(answer.status == 201, "\(answer.text)")
        let pem = try #require(answer.json["certificate"]?.stringValue)
        let chain = try ParsedCertificate.parse(pem: pem, place: "answer")
        let leaf = try await admin.authority.verifier.verify(
            chain: chain.map(\.der),
            as: .client,
            expecting: .member(name: "n2", key: key.fingerprint),
            at: MemoryNode.start
        )
        #expect(leaf.allows(.server))
        #expect(leaf.validity.notAfter == MemoryNode.start.advanced(by: .seconds(86_400)))
    }

    @Test("an administrator may ask for a member, by the policies of reeve.admin; nobody else") func others()
        async throws
    {
        #expect(await admin.send("POST", Self.path, try request(key)).status == 201)
        for (caller, status) in [(Administration.Caller.token(admin.sample.botToken), 403), (.nobody, 401)] {
            #expect(await admin.send("POST", Self.path, try request(key), by: caller).status == status)
        }
        let foreign = await admin.send("POST", Self.path, try request(PrivateKey()))
        #expect(foreign.status == 400 && foreign.code == "key_not_pinned")
    }

    @Test("a node gets none for another member, for another key, by another key, or once its own has ended")
    func refusals() async throws {
        let other = PrivateKey()
        try Self.join("n3", other, to: admin)
        let brief = CertificateValidity(from: MemoryNode.start.reduced(by: .seconds(60)), lasting: .seconds(30))
        let cases: [(Administration.Caller, PrivateKey, Int, String)] = [
            (try node("n3", other), key, 403, "another_member"),
            (try node("n2", key), other, 400, "key_not_pinned"),
            (try node("n2", other), key, 401, "key_not_pinned"),
            (try node("n9", other), key, 401, "unknown_member"),
            (try node("n2", key, validity: brief), key, 401, "certificate_expired"),
        ]
        for (caller, wanted, status, code) in cases {
            let answer = await admin.send("POST", Self.path, try request(wanted), by: caller)
            #expect(answer.status == status && answer.code == code, "\(code): \(answer.text)")
        }
        let garbage = await admin.send("POST", Self.path, #"{"certificate_request":"x"}"#, by: try node("n2", key))
        #expect(garbage.status == 400 && garbage.code == "invalid_certificate_request")
    }

    @Test("a node's certificate opens nothing else") func nothingElse() async throws {
        for path in ["/v1/roles", "/v1/node/status", "/v1/members"] {
            #expect(await admin.send("GET", path, by: try node("n2", key)).code == "not_a_principal")
        }
    }

    @Test("a node without an issuing key points to others") func noKey() async throws {
        let admin = try Administration()
        let answer = await admin.send("POST", "/v1/members/n1/certificate", try request(key))
        #expect(answer.status == 503 && answer.code == "no_issuing_key")
    }

    @Test("how the renewal of the node's own stands is in status and metrics, and a failure warns long before the end")
    func report() async throws {
        var report = CertificateRenewalReport(nextAttempt: MemoryNode.start.advanced(by: .seconds(90)))
        report.renewals = 2
        report.failures = 3
        report.lastFailure = "n1: refuses the connection"
        let admin = try Administration(renewal: report)
        let status = await admin.send("GET", "/v1/node/status").json
        #expect(status["certificate_renewal_at"]?.stringValue == "2026-01-01T00:01:30.000Z")
        #expect(status["certificate_renewal_failure"]?.stringValue == report.lastFailure)
        let warning = "the node's certificate is not renewed: n1: refuses the connection"
        #expect(status["warnings"]?.arrayValue == [.string(warning)])
        let metrics = await admin.send("GET", "/metrics").text
        for line in ["next_renewal_seconds 90", "renewals_total 2", "renewal_failures_total 3"] {
            #expect(metrics.contains("\nreeve_keys_certificate_\(line)\n"), "\(line)")
        }
    }
}
