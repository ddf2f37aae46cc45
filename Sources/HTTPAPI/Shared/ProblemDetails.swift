package import Service

/// What every error of an HTTP API says: problem details (RFC 9457), as `application/problem+json`.
///
///     {"type":"about:blank","title":"Bad Request","status":400,"code":"invalid_request","detail":"subject.id is missing"}
///
/// `code` is stable and for programs, `detail` for people. One that points to others has `voters`, addresses of their admin
/// APIs.
package struct ProblemDetails: Hashable, Sendable {
    package let status: Int
    package let title: String
    package let code: String
    package let detail: String
    package let voters: [String]?

    package static let mediaType: StaticString = "application/problem+json"

    package init(status: Int, title: String, code: String, detail: String, voters: [String]? = nil) {
        self.status = status
        self.title = title
        self.code = code
        self.detail = detail
        self.voters = voters
    }

    package init(_ error: ServiceError) {
        let (status, title) = Self.status(of: error.kind)
        self.init(status: status, title: title, code: error.code, detail: error.message, voters: error.voters)
    }

    package func append(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "{\"type\":\"about:blank\",\"title\":".utf8)
        bytes.append(json: title)
        bytes.append(contentsOf: ",\"status\":".utf8)
        bytes.append(decimal: UInt64(max(0, status)))
        bytes.append(contentsOf: ",\"code\":".utf8)
        bytes.append(json: code)
        bytes.append(contentsOf: ",\"detail\":".utf8)
        bytes.append(json: detail)
        if let voters {
            bytes.append(contentsOf: ",\"voters\":[".utf8)
            for (place, voter) in voters.enumerated() {
                if place > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes.append(json: voter)
            }
            bytes.append(UInt8(ascii: "]"))
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// The status that each kind of failure has over HTTP, and its phrase (RFC 9110 section 15).
    package static func status(of kind: ServiceError.Kind) -> (code: Int, phrase: String) {
        switch kind {
        case .invalid: (400, "Bad Request")
        case .unauthenticated: (401, "Unauthorized")
        case .forbidden: (403, "Forbidden")
        case .notFound: (404, "Not Found")
        case .conflict: (409, "Conflict")
        case .preconditionFailed: (412, "Precondition Failed")
        case .misdirected: (421, "Misdirected Request")
        case .tooLarge: (413, "Content Too Large")
        case .overloaded: (429, "Too Many Requests")
        case .unavailable: (503, "Service Unavailable")
        case .outcomeUnknown: (504, "Gateway Timeout")
        }
    }
}
