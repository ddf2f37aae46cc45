import Cedar
import JSON

/// The reference's verdicts on the policies of the corpus, in strict and in permissive mode; every entity and request of the
/// corpus is valid.
enum ValidationSuite {
    static func run(_ folder: Folder, _ tally: inout Tally) throws {
        guard folder.contains("corpus-validation.tar.gz"), folder.contains("corpus.tar.gz") else {
            return tally.skip("no such archive", count: 1)
        }
        try folder.withUnpacked("corpus.tar.gz") { texts in
            try folder.withUnpacked("corpus-validation.tar.gz") { root in
                for file in root.files(under: "corpus-tests-validation", suffix: ".json") {
                    do {
                        try check(file, in: root, texts, &tally)
                    } catch {
                        tally.fail(file, "\(error)")
                    }
                }
            }
        }
    }

    private static func check(_ file: String, in root: Folder, _ texts: Folder, _ tally: inout Tally) throws {
        let name = file.split(separator: "/").last.map { $0.dropLast(".validation.json".utf8.count) } ?? ""
        let policies = try PolicySet.parse(try texts.text("corpus-tests/\(name).cedar"))
        let schema = try Schema.parse(try texts.text("corpus-tests/\(name).cedarschema"))
        let verdicts = try root.json(file).member("policyValidation")
        for mode in ValidationMode.allCases {
            let report = Validator(schema, mode: mode).validate(policies)
            let isValid = try verdicts.member(mode.rawValue).boolValue
            tally.check("\(name) \(mode)", report.isValid == isValid ? nil : problem(report))
        }
    }

    private static func problem(_ report: ValidationReport) -> String {
        report.isValid ? "should be invalid" : "should be valid: \(report.errors)"
    }
}
