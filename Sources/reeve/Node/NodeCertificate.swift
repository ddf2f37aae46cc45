import Directory
import HTTPAPI
import Identity
import JSON
import Kernel
import Keys
import Links

/// A node's own certificate: how it gets another for the same key, and where it is kept.
struct NodeCertificate: Sendable {
    let path: String
    let member: MemberSpec
    let key: PrivateKey
    let roots: [ParsedCertificate]
    let enrolment: NodeEnrolment

    private static let maximumByteCount = 1 << 20
    private static let answerTimeout = Duration.seconds(10)

    func read() throws(KeysError) -> String {
        String(decoding: try KeyFiles.read(path, limit: Self.maximumByteCount), as: UTF8.self)
    }

    /// In the place of the one that is there.
    func store(_ text: String) throws(KeysError) { try KeyFiles.replace(path, bytes: Array(text.utf8)) }

    /// By the authority that the node holds itself; nil if it holds none.
    func issue(at now: WallTime) throws(KeysError) -> String? {
        guard let issuer = enrolment.issuer else { return nil }
        return try enrolment.certificate(for: member, request: request(), by: issuer, at: now)
    }

    /// By another voter, to which the node shows the certificate that it has.
    ///
    /// - Parameter address: `HOST:PORT` of the voter's admin API.
    func ask(_ name: String, at address: String, showing credentials: NodeCredentials) async throws -> String {
        let request = try ClusterClient.Request.certificate(of: member.name, request().pem)
        return try await send(request, to: name, at: address, showing: credentials).certificate()
    }

    /// By way of a voter, to which the node shows the certificate that it has.
    func report(
        _ report: RolloutReport,
        to name: String,
        at address: String,
        showing credentials: NodeCredentials
    ) async throws {
        let path = RolloutCommand.path(report.stage.set) + "/report"
        let request = ClusterClient.Request(method: .post, path: path, body: report.json)
        _ = try await send(request, to: name, at: address, showing: credentials)
    }

    private func send(
        _ request: ClusterClient.Request,
        to name: String,
        at address: String,
        showing credentials: NodeCredentials
    ) async throws -> ClusterClient.Reply {
        let tls = try TLSContexts.client(roots: roots, credentials: credentials)
        let voter = ClusterContext.Node(name: name, admin: "https://\(address)", decisions: "")
        return try await ClusterClient.with([voter], tls) { client in
            try await client.send(request, to: voter, timeout: Self.answerTimeout)
        }
    }

    /// What the text holds, if it is a certificate for this node and its key that the others accept now.
    ///
    /// - Parameter place: Where it is from, for errors.
    func check(_ text: String, from place: String, at now: WallTime) async throws(KeysError) -> NodeCredentials {
        let chain = try ParsedCertificate.parse(pem: text, place: place)
        let credentials = try NodeCredentials(chain: chain, key: key, roots: roots)
        let expected = PeerVerifier.Expectation.member(name: member.name, key: member.keyFingerprint)
        try await credentials.check(as: [.server, .client], expecting: expected, at: now)
        return credentials
    }

    func request() throws(KeysError) -> CertificateRequest { try CertificateRequest(for: key, name: member.name) }
}

extension ClusterClient.Request {
    /// For another certificate of a member's key.
    static func certificate(of member: String, _ request: String) -> ClusterClient.Request {
        ClusterClient.Request(
            method: .post,
            path: "/v1/members/\(ClusterClient.segment(member))/certificate",
            body: ["certificate_request": .string(request)]
        )
    }
}

extension ClusterClient.Reply {
    /// Of a request for one, in PEM.
    func certificate() throws -> String {
        guard let text = body["certificate"]?.stringValue else {
            throw CommandError("the answer has no certificate", at: node)
        }
        return text
    }
}
