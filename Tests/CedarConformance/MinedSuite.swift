import Cedar
import JSON

/// Texts from the reference's own tests, to accept or refuse.
enum MinedSuite {
    static func run(_ folder: Folder, _ tally: inout Tally) throws {
        guard folder.contains("mined") else { return tally.skip("no such folder", count: 1) }
        for (index, line) in try folder.jsonLines("mined/policies.jsonl").enumerated() {
            let text = try line.string("text")
            if text.hasPrefix("<"), text.contains(" chars") {
                tally.skip("texts that are too long to be listed")
                continue
            }
            if text.contains("unknown(") {
                tally.skip("`unknown` belongs to partial evaluation")
                continue
            }
            if line["est"] != nil { tally.skip("the JSON form of policies is not written yet") }
            var refusal: String?
            do throws(CedarSyntaxError) { _ = try PolicySet.parse(text) } catch { refusal = "\(error)" }
            let expected = line["accept"]?.boolValue ?? false
            let problem = expected == (refusal == nil) ? nil : refusal ?? "should be refused"
            tally.check("policies.jsonl line \(index + 1)", problem)
        }
        if folder.contains("mined/schemas.jsonl") {
            tally.skip("schemas are not read yet", count: try folder.jsonLines("mined/schemas.jsonl").count)
        }
    }
}

/// Suites that wait for the validator and the schema.
enum UnbuiltSuites {
    static func validation(_ folder: Folder, _ tally: inout Tally) throws {
        try skip("corpus-validation.tar.gz", "validation verdicts need the validator", folder, &tally)
    }

    static func schemas(_ folder: Folder, _ tally: inout Tally) throws {
        try skip("corpus-json-schemas.tar.gz", "schemas are not read yet", folder, &tally)
    }

    private static func skip(_ archive: String, _ reason: String, _ folder: Folder, _ tally: inout Tally) throws {
        guard folder.contains(archive) else { return tally.skip("no such archive", count: 1) }
        try folder.withUnpacked(archive) { root in
            tally.skip(reason, count: root.files(under: ".", suffix: ".json").count)
        }
    }
}
