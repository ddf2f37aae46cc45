internal import Directory
internal import Identity
internal import JSON
internal import Kernel
internal import NIOHTTP1
internal import Service

/// A request on its way to a handler: matched to a route, and its caller known.
struct AdminCall: Sendable {
    let request: AdminRequest
    let parameters: [String: String]
    let query: [RequestTarget.Parameter]
    /// Nil on routes that are open.
    let credential: Credential?

    /// How long a read waits for a revision.
    static let readTimeout = Kernel.Span.seconds(5)
    static let jsonLimits = JSONLimits.standard

    /// A segment of the path; every route names those that its handler asks for.
    func parameter(_ name: String) -> String { parameters[name] ?? "" }

    func query(_ name: String) -> String? { query.first { $0.name == name }?.value }

    func header(_ name: String) throws(ServiceError) -> String? {
        let values = request.headers[name]
        guard values.count <= 1 else { throw Self.invalid("header \(name) is given more than once") }
        return values.first
    }

    /// The caller of a route that is not open.
    func known() throws(ServiceError) -> Credential {
        guard let credential else {
            throw ServiceError(.unauthenticated, code: "no_credential", message: "this needs a credential")
        }
        return credential
    }

    /// The body as an object.
    func body() throws -> ObjectReader {
        let fields = RequestFields(request.headers)
        guard fields.isJSON else {
            throw ServiceError(
                .invalid,
                code: "unsupported_media_type",
                message: "the content type must be application/json"
            )
        }
        return try ObjectReader(JSONValue.parse(request.body, limits: Self.jsonLimits))
    }

    /// From `If-Match` and `If-None-Match` (RFC 9110 section 13.1).
    func precondition() throws(ServiceError) -> Precondition {
        let match = try header("If-Match")
        let noneMatch = try header("If-None-Match")
        switch (match, noneMatch) {
        case (nil, nil): return .none
        case ("*", nil): return .mustExist
        case (nil, "*"): return .mustNotExist
        case (let tags?, nil): return .revision(try Self.revision(matching: tags))
        case (nil, _?): throw Self.invalid("If-None-Match can only be *")
        case (_?, _?): throw Self.invalid("give If-Match or If-None-Match, not both")
        }
    }

    /// For requests that heed none.
    func refusePreconditions() throws(ServiceError) {
        guard try precondition() == .none else { throw Self.invalid("this takes neither If-Match nor If-None-Match") }
    }

    /// The one revision that an `If-Match` can match. Comparison is strong (RFC 9110 section 13.1.1), so weak tags match
    /// nothing; nor do tags that no answer of ours has: zero then, at which no object changed.
    private static func revision(matching tags: String) throws(ServiceError) -> LogIndex {
        guard let tags = EntityTag.list(tags) else {
            throw invalid("If-Match must be * or the entity tag of one answer, such as \"42\"")
        }
        let revisions = tags.compactMap(\.revision)
        guard revisions.count <= 1 else { throw invalid("If-Match can name one revision only") }
        return revisions.first ?? .zero
    }

    func notAfter() throws(ServiceError) -> WallTime? {
        guard let text = try header("Reeve-Not-After") else { return nil }
        guard let time = WallTime(rfc3339: text) else {
            throw Self.invalid("Reeve-Not-After must be a time in UTC, such as 2026-03-01T09:30:00Z")
        }
        return time
    }

    /// How new the state must be that a read is answered from.
    func consistency() throws(ServiceError) -> ReadConsistency {
        switch query("consistency") {
        case nil, "local": return .atLeast(try query.atLeast())
        case "linearizable":
            guard query("at_least") == nil else {
                throw Self.invalid("consistency=linearizable goes without at_least, which it covers")
            }
            return .linearizable
        default: throw Self.invalid("consistency must be local or linearizable")
        }
    }

    func limit() throws(ServiceError) -> Int {
        guard let text = query("limit") else { return 100 }
        guard let limit = Int(text), (1...ListRequest.maximumLimit).contains(limit) else {
            throw Self.invalid("limit must be from 1 to \(ListRequest.maximumLimit)")
        }
        return limit
    }

    func list() throws(ServiceError) -> ListRequest {
        var cursor: ListCursor?
        if let text = query("cursor") {
            guard let bytes = [UInt8](hex: text), bytes.count <= 1024 else {
                throw Self.invalid("cursor must be the next of an earlier answer")
            }
            cursor = ListCursor(bytes: bytes)
        }
        return ListRequest(namePrefix: query("prefix") ?? "", after: cursor, limit: try limit())
    }

    static let readQuery = ["at_least", "consistency"]
    static let listQuery = ["prefix", "limit", "cursor"] + readQuery

    static func invalid(_ message: String) -> ServiceError {
        ServiceError(.invalid, code: "invalid_request", message: message)
    }
}
