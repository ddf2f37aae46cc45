import Cedar
import JSON

/// Texts from the reference's own tests, to accept or refuse.
enum MinedSuite {
    static func run(_ folder: Folder, _ tally: inout Tally) throws {
        guard folder.contains("mined") else { return tally.skip("no such folder", count: 1) }
        for (index, line) in try folder.jsonLines("mined/policies.jsonl").enumerated() {
            try check(line, "policies.jsonl line \(index + 1)", &tally) { text in
                _ = try PolicySet.parse(text, limits: .reference)
            }
        }
        guard folder.contains("mined/schemas.jsonl") else { return }
        for (index, line) in try folder.jsonLines("mined/schemas.jsonl").enumerated() {
            try check(line, "schemas.jsonl line \(index + 1)", &tally) { text in
                let schema = try Schema.parse(text)
                if let problem = try SchemaSuite.roundTripProblem(schema) { throw Folder.Problem(description: problem) }
            }
        }
    }

    private static func check(
        _ line: JSONValue,
        _ name: String,
        _ tally: inout Tally,
        _ read: (String) throws -> Void
    ) throws {
        let text = try line.string("text")
        if text.hasPrefix("<"), text.contains(" chars") { return tally.skip("texts that are too long to be listed") }
        var refusal: String?
        do { try read(text) } catch { refusal = "\(error)" }
        let expected = line["accept"]?.boolValue ?? false
        tally.check(name, expected == (refusal == nil) ? nil : refusal ?? "should be refused")
    }
}

extension SyntaxLimits {
    /// What labelled the texts is built to evaluate in part.
    static let reference = SyntaxLimits(allowsUnknowns: true)
}
