import JSON

/// What an explanation says, in lines for people. It is in the API's JSON form, wherever it was made.
struct ExplanationText {
    private(set) var lines: [String] = []

    init(_ explanation: JSONValue) {
        for effect in Self.list(explanation["cascades"]) { lines += Self.cascade(effect) }
        let policies = Self.list(explanation["policies"])
        for policy in policies { lines.append("  decided by  \(Self.policy(policy))") }
        for policy in Self.list(explanation["failures"]) {
            lines.append("  failed      \(Self.policy(policy)): \(policy["error"]?.cell ?? "")")
        }
        for policy in policies where policy["effect"]?.stringValue == "forbid" {
            for condition in Self.list(policy["conditions"]) { lines += Self.satisfied(condition) }
        }
        for miss in Self.list(explanation["near_misses"]) { lines += Self.nearMiss(miss) }
        if Self.isWithoutReason(explanation) {
            lines.append("  reason      no permit is for this action by such a principal on such a resource")
        }
        let roles = Self.list(explanation["roles"])
        if !roles.isEmpty { lines.append("  roles       \(roles.map(\.cell).joined(separator: ", "))") }
    }

    /// Obligations and advice of a decision.
    static func duties(_ decision: JSONValue) -> [String] {
        list(decision["obligations"]).map { "  obligation  \($0.cell)" }
            + list(decision["advice"]).map { "  advice      \($0.cell)" }
    }

    /// Nothing came close. Only where it was looked for.
    private static func isWithoutReason(_ explanation: JSONValue) -> Bool {
        explanation["code"]?.stringValue == "no_permit" && explanation["near_misses"]?.arrayValue?.isEmpty == true
    }

    private static func list(_ value: JSONValue?) -> [JSONValue] { value?.arrayValue ?? [] }

    private static func cascade(_ effect: JSONValue) -> [String] {
        let (entity, grantor) = (effect["entity"]?.cell ?? "", effect["granted_by"]?.cell ?? "")
        let taken =
            switch effect["takes"]?.stringValue {
            case "role": "\(entity) does not count, since \(grantor) granted it"
            case "token": "the token does not count, since \(grantor) issued it"
            default: "\(entity) is \(effect["status"]?.cell ?? "") as one of those below"
            }
        return [
            "  cascade     \(taken)",
            "                from \(effect["against"]?.cell ?? ""), by statement \(effect["statement"]?.cell ?? "")",
        ]
    }

    private static func nearMiss(_ miss: JSONValue) -> [String] {
        var lines = ["  closest     \(policy(miss))"]
        switch miss["obstacle"]?.stringValue {
        case "condition":
            guard let condition = miss["condition"] else { break }
            let outcome = condition["kind"]?.stringValue == "unless" ? "is met" : "is not met"
            lines[0] += ": its \"\(condition["kind"]?.cell ?? "")\" \(outcome)"
            lines += values(condition)
        case "error": lines[0] += ": \(miss["error"]?.cell ?? "")"
        case let part: lines[0] += ": its scope asks for another \(part ?? "request")"
        }
        for (place, change) in list(miss["changes"]).enumerated() {
            lines.append(
                (place == 0 ? "                would apply with  " : "                             and  ") + change.cell
            )
        }
        return lines
    }

    /// What a forbid rests on: a condition that holds, or one that cannot be evaluated.
    private static func satisfied(_ condition: JSONValue) -> [String] {
        let lead =
            switch (condition["outcome"]?.stringValue, condition["kind"]?.stringValue) {
            case ("error", let kind): "\(kind ?? "") cannot be evaluated: "
            case (_, "unless"): #"its "unless" is not met: "#
            case (_, _): #"its "when" is met: "#
            }
        return values(condition, after: lead)
    }

    /// The part of a condition that decided, and what stood in it.
    private static func values(_ condition: JSONValue, after lead: String = "") -> [String] {
        ["                \(lead)\(oneLine(condition["text"]))"]
            + list(condition["values"]).map { value in
                let result = value["value"].map { "is \($0.cell)" } ?? "fails: \(value["error"]?.cell ?? "")"
                return "                  \(oneLine(value["text"])) \(result)"
            }
    }

    private static func oneLine(_ text: JSONValue?) -> String {
        (text?.stringValue ?? "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private static func policy(_ policy: JSONValue) -> String {
        let place = "\(policy["set"]?.cell ?? "")/\(policy["id"]?.cell ?? "")"
        let version = policy["version"].map { " version \($0.cell)" } ?? ""
        let line = policy["line"].map { ", line \($0.cell)" } ?? ""
        return "\(place)\(version)\(line)"
    }
}
