import AsyncHTTPClient
import Foundation
import JSON
import NIOCore
import NIOHTTP1
import NIOSSL

/// Calls the nodes of a cluster over TLS; the next one when one does not answer.
struct ClusterClient: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case put = "PUT"
        case post = "POST"
        case delete = "DELETE"
    }

    struct Request: Sendable {
        var method = Method.get
        /// From the root, percent-encoded, with its query.
        var path: String
        var headers: [(String, String)] = []
        var body: JSONValue?

        /// A question may be put as a POST, too.
        var isWrite: Bool { method != .get && path != Self.check }

        static let check = "/v1/check"
    }

    struct Reply: Sendable {
        let status: Int
        let body: JSONValue
        /// The revision in the entity tag, if the answer has one.
        let tag: String?
        /// Name of the node that answered.
        let node: String
    }

    /// Which of a node's two ports is meant.
    enum Port: Sendable { case admin, decisions }

    /// Asked in this order.
    let nodes: [ClusterContext.Node]
    let http: HTTPClient

    static let maximumReplyByteCount = 64 << 20

    /// Runs `body` with a client that is closed afterwards.
    static func with<Result>(
        _ nodes: [ClusterContext.Node],
        _ tls: TLSConfiguration,
        _ body: (ClusterClient) async throws -> Result
    ) async throws -> Result {
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration(tls))
        let outcome: Swift.Result<Result, any Error>
        do { outcome = .success(try await body(ClusterClient(nodes: nodes, http: http))) } catch {
            outcome = .failure(error)
        }
        try? await http.shutdown()
        return try outcome.get()
    }

    private static func configuration(_ tls: TLSConfiguration) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.timeout.connect = .seconds(3)
        configuration.redirectConfiguration = .disallow
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        configuration.httpVersion = .http1Only
        return configuration
    }

    /// The answer of the first node that gives one.
    ///
    /// An edge that cannot give it points to the voters, who are asked next. Nobody is asked twice. Every write carries an
    /// idempotency key, so asking a second node for it cannot do it twice.
    ///
    /// - Throws: The last node's `APIError`; or `NobodyAnswered` where there is none, or where an earlier node may have done
    ///   the write, so that what the last one says is not all.
    func send(_ request: Request, timeout: Duration = .seconds(15)) async throws -> Reply {
        var request = request
        if request.method != .get, !request.headers.contains(where: { $0.0 == "Idempotency-Key" }) {
            request.headers.append(("Idempotency-Key", UUID().uuidString.lowercased()))
        }
        var route = NodeRoute(nodes)
        var failures = NobodyAnswered(isWrite: request.isWrite)
        while let node = route.next() {
            do { return try await send(request, to: node, timeout: timeout) } catch let error as APIError {
                failures.add(error)
                guard error.mayDifferElsewhere else { break }
                route.follow(error)
            } catch let error as UnreachableNode {
                failures.add(error)
            }
        }
        if !failures.mayHaveHappened, let answer = failures.lastAnswer { throw answer }
        throw failures
    }

    /// The answer of one node.
    ///
    /// - Throws: `UnreachableNode` when there is none; `APIError` for any status but 2xx.
    func send(
        _ request: Request,
        to node: ClusterContext.Node,
        port: Port = .admin,
        timeout: Duration = .seconds(15)
    ) async throws -> Reply {
        var message = HTTPClientRequest(url: (port == .admin ? node.admin : node.decisions) + request.path)
        message.method = HTTPMethod(rawValue: request.method.rawValue)
        for (name, value) in request.headers { message.headers.add(name: name, value: value) }
        if let body = request.body {
            message.headers.replaceOrAdd(name: "Content-Type", value: "application/json")
            message.body = .bytes(body.serialized())
        }
        let response: HTTPClientResponse
        let bytes: [UInt8]
        do {
            response = try await http.execute(message, timeout: TimeAmount(timeout))
            let buffer = try await response.body.collect(upTo: Self.maximumReplyByteCount)
            bytes = Array(buffer.readableBytesView)
        } catch { throw UnreachableNode(node, message.url, error) }
        let status = Int(response.status.code)
        let limits = JSONLimits(maxBytes: Self.maximumReplyByteCount, maxElements: 10_000_000)
        let body = bytes.isEmpty ? JSONValue.null : try? JSONValue.parse(bytes, limits: limits)
        guard (200..<300).contains(status) else { throw APIError(status: status, body: body, node: node.name) }
        guard let body else { throw CommandError("the answer is not valid JSON", at: node.name) }
        let tag = response.headers.first(name: "ETag").map { $0.trimmingPrefix("W/").filter { $0 != "\"" } }
        return Reply(status: status, body: body, tag: tag.map { String($0) }, node: node.name)
    }

    /// All pages of a list, in order, at most `limit` items.
    func list(_ path: String, query: [(String, String)] = [], limit: Int = .max) async throws -> [JSONValue] {
        var items: [JSONValue] = []
        var cursor: String?
        repeat {
            var parts = query + [("limit", String(min(1000, limit - items.count)))]
            if let cursor { parts.append(("cursor", cursor)) }
            let reply = try await send(Request(path: path + Self.query(parts)))
            items += reply.body["items"]?.arrayValue ?? []
            cursor = reply.body["next"]?.stringValue
        } while cursor != nil && items.count < limit
        return items
    }

    /// `?a=b&c=d`, encoded; empty for none.
    static func query(_ parts: [(String, String)]) -> String {
        guard !parts.isEmpty else { return "" }
        return "?" + parts.map { "\(segment($0.0))=\(segment($0.1))" }.joined(separator: "&")
    }

    /// One segment of a path, or part of a query: everything is encoded but the unreserved (RFC 3986 section 2.3).
    static func segment(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            let scalar = Unicode.Scalar(byte)
            let isUnreserved = byte < 0x80 && (scalar.properties.isAlphabetic || (0x30...0x39).contains(byte))
            if isUnreserved || [0x2d, 0x2e, 0x5f, 0x7e].contains(byte) {
                result.unicodeScalars.append(scalar)
            } else {
                result +=
                    "%" + String(byte >> 4, radix: 16, uppercase: true) + String(byte & 15, radix: 16, uppercase: true)
            }
        }
    }
}
