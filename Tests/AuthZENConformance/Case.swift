import Foundation

/// One request and what its answer must be.
struct Case {
    let name: String
    /// Unique, and fit for a header.
    let id: String
    let endpoint: String
    let request: Any
    let status: Int
    /// Compared where the case states it.
    let decisions: [Bool]?
    let isBatch: Bool
    /// What a search must find at least, or none at all; nil where the case states nothing.
    var results: [[String: String]]?

    /// `todo-decisions.json`: 40 single requests, and batches whose answers are listed one by one.
    static func todo(_ folder: URL) throws -> [Case] {
        guard let document = try read(folder, "todo-decisions.json") as? [String: Any] else {
            throw Fault("todo-decisions.json is no object")
        }
        return document.keys.sorted().flatMap { kind -> [Case] in
            let isBatch = kind != "evaluation"
            let entries = document[kind] as? [[String: Any]] ?? []
            return entries.enumerated().map { number, entry in
                let expected: [Bool]? =
                    isBatch
                    ? (entry["expected"] as? [[String: Any]])?.compactMap { $0["decision"] as? Bool }
                    : (entry["expected"] as? Bool).map { [$0] }
                return Case(
                    name: "todo \(kind) \(number + 1)",
                    id: "todo-\(kind)-\(number + 1)",
                    endpoint: isBatch ? "/access/v1/evaluations" : "/access/v1/evaluation",
                    request: entry["request"] ?? [String: Any](),
                    status: 200,
                    decisions: expected,
                    isBatch: isBatch
                )
            }
        }
    }

    static func certification(_ folder: URL) throws -> [Case] {
        guard let entries = try read(folder, "certification-cases.json") as? [[String: Any]] else {
            throw Fault("certification-cases.json is no array")
        }
        let results = entries.reduce(into: [String: [[String: String]]]()) { results, entry in
            results[entry["id"] as? String ?? ""] = Self.results(of: entry)
        }
        return entries.enumerated().map { number, entry in
            let body = entry["expected_body"] as? [String: Any]
            let shape = entry["expected_shape"] as? String ?? ""
            let batch = (body?["evaluations"] as? [[String: Any]])?.compactMap { $0["decision"] as? Bool }
            let isBatch = batch != nil || shape.contains("\"evaluations\"")
            // A shape with literal decisions states them; a body beside a batch's shape speaks of one of its elements.
            let fromShape = isBatch && !shape.contains("<boolean>") ? literals(in: shape) : nil
            let single = isBatch ? nil : (body?["decision"] as? Bool).map { [$0] }
            return Case(
                name: "certification \(entry["id"] as? String ?? "?") \(entry["label"] as? String ?? "")",
                id: "certification-\(number)",
                endpoint: entry["endpoint"] as? String ?? "",
                request: entry["request"] ?? [String: Any](),
                status: entry["status"] as? Int ?? 200,
                decisions: batch ?? fromShape ?? single,
                isBatch: isBatch,
                results: Self.results(of: entry) ?? Self.likeness(of: entry).flatMap { results[$0] }
            )
        }
    }

    private static func results(of entry: [String: Any]) -> [[String: String]]? {
        (entry["expected_body"] as? [String: Any])?["results"] as? [[String: String]]
    }

    /// The case whose results must be those of this one, where its text names one.
    private static func likeness(of entry: [String: Any]) -> String? {
        (entry["expected_text"] as? String)?.firstMatch(of: /identical to \[\]\(#([-c0-9]+)\)/).map { String($0.1) }
    }

    var isSearch: Bool { endpoint.contains("/search/") }

    /// The search without a page, which gives the token that stands in the request as a word of description.
    var firstPage: Case? {
        guard var body = request as? [String: Any], let page = body["page"] as? [String: Any], page["token"] != nil
        else {
            return nil
        }
        body["page"] = ["limit": 1]
        return with(request: body)
    }

    func following(token: String) -> Case {
        var body = request as? [String: Any] ?? [:]
        body["page"] = ["token": token]
        return with(request: body)
    }

    private func with(request: Any) -> Case {
        Case(
            name: name,
            id: id,
            endpoint: endpoint,
            request: request,
            status: status,
            decisions: decisions,
            isBatch: isBatch,
            results: results
        )
    }

    private static func literals(in shape: String) -> [Bool] {
        shape.matches(of: /"decision": (true|false)/).map { $0.1 == "true" }
    }

    private static func read(_ folder: URL, _ name: String) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appending(path: name)))
    }

    /// What is wrong with an answer, nil when nothing is.
    func fault(status: Int, body: Any?) -> String? {
        guard status == self.status else { return "status \(status), expected \(self.status); body \(body ?? "none")" }
        guard status == 200 else {
            return body == nil ? "no reason is given" : nil
        }
        guard let object = body as? [String: Any] else { return "the body is no object" }
        if isSearch { return fault(results: object) }
        let answers = isBatch ? object["evaluations"] as? [[String: Any]] : [object]
        guard let answers else { return "there is no array of evaluations" }
        let found = answers.compactMap { $0["decision"] as? Bool }
        guard found.count == answers.count, !found.isEmpty else { return "a decision is missing" }
        guard let decisions else { return nil }
        return found == decisions ? nil : "decided \(found), expected \(decisions)"
    }

    private func fault(results object: [String: Any]) -> String? {
        guard let found = object["results"] as? [[String: String]] else { return "there is no array of results" }
        guard let page = object["page"] as? [String: Any], page["next_token"] is String else {
            return "there is no page"
        }
        let names: Set = endpoint.hasSuffix("/action") ? ["name"] : ["type", "id"]
        guard found.allSatisfy({ Set($0.keys) == names }) else { return "found \(found)" }
        let limit = ((request as? [String: Any])?["page"] as? [String: Any])?["limit"] as? Int
        if let limit, found.count > limit { return "found \(found.count), more than \(limit)" }
        guard let results else { return nil }
        let isRight = results.isEmpty ? found.isEmpty : Set(results).isSubset(of: found)
        return isRight ? nil : "found \(found), expected \(results)"
    }
}
