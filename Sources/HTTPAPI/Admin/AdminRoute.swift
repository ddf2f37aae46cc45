internal import Service

/// One operation of the admin API.
struct AdminRoute: Sendable {
    /// What a caller needs.
    enum Access: Sendable {
        /// Nothing: for health checks.
        case open
        /// A certificate of the trust domain or a token, whatever the directory says: for what must work without a leader.
        case identified
        /// `Reeve::Action::"read"` on the cluster.
        case reader
        /// For what is decided elsewhere: a command where it is applied, a decision where it is made.
        case caller
        /// A member or an edge, by a certificate whose key the log pins; or a caller as above.
        case nodeOrCaller
        /// An edge, by a certificate whose key the log pins.
        case edge
    }

    typealias Handler = @Sendable (AdminAPI, AdminCall) async throws -> AdminResponse

    let method: String
    let pattern: [Segment]
    let access: Access
    /// Names of query parameters that it takes.
    let query: [String]
    /// Whether it heeds `If-Match` and `If-None-Match`. Where it does not they are refused, since to ignore one would break
    /// the promise that it asks for.
    let takesPreconditions: Bool
    let handler: Handler

    enum Segment: Hashable, Sendable {
        case literal(String)
        case parameter(String)
    }

    /// - Parameter path: Segments in braces are parameters, as in `/v1/roles/{name}`.
    init(
        _ method: String,
        _ path: String,
        _ access: Access,
        query: [String] = [],
        preconditions takesPreconditions: Bool = false,
        _ handler: @escaping Handler
    ) {
        self.method = method
        self.pattern = path.split(separator: "/").map { segment in
            segment.hasPrefix("{") ? .parameter(String(segment.dropFirst().dropLast())) : .literal(String(segment))
        }
        self.access = access
        self.query = query
        self.takesPreconditions = takesPreconditions
        self.handler = handler
    }

    /// Values of the parameters; nil when the path is another.
    func match(_ segments: [String]) -> [String: String]? {
        guard segments.count == pattern.count else { return nil }
        var parameters: [String: String] = [:]
        for (expected, segment) in zip(pattern, segments) {
            switch expected {
            case .literal(let text): if text != segment { return nil }
            case .parameter(let name): parameters[name] = segment
            }
        }
        return parameters
    }
}
