import ArgumentParser
import Cedar
import JSON

struct PolicyCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Report what is wrong with policy files.",
        discussion: """
            Reads Cedar text, or Cedar's JSON form of policies, and shows every fault with its place. Needs no cluster. \
            Exit status: 0 if all files are well, 1 if not.
            """
    )

    @Argument(help: "Files with policies; - is standard input.", completion: .file(extensions: ["cedar", "json"]))
    var files: [String]
    @OptionGroup var output: OutputOptions

    func run() throws {
        var reports: [PolicyReport] = []
        for path in files {
            let report = try PolicyReport(PolicyFile(path))
            if !output.json { Console.print(report.text) }
            reports.append(report)
        }
        let isValid = reports.allSatisfy { $0.error == nil }
        if output.json {
            Console.json(["valid": .bool(isValid), "files": .array(reports.map(\.json))])
        } else if let summary = PolicyReport.summary(of: reports) {
            Console.line(summary)
        }
        if !isValid { throw ExitCode.failure }
    }
}

/// What a check found in one file.
struct PolicyReport {
    let path: String
    let policies: PolicySet
    let error: PolicyFileError?

    init(_ file: PolicyFile) throws {
        path = file.path
        do {
            (policies, error) = (try file.policies(), nil)
        } catch let fault as PolicyFileError {
            (policies, error) = (PolicySet(), fault)
        }
    }

    var text: String {
        if let error { return "\(error)\n\n" }
        return "\(path): " + Self.count(policies.policies.count, "policy", "policies")
            + (policies.templates.isEmpty ? "" : ", " + Self.count(policies.templates.count, "template", "templates"))
            + "\n"
    }

    var json: JSONValue {
        [
            "file": .string(path), "policies": .integer(Int64(policies.policies.count)),
            "templates": .integer(Int64(policies.templates.count)), "errors": .array(error?.json ?? []),
        ]
    }

    /// Nil where all is well.
    static func summary(of reports: [PolicyReport]) -> String? {
        let faulty = reports.compactMap(\.error)
        guard !faulty.isEmpty else { return nil }
        let faults = count(faulty.reduce(0) { $0 + $1.count }, "error", "errors")
        return reports.count == 1 ? faults : "\(faults) in \(faulty.count) of \(reports.count) files"
    }

    private static func count(_ number: Int, _ one: String, _ many: String) -> String {
        "\(number) \(number == 1 ? one : many)"
    }
}
