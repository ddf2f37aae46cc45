internal import NIOHTTP1
internal import Service

/// What is wrong with a request before any use case sees it.
enum HTTPProblem: Hashable, Sendable {
    case malformedHTTP
    case headerTooLarge
    case bodyTooLarge(limit: Int)
    case notFound
    case methodNotAllowed(allowed: StaticMethods)
    case wrongContentType
    case invalidRequest(String)
    case unauthenticated(String)
    case unavailable(code: String, detail: String)

    enum StaticMethods: Hashable, Sendable { case get, post }

    /// Sets everything of the response but its request id.
    func write(to response: inout DataPlaneResponse) {
        response.status = status
        response.mediaType = ProblemDetails.mediaType
        switch self {
        case .methodNotAllowed(.get): response.headerLines = "allow: GET, HEAD\r\n"
        case .methodNotAllowed(.post): response.headerLines = "allow: POST\r\n"
        case .unauthenticated: response.headerLines = "www-authenticate: Bearer realm=\"reeve\"\r\n"
        case .malformedHTTP, .headerTooLarge, .bodyTooLarge, .notFound, .wrongContentType, .invalidRequest,
            .unavailable:
            break
        }
        response.body.removeAll(keepingCapacity: true)
        ProblemDetails(status: Int(status.code), title: status.reasonPhrase, code: code, detail: detail)
            .append(to: &response.body)
    }

    private var status: HTTPResponseStatus {
        switch self {
        case .malformedHTTP, .invalidRequest, .wrongContentType: .badRequest
        case .headerTooLarge: .requestHeaderFieldsTooLarge
        case .bodyTooLarge: .payloadTooLarge
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .unauthenticated: .unauthorized
        case .unavailable: .serviceUnavailable
        }
    }

    private var code: String {
        switch self {
        case .malformedHTTP: "malformed_http"
        case .headerTooLarge: "header_too_large"
        case .bodyTooLarge: "body_too_large"
        case .notFound: "not_found"
        case .methodNotAllowed: "method_not_allowed"
        // AuthZEN's certification scenario, section 2.4, asks for 400 here, not for 415.
        case .wrongContentType: "unsupported_media_type"
        case .invalidRequest: "invalid_request"
        case .unauthenticated: "unauthenticated"
        case .unavailable(let code, _): code
        }
    }

    private var detail: String {
        switch self {
        case .malformedHTTP: "the bytes received are no HTTP/1.1 request"
        case .headerTooLarge: "the request's header is too large"
        case .bodyTooLarge(let limit): "the request's body has more than \(limit) bytes"
        case .notFound:
            "no such path; there are /access/v1/evaluation, /access/v1/evaluations and "
                + "/.well-known/authzen-configuration"
        case .methodNotAllowed(.get): "use GET"
        case .methodNotAllowed(.post): "use POST"
        case .wrongContentType: "the content type must be application/json"
        case .invalidRequest(let detail), .unauthenticated(let detail), .unavailable(_, let detail): detail
        }
    }
}
