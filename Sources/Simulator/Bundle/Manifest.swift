package import JSON
internal import Kernel

/// What a bundle says of itself.
package struct Manifest: Hashable, Sendable {
    package var seed: UInt64
    package var scenario: Scenario
    package var finding: Finding
    /// Which build it was found with: its version, and the commit where that is known.
    package var build: String
    /// What shows it again from the seed.
    package var replay: String
    package var minimal: Minimal?

    /// Of the smaller schedule.
    package struct Minimal: Hashable, Sendable {
        package let scenario: Scenario
        package let finding: Finding
        package let attempts: Int
        /// Whether nothing more can be left out; false when time was up.
        package let isDone: Bool
    }

    package init(seed: UInt64, scenario: Scenario, finding: Finding, build: String, replay: String) {
        self.seed = seed
        self.scenario = scenario
        self.finding = finding
        self.build = build
        self.replay = replay
    }

    private static let format = "reeve simulation bundle"

    package var text: String {
        let value: JSONValue = [
            "format": .string(Self.format),
            "version": .integer(Bundle.version),
            "build": .string(build),
            "seed": .string("\(seed)"),
            "replay": .string(replay),
            "finding": finding.json,
            "scenario": scenario.json,
            "minimal": minimal?.json ?? .null,
        ]
        return value.prettyPrinted()
    }

    package init(_ text: String) throws(BundleFlaw) {
        let file = Bundle.manifestFile
        let value = try BundleFields.parse(text, file)
        try Bundle.check(value, Self.format, file, at: "")
        let fields = try BundleFields(
            value,
            file,
            at: "",
            known: ["format", "version", "build", "seed", "replay", "finding", "scenario", "minimal"]
        )
        guard let seed = UInt64(try fields.text("seed")) else {
            throw fields.flaw("seed", .badValue("expected a number of at most 64 bits, as a text"))
        }
        self.init(
            seed: seed,
            scenario: try Scenario(try fields.object("scenario", known: Scenario.fields)),
            finding: try Finding(try fields.object("finding", known: Finding.fields)),
            build: try fields.text("build"),
            replay: try fields.text("replay")
        )
        if fields.has("minimal") { minimal = try Minimal(try fields.object("minimal", known: Minimal.fields)) }
    }
}

extension Manifest.Minimal {
    fileprivate static let fields = ["scenario", "finding", "attempts", "isDone"]

    fileprivate var json: JSONValue {
        [
            "attempts": .count(attempts), "isDone": .bool(isDone), "finding": finding.json, "scenario": scenario.json,
        ]
    }

    fileprivate init(_ fields: BundleFields) throws(BundleFlaw) {
        scenario = try Scenario(try fields.object("scenario", known: Scenario.fields))
        finding = try Finding(try fields.object("finding", known: Finding.fields))
        attempts = try fields.count("attempts", in: 0...Int(Int64.max))
        isDone = try fields.flag("isDone")
    }
}

extension Finding {
    fileprivate static let fields = ["invariant", "message", "step", "time", "traceHash"]

    package var json: JSONValue {
        [
            "invariant": .string(violation.invariant.rawValue), "message": .string(violation.message),
            "step": .count(step), "time": .instant(time), "traceHash": .string(traceHash),
        ]
    }

    fileprivate init(_ fields: BundleFields) throws(BundleFlaw) {
        self.init(
            try Violation(fields),
            step: UInt64(try fields.number("step", in: 0 ... .max)),
            time: try fields.instant("time"),
            traceHash: try fields.text("traceHash")
        )
    }
}

extension Violation {
    init(_ fields: BundleFields) throws(BundleFlaw) {
        let name = try fields.text("invariant")
        guard let invariant = Invariant(rawValue: name) else {
            let known = Invariant.allCases.map(\.rawValue).joined(separator: ", ")
            throw fields.flaw("invariant", .badValue("unknown '\(name)'; known: \(known)"))
        }
        self.init(invariant, try fields.text("message"))
    }
}
