import ArgumentParser
import Cedar
import Directory
import JSON

struct PolicyCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Report what is wrong with policy files.",
        discussion: """
            Reads Cedar text, or Cedar's JSON form of policies, and shows every fault with its place, and texts that may not \
            be what they look like. With a schema it also finds what would fail when a decision is made, and what can never \
            apply; with --set, the same as far as it is so in every cluster. Templates are checked as they are, and with \
            --links what is linked from them, too. Needs no cluster. Exit status: 0 if all files are well, 1 if not; \
            warnings alone are 0.
            """
    )

    @Argument(help: "Files with policies; - is standard input.", completion: .file(extensions: ["cedar", "json"]))
    var files: [String]
    @Option(
        help: ArgumentHelp("Validate against this schema, Cedar text or JSON.", valueName: "file"),
        completion: .file(extensions: ["cedarschema", "json"])
    )
    var schema: String?
    @Flag(help: "With --schema: report only what could fail, not comparisons and branches of different types.")
    var permissive = false
    @Option(
        help: ArgumentHelp(
            "With --schema: how many entities may be read one through the other, from those of the request.",
            valueName: "number"
        )
    )
    var level: Int?
    @Option(help: ArgumentHelp("Check as a cluster does that drafts the file as this policy set.", valueName: "name"))
    var set: String?
    @OptionGroup var links: LinkOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard links.links == nil || set == nil else {
            throw ArgumentParser.ValidationError("--links and --set exclude each other: a cluster takes no templates.")
        }
        guard schema != nil || !permissive && level == nil else {
            throw ArgumentParser.ValidationError("--permissive and --level need --schema.")
        }
        guard level.map({ (0...1000).contains($0) }) ?? true else {
            throw ArgumentParser.ValidationError("--level must be from 0 to 1000.")
        }
    }

    func run() throws {
        let validator: Validator?
        do { validator = try schema.map(self.validator) } catch let error as PolicyFileError {
            report(error)
            throw ExitCode.failure
        }
        let files = try files.map { try PolicyFile($0) }
        let read = try PolicyReport.read(files, links: links.read())
        var reports: [PolicyReport] = []
        for (file, policies) in zip(files, read) {
            let report = try PolicyReport(file, policies, validator: validator, set: set)
            if !output.json { Console.print(report.text) }
            reports.append(report)
        }
        let isValid = reports.allSatisfy { $0.count(.error) == 0 }
        if output.json {
            Console.json(["valid": .bool(isValid), "files": .array(reports.map(\.json))])
        } else if let summary = PolicyReport.summary(of: reports) {
            Console.line(summary)
        }
        if !isValid { throw ExitCode.failure }
    }

    private func validator(_ path: String) throws -> Validator {
        Validator(try PolicyFile(path).schema(), mode: permissive ? .permissive : .strict, maxLevel: level)
    }

    /// That the schema is none; nothing was validated by it.
    private func report(_ error: PolicyFileError) {
        guard output.json else { return Console.progress("\(error)") }
        let schema: JSONValue = ["file": .string(error.path), "findings": .array(error.findings.map(\.json))]
        Console.json(["valid": false, "schema": schema, "files": []])
    }
}

/// What a check found in one file.
struct PolicyReport {
    private let path: String
    private let policies: PolicySet
    private let findings: [PolicyFinding]

    /// What is in each file, with what is linked from its templates.
    static func read(
        _ files: [PolicyFile],
        links: TemplateLinks
    ) throws -> [Result<PolicySet, PolicyFileError>] {
        var read: [Result<PolicySet, PolicyFileError>] = []
        for file in files {
            do {
                read.append(.success(try file.policies()))
            } catch let error as PolicyFileError {
                read.append(.failure(error))
            }
        }
        // A template may be in a file that could not be read.
        let places = read.indices.filter { (try? read[$0].get()) != nil }
        var sets = try places.map { try read[$0].get() }
        _ = try links.link(in: &sets, areAll: places.count == read.count)
        for (place, set) in zip(places, sets) { read[place] = .success(set) }
        return read
    }

    /// - Parameter set: The name of a cluster's set that the policies are meant for.
    init(
        _ file: PolicyFile,
        _ policies: Result<PolicySet, PolicyFileError>,
        validator: Validator?,
        set: String? = nil
    ) throws {
        path = file.path
        var read = PolicySet()
        var found: [PolicyFinding] = []
        do {
            read = try policies.get()
            let report = validator?.validate(read) ?? ValidationReport(warnings: read.suspiciousTexts())
            found = try Self.findings(report, in: file)
            // What two of them say is told once.
            if let set { found += try Self.review(file, as: set).filter { new in !found.contains { $0.says(new) } } }
        } catch let error as PolicyFileError {
            found = error.findings
        }
        (self.policies, findings) = (read, found)
    }

    /// What a cluster would say: errors where it takes no such policies, warnings where it does.
    private static func review(_ file: PolicyFile, as set: String) throws -> [PolicyFinding] {
        guard !file.isJSON else { return [PolicyFinding("a cluster takes policies as Cedar text", path: "")] }
        do {
            return PolicyReview(try ActivePolicySet(name: set, version: 0, text: file.text())).findings.map {
                PolicyFinding($0.diagnostic, severity: .warning)
            }
        } catch let error as PolicyTextError {
            let text = try file.text()
            return error.diagnostics.map {
                PolicyFinding(Diagnostic($0.message, line: $0.line, column: $0.column, inText: text))
            }
        }
    }

    private static func findings(_ report: ValidationReport, in file: PolicyFile) throws -> [PolicyFinding] {
        guard !file.isJSON else {
            return report.errors.map { PolicyFinding("\($0.reason)", path: "policy `\($0.policy)`") }
                + report.warnings.map {
                    PolicyFinding("\($0.reason)", path: "policy `\($0.policy)`", severity: .warning)
                }
        }
        let text = try file.text()
        return report.errorDiagnostics(in: text).map { PolicyFinding($0) }
            + report.warningDiagnostics(in: text).map { PolicyFinding($0, severity: .warning) }
    }

    func count(_ severity: PolicyFinding.Severity) -> Int { findings.count { $0.severity == severity } }

    var text: String {
        let shown = findings.map { $0.text(file: path) + "\n\n" }.joined()
        guard count(.error) == 0 else { return shown }
        return shown + "\(path): " + Self.count(policies.policies.count, "policy", "policies")
            + (policies.templates.isEmpty ? "" : ", " + Self.count(policies.templates.count, "template", "templates"))
            + "\n"
    }

    var json: JSONValue {
        [
            "file": .string(path), "policies": .integer(Int64(policies.policies.count)),
            "templates": .integer(Int64(policies.templates.count)), "findings": .array(findings.map(\.json)),
        ]
    }

    /// Nil where all is well.
    static func summary(of reports: [PolicyReport]) -> String? {
        let errors = reports.reduce(0) { $0 + $1.count(.error) }
        let warnings = reports.reduce(0) { $0 + $1.count(.warning) }
        guard errors + warnings > 0 else { return nil }
        let found =
            (errors == 0 ? [] : [count(errors, "error", "errors")])
            + (warnings == 0 ? [] : [count(warnings, "warning", "warnings")])
        let faulty = reports.count { !$0.findings.isEmpty }
        let files = reports.count == 1 ? "" : " in \(faulty) of \(reports.count) files"
        return found.joined(separator: " and ") + files
    }

    private static func count(_ number: Int, _ one: String, _ many: String) -> String {
        "\(number) \(number == 1 ? one : many)"
    }
}
