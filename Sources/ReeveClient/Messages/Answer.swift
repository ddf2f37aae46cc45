internal import JSON

/// What a node's response to one question or a batch comes to.
enum Answer: Hashable, Sendable {
    /// Made from the state at this revision.
    case decided([Decision], revision: UInt64)
    /// Denials for want of freshness, or of a place to log them: another node may do better.
    case unable([Decision])
    /// The node waited for the revision that was asked for, and has not reached it.
    case behind
    /// Any node would say so.
    case refused(ReeveClientError)
    /// The node does not serve now, or talks nonsense.
    case failed(String)

    static let maximumByteCount = 4 << 20

    /// How many answers a request has to get.
    enum Expectation: Hashable, Sendable {
        case one
        case batch(count: Int, BatchSemantic)
    }

    init(status: Int, body: [UInt8], requestID: String?, node: String, expecting expectation: Expectation) {
        let limits = JSONLimits(maxBytes: Self.maximumByteCount)
        let value = try? JSONValue.parse(body, limits: limits)
        let code = value?["code"]?.stringValue
        switch status {
        case 200: self = Self.decisions(value, requestID, node, expectation)
        case 400..<500 where ![404, 408, 421, 429].contains(status):
            self = .refused(ReeveClientError(status: status, problem: value, node: node))
        case 503 where code == "behind": self = .behind
        default: self = .failed("\(node) answers \(status)" + (code.map { " \($0)" } ?? ""))
        }
    }

    private static func decisions(
        _ value: JSONValue?,
        _ requestID: String?,
        _ node: String,
        _ expectation: Expectation
    ) -> Answer {
        let items: [JSONValue]?
        switch expectation {
        case .one: items = value.map { [$0] }
        case .batch: items = value?["evaluations"]?.arrayValue
        }
        guard let items, !items.isEmpty else { return .failed("\(node): the answer holds no decision") }
        var decisions: [Decision] = []
        for item in items {
            guard let decision = Decision(item, requestID: requestID, node: node) else {
                return .failed("\(node): the answer holds no decision")
            }
            decisions.append(decision)
        }
        guard isComplete(decisions, expectation) else {
            return .failed("\(node): \(decisions.count) answers are not those that were asked for")
        }
        if decisions.contains(where: { unableReasons.contains($0.reason) }) {
            // Beside questions that the node could not decide there can be none that it allowed.
            return decisions.contains(where: \.isAllowed)
                ? .failed("\(node): the answers contradict each other") : .unable(decisions)
        }
        // Questions that are malformed by themselves have none; where there are only such, no state was looked at.
        let isMalformed = decisions.allSatisfy { $0.reason == "invalid_request" }
        guard let revision = decisions.compactMap(\.revision).min() ?? (isMalformed ? .max : nil) else {
            return .failed("\(node): the answer has no revision")
        }
        return .decided(decisions, revision: revision)
    }

    private static let unableReasons: Set<String> = ["stale", "log_unavailable", "not_ready"]

    private static func isComplete(_ decisions: [Decision], _ expectation: Expectation) -> Bool {
        guard case .batch(let count, let semantic) = expectation, let last = decisions.last else { return true }
        guard decisions.dropLast().allSatisfy({ !semantic.ends(after: $0.isAllowed) }) else { return false }
        return decisions.count == count || (decisions.count < count && semantic.ends(after: last.isAllowed))
    }
}

extension Decision {
    /// Nil for anything that is no decision in full: a permission must not come of a text that is half understood.
    init?(_ value: JSONValue, requestID: String?, node: String) {
        guard let isAllowed = value["decision"]?.boolValue, let context = value["context"],
            let reason = context["reason"]?.stringValue, isAllowed == (reason == "allowed"),
            let obligations = Self.texts(context["obligations"]), let advice = Self.texts(context["advice"])
        else { return nil }
        self.isAllowed = isAllowed
        self.reason = reason
        self.obligations = obligations
        self.advice = advice
        self.revision = Self.count(context["revision"])
        self.epoch = Self.count(context["epoch"])
        self.age = Self.count(context["age_ms"]).map { .milliseconds($0) }
        self.node = node
        self.requestID = requestID
    }

    /// Empty where the member is missing; nil where it is no list of texts.
    private static func texts(_ value: JSONValue?) -> [String]? {
        guard let value else { return [] }
        guard let items = value.arrayValue else { return nil }
        let texts = items.compactMap(\.stringValue)
        return texts.count == items.count ? texts : nil
    }

    private static func count(_ value: JSONValue?) -> UInt64? { value?.integerValue.flatMap { UInt64(exactly: $0) } }
}

extension ReeveClientError {
    init(status: Int, problem: JSONValue?, node: String) {
        let code = problem?["code"]?.stringValue
        let detail = problem?["detail"]?.stringValue ?? "status \(status)"
        let message = "\(node): \(detail)" + (code.map { " [\($0)]" } ?? "")
        self.init(status == 401 ? .unauthenticated : .invalidQuestion, message)
    }
}
