import AsyncHTTPClient
import ClusterSupport
import Foundation
import NIOCore
import NIOPosix

/// What a client of the admin API does with registers: resources with one attribute.
struct AdminClient: Sendable {
    enum WriteResult: Sendable {
        case done(revision: UInt64, objectRevision: UInt64)
        /// The register was not at the revision that was asked for.
        case mismatch
        /// Certainly without effect, since the node could not be reached or could not write.
        case notTaken
        /// An answer that no write of this load should get.
        case refused(String)
        case unknown
    }

    enum ReadResult: Sendable {
        /// Nil for a register that is not there.
        case value(Int64?, objectRevision: UInt64)
        case failed
    }

    /// How a read is made to see whatever was told before it.
    enum ReadMode: String, Sendable {
        case linearizable = "linearizable, as the API offers it"
        case knownRevision = "at least the highest revision that any client knew of"
    }

    let cluster: TestCluster
    let http: HTTPClient
    let mode: ReadMode

    private static let timeout = TimeAmount.seconds(3)

    /// - Parameter mode: See `mode(of:)`.
    init(_ cluster: TestCluster, mode: ReadMode) throws {
        self.cluster = cluster
        self.mode = mode
        http = try cluster.makeClient(retriesConnecting: false)
    }

    func close() async { try? await http.shutdown() }

    /// The best that the nodes can do.
    static func mode(of cluster: TestCluster) async throws -> ReadMode {
        let answer = try await cluster.admin("GET", "/v1/resources/Register/none?consistency=linearizable", at: "n1")
        return answer.status == 404 ? .linearizable : .knownRevision
    }

    /// - Parameter revision: At which the register must be; nil for any, 0 for one that must not be there.
    func write(
        _ path: String,
        _ value: Int64,
        ifAt revision: UInt64? = nil,
        key: String,
        at node: String
    ) async -> WriteResult {
        var headers = [("Idempotency-Key", key)]
        if let revision { headers.append(revision == 0 ? ("If-None-Match", "*") : ("If-Match", "\"\(revision)\"")) }
        let answer: TestCluster.Answer
        do {
            let body = #"{"attributes": {"value": \#(value)}}"#
            answer = try await cluster.admin(
                "PUT",
                "/v1/resources/\(path)",
                body: body,
                headers: headers,
                at: node,
                with: http,
                within: Self.timeout
            )
        } catch {
            return Self.wasNeverSent(error) ? .notTaken : .unknown
        }
        switch answer.status {
        case 200..<300:
            guard let revision = answer.number("revision"), let objectRevision = answer.number("object_revision") else {
                return .unknown
            }
            return .done(revision: revision, objectRevision: objectRevision)
        case 412: return .mismatch
        case 409 where answer.value("code") == "already_exists": return .mismatch
        case 429, 503: return .notTaken
        // A node whose clock is behind sets a time that has passed.
        case 400 where answer.value("code") == "late": return .notTaken
        case 504: return .unknown
        default: return .refused("\(answer.status) \(answer.body)")
        }
    }

    func read(_ path: String, knowing revision: UInt64, at node: String) async -> ReadResult {
        let query = mode == .linearizable ? "consistency=linearizable" : "at_least=\(revision)"
        let path = "/v1/resources/\(path)?\(query)"
        guard
            let answer = try? await cluster.admin("GET", path, at: node, with: http, within: Self.timeout)
        else { return .failed }
        switch answer.status {
        case 200: return answer.register.map { .value($0.value, objectRevision: $0.revision) } ?? .failed
        case 404: return .value(nil, objectRevision: 0)
        default: return .failed
        }
    }

    private static func wasNeverSent(_ error: any Error) -> Bool {
        error is NIOConnectionError || error as? HTTPClientError == .connectTimeout
    }
}

extension TestCluster.Answer {
    func number(_ name: String) -> UInt64? { value(name).flatMap { UInt64($0) } }

    /// A register as an object of the API has it.
    var register: (value: Int64, revision: UInt64)? {
        guard let object = try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any] else {
            return nil
        }
        return Self.register(object)
    }

    static func register(_ object: [String: Any]) -> (value: Int64, revision: UInt64)? {
        guard let attributes = object["attributes"] as? [String: Any],
            let value = attributes["value"] as? Int, let revision = object["revision"] as? Int
        else { return nil }
        return (Int64(value), UInt64(clamping: revision))
    }
}
