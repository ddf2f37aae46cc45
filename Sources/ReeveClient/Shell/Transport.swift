internal import AsyncHTTPClient
internal import JSON
internal import NIOCore
internal import NIOHTTP1

/// Requests to nodes, over connections that are kept open and shown one identity.
struct Transport: Sendable {
    let identity: LoadedIdentity
    private let http: HTTPClient

    /// Less than the 75 seconds after which a node closes a connection that nobody uses.
    private static let idleTimeout = TimeAmount.seconds(60)

    init(_ identity: LoadedIdentity, _ options: ReeveClientOptions) {
        var configuration = HTTPClient.Configuration(tlsConfiguration: identity.tls)
        configuration.timeout.connect = TimeAmount(options.attemptTimeout)
        configuration.redirectConfiguration = .disallow
        configuration.connectionPool.idleTimeout = Self.idleTimeout
        // Another node is asked instead.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = options.connectionsPerNode
        configuration.httpVersion = .http1Only
        self.identity = identity
        self.http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// What is sent to one node or another for one call.
    struct Call: Sendable {
        var path: String
        let body: [UInt8]
        let requestID: String?
        let expectation: Answer.Expectation

        /// The node waits for the revision a moment. One of an older build does not, so what it answers is looked at too.
        func reflecting(_ revision: UInt64) -> Call {
            guard revision > 0 else { return self }
            var call = self
            call.path += "?at_least=\(revision)"
            return call
        }
    }

    func send(_ call: Call, to node: NodeAddress, within timeout: Duration) async -> Answer {
        var request = HTTPClientRequest(url: node.decisions + call.path)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        if let requestID = call.requestID { request.headers.add(name: "X-Request-ID", value: requestID) }
        request.body = .bytes(call.body)
        do {
            let response = try await execute(request, within: timeout)
            return Answer(
                status: response.status,
                body: response.body,
                requestID: response.requestID,
                node: node.decisions,
                expecting: call.expectation
            )
        } catch {
            return .failed("\(node.decisions): \(Self.reason(of: error))")
        }
    }

    /// How long a node takes for a request that costs it nothing. The first of two opens the connection.
    ///
    /// - Throws: When the node does not answer.
    func measure(_ node: NodeAddress, within timeout: Duration) async throws -> Duration {
        let request = HTTPClientRequest(url: node.decisions + "/.well-known/authzen-configuration")
        guard try await execute(request, within: timeout).status == 200 else { throw UnexpectedAnswer() }
        let start = ContinuousClock.now
        guard try await execute(request, within: timeout).status == 200 else { throw UnexpectedAnswer() }
        return ContinuousClock.now - start
    }

    struct UnexpectedAnswer: Error, CustomStringConvertible {
        var status: Int?
        var description: String { "unexpected answer" + (status.map { " of status \($0)" } ?? "") }
    }

    /// The members of the cluster, as a node lists them on its admin port.
    func members(from admin: String, within timeout: Duration) async throws -> [NodeAddress] {
        let response = try await execute(HTTPClientRequest(url: admin + "/v1/members"), within: timeout)
        guard response.status == 200, let items = try JSONValue.parse(response.body)["items"]?.arrayValue else {
            throw UnexpectedAnswer(status: response.status)
        }
        return items.compactMap { item in
            let texts = item["api_addresses"]?.arrayValue?.compactMap(\.stringValue) ?? []
            return NodeAddress(apiAddresses: texts)
        }
    }

    private func execute(
        _ request: HTTPClientRequest,
        within timeout: Duration
    ) async throws -> (status: Int, body: [UInt8], requestID: String?) {
        var request = request
        if let authorization = identity.authorization {
            request.headers.add(name: "Authorization", value: authorization)
        }
        let response = try await http.execute(request, timeout: TimeAmount(timeout))
        let buffer = try await response.body.collect(upTo: Answer.maximumByteCount)
        let requestID = response.headers.first(name: "X-Request-ID")
        return (Int(response.status.code), Array(buffer.readableBytesView), requestID)
    }

    /// Ends all connections, requests on their way included.
    func shutdown() async { try? await http.shutdown() }

    private static func reason(of error: any Error) -> String { String("\(error)".prefix(200)) }
}
