import Cedar
import JSON

/// Something that is wrong, or may be, with a file of policies or a schema.
struct PolicyFinding {
    enum Severity: String {
        case error, warning
    }

    enum Place: Hashable {
        case text(Diagnostic)
        /// In a JSON document; empty for the whole of it.
        case path(String)
    }

    let severity: Severity
    let message: String
    let place: Place

    init(_ diagnostic: Diagnostic, severity: Severity = .error) {
        self.severity = severity
        message = diagnostic.message
        place = .text(diagnostic)
    }

    init(_ message: String, path: String, severity: Severity = .error) {
        self.severity = severity
        self.message = message
        place = .path(path)
    }

    /// Whether it tells the same of the same place, be it as an error or as a warning.
    func says(_ other: PolicyFinding) -> Bool { message == other.message && place == other.place }

    /// With the line at fault, where there are lines.
    func text(file: String) -> String {
        switch place {
        case .text(let diagnostic): diagnostic.excerpt(file: file, as: severity.rawValue)
        case .path(let path): "\(severity.rawValue): \(message)\n --> \(file)" + (path.isEmpty ? "" : ": \(path)")
        }
    }

    var json: JSONValue {
        switch place {
        case .text(let diagnostic):
            [
                "severity": .string(severity.rawValue), "message": .string(message),
                "advice": diagnostic.advice.map { .string($0) } ?? .null,
                "line": .integer(Int64(diagnostic.position.line)),
                "column": .integer(Int64(diagnostic.position.column)), "length": .integer(Int64(diagnostic.length)),
            ]
        case .path(let path):
            ["severity": .string(severity.rawValue), "message": .string(message), "path": .string(path)]
        }
    }
}

/// What is wrong with a file, so that nothing can be made of it.
struct PolicyFileError: Error, CustomStringConvertible {
    let path: String
    let findings: [PolicyFinding]

    init(path: String, _ error: CedarSyntaxError) {
        self.path = path
        findings = error.diagnostics.map { PolicyFinding($0) }
    }

    init(path: String, message: String, at place: String) {
        self.path = path
        findings = [PolicyFinding(message, path: place)]
    }

    var description: String { findings.map { $0.text(file: path) }.joined(separator: "\n\n") }
}
