import HTTPTypes
import Hummingbird
import JSON
import Logging
import NIOCore
import NIOEmbedded
import Synchronization
import TestSupport
import Testing

@testable import HTTPAPI

@Suite("Admin API: over HTTP") struct AdminResponderTests {
    struct Answer {
        let status: Int
        let headers: HTTPFields
        let body: String

        subscript(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }
    }

    let admin: Administration

    init() throws { admin = try Administration() }

    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ headers: [(String, String)] = [],
        body: RequestBody = .init(buffer: ByteBuffer())
    ) async throws -> Answer {
        var head = HTTPRequest(method: method, scheme: "https", authority: "n1", path: path)
        for (name, value) in headers {
            head.headerFields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        let responder = AdminResponder(
            api: admin.api,
            identities: ConnectionIdentities(verifier: admin.authority.verifier)
        )
        let context = AdminContext(source: .init(channel: NIOAsyncTestingChannel(), logger: Logger(label: "test")))
        let response = try await responder.respond(to: Request(head: head, body: body), context: context)
        let written = Written()
        try await response.body.write(written)
        return Answer(status: response.status.code, headers: response.headers, body: written.text)
    }

    private final class Written: ResponseBodyWriter {
        private let bytes = Mutex(ByteBuffer())

        var text: String { bytes.withLock { String(buffer: $0) } }
        func write(_ buffer: ByteBuffer) async throws { _ = bytes.withLock { $0.writeImmutableBuffer(buffer) } }
        func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    @Test("an answer is not to be kept, and carries the id of its request without what could break a header")
    func fields()
        async throws
    {
        let answer = try await send(.get, "/healthz", [("X-Request-ID", "r-1\u{7f}")])
        #expect(answer.status == 200 && answer.body == #"{"healthy":true}"#)
        #expect(answer["Content-Type"] == "application/json")
        #expect(answer["Cache-Control"] == "no-store")
        #expect(answer["X-Request-ID"] == "r-1")
    }

    @Test("a token in the header is heard, and an object has its tag") func token() async throws {
        let token = admin.sample.gatewayToken
        #expect(try await send(.get, "/v1/roles", [("Authorization", "Bearer \(token)")]).status == 403)
        let nobody = try await send(.get, "/v1/roles")
        #expect(nobody.status == 401 && nobody["WWW-Authenticate"] == "Bearer realm=\"reeve\"")
        let metrics = try await send(.get, "/metrics", [("Authorization", "Bearer \(token)")])
        #expect(metrics.status == 200 && metrics["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
    }

    @Test("HEAD has the status and no body") func head() async throws {
        let answer = try await send(.head, "/healthz")
        #expect(answer.status == 200 && answer.body.isEmpty)
    }

    @Test("a body that is too large is refused before it is kept") func oversized() async throws {
        let token = admin.sample.gatewayToken
        let headers = [("Authorization", "Bearer \(token)"), ("Content-Type", "application/json")]
        let answer = try await send(.put, "/v1/roles/a", headers, body: Self.spaces(AdminAPI.bodyLimit + 1))
        #expect(answer.status == 413, "\(answer.body)")
        #expect(answer["Content-Type"] == "application/problem+json")
        #expect(try JSONValue.parse(Array(answer.body.utf8))["code"]?.stringValue == "body_too_large")
        let fits = try await send(.put, "/v1/roles/a", headers, body: Self.spaces(AdminAPI.bodyLimit))
        #expect(fits.status == 403, "\(fits.body)")
    }

    /// An empty object among so many bytes, in pieces.
    private static func spaces(_ count: Int) -> RequestBody {
        let pieces = AsyncStream<ByteBuffer> { stream in
            stream.yield(ByteBuffer(string: "{}"))
            var left = count - 2
            while left > 0 {
                let size = min(left, 64 * 1024)
                stream.yield(ByteBuffer(repeating: UInt8(ascii: " "), count: size))
                left -= size
            }
            stream.finish()
        }
        return RequestBody(asyncSequence: pieces)
    }
}
