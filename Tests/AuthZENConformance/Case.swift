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
                isBatch: isBatch
            )
        }
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
        let answers = isBatch ? object["evaluations"] as? [[String: Any]] : [object]
        guard let answers else { return "there is no array of evaluations" }
        let found = answers.compactMap { $0["decision"] as? Bool }
        guard found.count == answers.count, !found.isEmpty else { return "a decision is missing" }
        guard let decisions else { return nil }
        return found == decisions ? nil : "decided \(found), expected \(decisions)"
    }
}
