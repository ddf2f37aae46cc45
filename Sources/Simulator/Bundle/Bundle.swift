internal import JSON
package import Kernel

/// A failure of a simulated cluster with all that shows it again: a folder of texts.
///
/// | file | what it holds |
/// |---|---|
/// | `manifest.json` | what was violated and where; seed, scenario, build; read |
/// | `choices.jsonl` | the choices of the failing run, one a line; read |
/// | `minimal.jsonl` | those that were left of them, once they have been minimised; read |
/// | `events.log`, `n1.log`, … | what happened, on all and on each node; written for people |
/// | `clients.jsonl` | what clients wanted and were told; written for people |
/// | `difference.json` | what the violating step changed; written for people |
package struct Bundle: Sendable {
    package var manifest: Manifest
    package var choices: [Choice]
    package var minimal: [Choice]?

    package static let version: Int64 = 1
    package static let manifestFile = "manifest.json"
    package static let choicesFile = "choices.jsonl"
    package static let minimalFile = "minimal.jsonl"

    package init(manifest: Manifest, choices: [Choice], minimal: [Choice]? = nil) {
        self.manifest = manifest
        self.choices = choices
        self.minimal = minimal
    }

    /// - Parameter read: Gives a file's text by its name; nil where there is none.
    package init(read: (String) throws -> String?) throws {
        guard let text = try read(Self.manifestFile) else { throw Self.missing(Self.manifestFile) }
        manifest = try Manifest(text)
        guard let recorded = try read(Self.choicesFile) else { throw Self.missing(Self.choicesFile) }
        choices = try ScheduleFile.parse(recorded, Self.choicesFile)
        guard manifest.minimal != nil else { return }
        guard let minimal = try read(Self.minimalFile) else { throw Self.missing(Self.minimalFile) }
        self.minimal = try ScheduleFile.parse(minimal, Self.minimalFile)
    }

    private static func missing(_ file: String) -> BundleFlaw { BundleFlaw(file: file, place: "", reason: .missing) }

    /// First of all, since another version may have other fields.
    static func check(_ value: JSONValue, _ expected: String, _ file: String, at place: String) throws(BundleFlaw) {
        guard let format = value["format"]?.stringValue, format == expected else {
            let found = value["format"]?.stringValue ?? "something unknown"
            throw BundleFlaw(file: file, place: place, reason: .otherFormat(found))
        }
        guard let found = value["version"]?.integerValue else {
            throw BundleFlaw(file: file, place: place, reason: .missingField("version"))
        }
        guard found == version else { throw BundleFlaw(file: file, place: place, reason: .otherVersion(found)) }
    }

    /// The files that are read again, by name.
    package var files: [(name: String, text: String)] {
        var files = [
            (name: Self.choicesFile, text: ScheduleFile.text(choices)), (name: Self.manifestFile, text: manifest.text),
        ]
        if let minimal { files.insert((name: Self.minimalFile, text: ScheduleFile.text(minimal)), at: 0) }
        return files
    }

    /// What shows the failure: the smaller schedule where there is one, unless all of it is asked for.
    package func options(_ base: WorldOptions, all: Bool = false) -> WorldOptions {
        var options = base
        options.seed = manifest.seed
        options.scenario = all ? manifest.scenario : manifest.minimal?.scenario ?? manifest.scenario
        options.schedule = Schedule(all ? choices : minimal ?? choices)
        return options
    }

    /// What `options` is to come to.
    package func finding(all: Bool = false) -> Finding {
        all ? manifest.finding : manifest.minimal?.finding ?? manifest.finding
    }

    package mutating func replaceMinimal(by run: Minimiser.Run, attempts: Int, isDone: Bool) {
        guard let violation = run.report.violation else { return }
        minimal = run.choices
        manifest.minimal = Manifest.Minimal(
            scenario: run.scenario,
            finding: Finding(violation, run.report),
            attempts: attempts,
            isDone: isDone
        )
    }
}

/// What was violated, and where in the run.
package struct Finding: Hashable, Sendable {
    package let violation: Violation
    package let step: UInt64
    package let time: Instant
    package let traceHash: String

    package init(_ violation: Violation, _ report: SeedReport) {
        self.init(
            violation,
            step: report.steps,
            time: Instant.zero.advanced(by: report.simulated),
            traceHash: report.traceHash
        )
    }

    init(_ violation: Violation, step: UInt64, time: Instant, traceHash: String) {
        self.violation = violation
        self.step = step
        self.time = time
        self.traceHash = traceHash
    }
}
