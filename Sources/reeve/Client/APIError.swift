import Directory
import JSON

/// What a node answered instead of what was asked, from its problem document (RFC 9457).
struct APIError: Error, CustomStringConvertible {
    let status: Int
    /// Stable; `http_404` and the like when the answer had no problem document.
    let code: String
    let detail: String
    let node: String
    /// `https://HOST:PORT` of admin APIs, where the node is an edge that points there.
    let voters: [String]

    init(status: Int, body: JSONValue?, node: String) {
        self.status = status
        self.code = body?["code"]?.stringValue ?? "http_\(status)"
        self.detail = body?["detail"]?.stringValue ?? body?["title"]?.stringValue ?? "status \(status)"
        self.node = node
        let voters = (code == "edge" ? body?["voters"]?.arrayValue : nil) ?? []
        self.voters = voters.compactMap(\.stringValue).prefix(Limits.voters).map { "https://\($0)" }
    }

    /// Whether another node may do what this one could not.
    var mayDifferElsewhere: Bool { status == 503 || code == "edge" }

    var description: String { "\(node): \(detail) [\(code)]" + (advice.map { "\n  \($0)" } ?? "") }

    /// What to do about it.
    var advice: String? { Self.advice[code] ?? (status == 401 ? Self.unauthenticated : nil) }

    private static let unauthenticated = "the node does not take this certificate or token; check the context file"
    private static let advice = [
        "caller_unknown":
            "another administrator must list the holder of this certificate: `reeve administrator add`",
        "unauthorized": "an administrator must allow it by a policy of the set reeve.admin",
        "no_leader": "a majority of the voters must be up and reach each other; see `reeve cluster status`",
        "revision_mismatch": "somebody else changed it meanwhile; get it again and repeat",
        "precondition_failed": "somebody else made or deleted it; get it and decide",
    ]
}
