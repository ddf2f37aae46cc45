import Directory
import Identity
import JSON
import Kernel
import Keys
import NIOHTTP1
import Service
import TestSupport

@testable import HTTPAPI

/// The admin API of a node in memory, called as its server calls it.
struct Administration {
    /// Whom the request comes from.
    enum Caller {
        case administrator
        case token(String)
        case peer(PeerIdentity)
        case nobody
    }

    struct Answer {
        let response: AdminResponse
        let json: JSONValue

        var status: Int { response.status }
        var code: String? { json["code"]?.stringValue }
        var detail: String { json["detail"]?.stringValue ?? "" }
        var tag: String? { header("ETag") }
        var revision: Int64? { json["revision"]?.integerValue }
        var items: [JSONValue] { json["items"]?.arrayValue ?? [] }
        var text: String { String(decoding: response.body, as: UTF8.self) }

        func header(_ name: String) -> String? { response.headers.first { $0.name == name }?.value }
    }

    let sample: MemoryNode.Sample
    let log = MemoryLog()
    let authority: Authority
    let api: AdminAPI
    private let administrator: PeerIdentity

    var node: MemoryNode { sample.node }

    /// - Parameter issues: Whether the node has an issuing key.
    init(
        issues: Bool = false,
        featureLevel: FeatureLevel = .supported,
        renewal: CertificateRenewalReport? = nil,
        search: @escaping @Sendable (DecisionLogFilter) -> [DecisionLogEntry] = { _ in [] }
    ) throws {
        sample = MemoryNode.sample(featureLevel: featureLevel)
        sample.node.verify(by: P256Verifier())
        authority = try Authority()
        let id = try SPIFFEID.administrator("root", in: authority.trustDomain)
        let identity = try authority.identity(id)
        administrator = PeerIdentity(identity)
        sample.node.succeed(.addAdministrator(fingerprint: identity.fingerprint, name: "tester"))
        var options = AdminAPI.Options(log: log) { filter async throws(ServiceError) in search(filter) }
        options.metrics = { [.counter("reeve_test_calls_total", "Of a test.", 7)] }
        options.renewal = { renewal }
        if issues {
            options.enrolment = NodeEnrolment(
                issuer: authority.issuer,
                roots: [authority.issuer.certificate],
                genesis: .null,
                lifetime: .seconds(86_400)
            )
        }
        api = AdminAPI(client: sample.node, codec: sample.node.codec, options: options)
    }

    @discardableResult
    func send(
        _ method: String,
        _ target: String,
        _ body: String? = nil,
        headers: [(String, String)] = [],
        by caller: Caller = .administrator
    ) async -> Answer {
        var fields = HTTPHeaders(headers)
        if body != nil, !fields.contains(name: "Content-Type") {
            fields.add(name: "Content-Type", value: "application/json")
        }
        var peer = PeerIdentity.none
        switch caller {
        case .administrator: peer = administrator
        case .token(let token): fields.add(name: "Authorization", value: "Bearer \(token)")
        case .peer(let identity): peer = identity
        case .nobody: break
        }
        let request = AdminRequest(
            method: method,
            target: target,
            headers: fields,
            body: Array((body ?? "").utf8),
            peer: peer
        )
        let response = await api.respond(to: request)
        return Answer(response: response, json: (try? JSONValue.parse(response.body)) ?? .null)
    }
}

/// A trust domain whose certificates are valid around the time that `MemoryNode` starts at.
struct Authority {
    let trustDomain: TrustDomain
    let issuer: CertificateIssuer
    static let validity = CertificateValidity(from: MemoryNode.start, lasting: .seconds(30 * 86_400))

    init() throws {
        trustDomain = try TrustDomain(parsing: "reeve.test")
        issuer = try .selfSigned(trustDomain: trustDomain, key: PrivateKey(), validity: Self.validity)
    }

    var verifier: PeerVerifier { PeerVerifier(roots: [issuer.certificate], trustDomain: trustDomain) }

    func identity(
        _ id: SPIFFEID,
        validity: CertificateValidity = Authority.validity,
        at now: WallTime = MemoryNode.start
    ) throws -> ClientIdentity {
        let leaf = try issuer.issueClient(id, publicKey: PrivateKey().publicKey, validity: validity)
        return try ClientIdentity(leaf: leaf.der, verifier: verifier, at: now)
    }
}
