internal import NIOHTTP1
internal import Service

/// What is wrong with a request, in terms of HTTP.
enum HTTPProblem: Hashable, Sendable {
    case malformedHTTP
    case ambiguousHeader
    case headerTooLarge
    case bodyTooLarge(limit: Int)
    case notFound
    case methodNotAllowed(AllowedMethods)
    case wrongContentType
    case service(ServiceError)

    enum AllowedMethods: Hashable, Sendable { case get, post }

    /// Sets everything of the response but its request id.
    func write(to response: inout DataPlaneResponse) {
        let details = details
        response.status = HTTPResponseStatus(statusCode: details.status)
        response.mediaType = ProblemDetails.mediaType
        response.headerLines = headerLines
        response.decisions = .none
        response.body.removeAll(keepingCapacity: true)
        details.append(to: &response.body)
    }

    private var headerLines: StaticString {
        switch self {
        case .methodNotAllowed(.get): "allow: GET, HEAD\r\n"
        case .methodNotAllowed(.post): "allow: POST\r\n"
        case .service(let error) where error.kind == .unauthenticated: "www-authenticate: Bearer realm=\"reeve\"\r\n"
        case .malformedHTTP, .ambiguousHeader, .headerTooLarge, .bodyTooLarge, .notFound, .wrongContentType, .service:
            ""
        }
    }

    private var details: ProblemDetails {
        switch self {
        case .malformedHTTP:
            Self.details(.badRequest, "malformed_http", "the bytes received are no HTTP/1.1 request")
        case .ambiguousHeader:
            Self.details(.badRequest, "ambiguous_header", "a header field that may occur once occurs twice")
        case .headerTooLarge:
            Self.details(.requestHeaderFieldsTooLarge, "header_too_large", "the request's header is too large")
        case .bodyTooLarge(let limit):
            Self.details(.payloadTooLarge, "body_too_large", "the request's body has more than \(limit) bytes")
        case .notFound:
            Self.details(
                .notFound,
                "not_found",
                "there are \(Route.evaluationPath), \(Route.evaluationsPath), \(Route.searchPath)subject, resource and "
                    + "action, and \(Route.metadataPath): this is the port for decisions; administration is on another"
            )
        case .methodNotAllowed(let allowed):
            Self.details(.methodNotAllowed, "method_not_allowed", allowed == .get ? "use GET" : "use POST")
        case .wrongContentType:
            // AuthZEN's certification scenario, section 2.4.3, asks for 400 here and not for 415.
            Self.details(.badRequest, "unsupported_media_type", "the content type must be application/json")
        case .service(let error): ProblemDetails(error)
        }
    }

    private static func details(_ status: HTTPResponseStatus, _ code: String, _ detail: String) -> ProblemDetails {
        ProblemDetails(status: Int(status.code), title: status.reasonPhrase, code: code, detail: detail)
    }
}
