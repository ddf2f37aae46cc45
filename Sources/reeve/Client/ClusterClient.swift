import AsyncHTTPClient
import Foundation
import Glibc
import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Calls the nodes of a cluster over mutual TLS; the next one when one does not answer.
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

    let context: ClusterContext
    private let http: HTTPClient

    static let maximumReplyByteCount = 64 << 20

    init(context: ClusterContext, http: HTTPClient) {
        self.context = context
        self.http = http
    }

    /// The answer of the first node that gives one, in the order of the context.
    ///
    /// An edge that cannot give it points to the voters, who are asked next. Nobody is asked twice. Every write carries an
    /// idempotency key, so asking a second node for it cannot do it twice.
    func send(_ request: Request, timeout: Duration = .seconds(15)) async throws -> Reply {
        var request = request
        if request.method != .get, !request.headers.contains(where: { $0.0 == "Idempotency-Key" }) {
            request.headers.append(("Idempotency-Key", UUID().uuidString.lowercased()))
        }
        var route = NodeRoute(context.nodes)
        var failures: [String] = []
        while let node = route.next() {
            do { return try await send(request, to: node, timeout: timeout) } catch let error as APIError {
                guard error.mayDifferElsewhere else { throw error }
                route.follow(error)
                guard route.goesOn else { throw error }
                failures.append(error.description)
            } catch let error as UnreachableNode {
                failures.append(error.description)
            }
        }
        throw CommandError(
            "no node answers:\n  " + failures.joined(separator: "\n  "),
            advice: "start the nodes, or give another context with --context FILE"
        )
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
        } catch {
            throw UnreachableNode(node: node.name, url: message.url, reason: UnreachableNode.reason(of: error))
        }
        let status = Int(response.status.code)
        let limits = JSONLimits(maxBytes: Self.maximumReplyByteCount, maxElements: 10_000_000)
        let body = bytes.isEmpty ? JSONValue.null : try? JSONValue.parse(bytes, limits: limits)
        guard (200..<300).contains(status) else { throw APIError(status: status, body: body, node: node.name) }
        guard let body else { throw CommandError("the answer is no JSON", at: node.name) }
        let tag = response.headers.first(name: "ETag").map { $0.trimmingPrefix("W/").filter { $0 != "\"" } }
        return Reply(status: status, body: body, tag: tag.map { String($0) }, node: node.name)
    }

    /// Writes the answer of the first node that gives one into a new file, however large it is.
    ///
    /// - Returns: The node's name.
    func download(_ path: String, to file: URL, timeout: Duration) async throws -> String {
        var failures: [String] = []
        for node in context.nodes {
            do {
                try await download(path, from: node, to: file, timeout: timeout)
                return node.name
            } catch let error as APIError where error.mayDifferElsewhere {
                failures.append(error.description)
            } catch let error as UnreachableNode {
                failures.append(error.description)
            }
        }
        throw CommandError("no node answers:\n  " + failures.joined(separator: "\n  "))
    }

    /// Writes one node's answer into a file, in the place of what may be there.
    func download(_ path: String, from node: ClusterContext.Node, to file: URL, timeout: Duration) async throws {
        guard FileManager.default.createFile(atPath: file.path(), contents: nil, attributes: [.posixPermissions: 0o600])
        else { throw CommandError("cannot be written", at: file.path()) }
        let message = HTTPClientRequest(url: node.admin + path)
        let handle = try FileHandle(forWritingTo: file)
        defer { try? handle.close() }
        let response: HTTPClientResponse
        do { response = try await http.execute(message, timeout: TimeAmount(timeout)) } catch {
            throw UnreachableNode(node: node.name, url: message.url, reason: UnreachableNode.reason(of: error))
        }
        let status = Int(response.status.code)
        guard status == 200 else {
            let bytes = Array(try await response.body.collect(upTo: 1 << 20).readableBytesView)
            throw APIError(status: status, body: try? JSONValue.parse(bytes), node: node.name)
        }
        for try await buffer in response.body { try handle.write(contentsOf: Array(buffer.readableBytesView)) }
        try handle.synchronize()
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

/// A node that gave no answer.
struct UnreachableNode: Error, CustomStringConvertible {
    let node: String
    let url: String
    let reason: String

    var description: String { "\(node) (\(url.prefix(80))): \(reason)" }

    static func reason(of error: any Error) -> String {
        switch error {
        case let error as HTTPClientError where error == .connectTimeout || error == .deadlineExceeded:
            "no answer in time"
        case let error as HTTPClientError where error == .remoteConnectionClosed: "closed the connection"
        case is NIOConnectionError: "refuses the connection"
        case let error as IOError where error.errnoCode == ECONNREFUSED: "refuses the connection"
        case let error as NIOSSLError: "TLS failed: \(error)"
        default: "\(error)"
        }
    }
}
