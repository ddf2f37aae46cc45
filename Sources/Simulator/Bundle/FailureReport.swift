internal import Directory
package import JSON
internal import Kernel

/// A failing run told in full: it is run again twice, to the end and up to the step that violates.
package struct FailureReport: Sendable {
    package let bundle: Bundle
    /// Texts for people, by the names of their files.
    package let files: [(name: String, text: String)]
    /// The hash of the second run; another than the first's if the run depends on more than its seed.
    package let traceHash: String

    /// The newest events that are kept.
    private static let lineLimit = 200_000

    /// - Parameter finding: What the first run came to.
    /// - Returns: Nil when the run does not fail when it is run again.
    package init?(_ options: WorldOptions, finding: Finding, build: String, replay: String) {
        var options = options
        options.recordsChoices = true
        options.traceLines = Self.lineLimit
        var simulation = Simulation(options)
        let report = simulation.run()
        guard report.violation != nil else { return nil }
        let world = simulation.world
        traceHash = report.traceHash
        bundle = Bundle(
            manifest: Manifest(
                seed: options.seed,
                scenario: options.scenario,
                finding: finding,
                build: build,
                replay: replay
            ),
            choices: (world.choices.record ?? []).filter { $0.time <= world.now }
        )
        files =
            Self.logs(of: world) + [
                (name: "clients.jsonl", text: world.operations.map { "\($0.json)\n" }.joined()),
                (name: "difference.json", text: Self.difference(options, atStep: report.steps).prettyPrinted()),
            ]
    }

    private static func logs(of world: World) -> [(name: String, text: String)] {
        let (lines, names) = (world.trace.lines, world.memberNames)
        func text(_ lines: [Trace.Line]) -> String { lines.map { "\(names.naming($0.description))\n" }.joined() }
        return [(name: "events.log", text: text(lines))]
            + world.machines.indices.map { node in
                (name: "n\(node + 1).log", text: text(lines.filter { $0.node == node }))
            }
    }

    /// Before and after the step that violates. Nothing differs where no step does, but what has come of all of them.
    private static func difference(_ options: WorldOptions, atStep step: UInt64) -> JSONValue {
        var options = options
        options.recordsChoices = false
        var simulation = Simulation(options)
        do { try simulation.advance(throughStep: step == 0 ? 0 : step - 1) } catch { return .null }
        let before = WorldState(simulation.world)
        var violation: Violation?
        do { try simulation.advance(throughStep: step) } catch { violation = error }
        let after = WorldState(simulation.world)
        return [
            "step": .count(step), "time": .instant(after.time),
            "isViolatedByStep": .bool(violation != nil),
            "changes": .array(before.changes(to: after).map(\.json)),
            "before": before.json, "after": after.json,
        ]
    }
}

extension ClientOperation {
    /// One line of the clients' history.
    package var json: JSONValue {
        [
            "number": .count(number), "intent": .string(intent.summary), "isSetup": .bool(isSetup),
            "invoked": .instant(invokedAt), "returned": returnedAt.map { .instant($0) } ?? .null,
            "node": .machine(node), "attempts": .count(attempts), "outcome": .string(outcome.summary),
        ]
    }
}

extension ClientOperation.Intent {
    var summary: String {
        switch self {
        case .write(let body): body.action
        case .read(let resource, let revision): "read d\(resource) at \(revision) or later"
        case .readCurrent(let resource): "read d\(resource) linearizably"
        case .decide(let agent, let resource): "may agent \(agent) read d\(resource)?"
        case .pry(let agent, let about, let resource): "agent \(agent) asks: may agent \(about) read d\(resource)?"
        case .escalate(let agent, let body): "agent \(agent) tries \(body.action)"
        case .usurp(let theft, let body): "thief \(theft + 1) tries \(body.action)"
        case .state(let signed): "state \(signed.id)"
        }
    }
}

extension ClientOperation.Outcome {
    fileprivate var summary: String {
        switch self {
        case .pending: "pending"
        case .done(let done): "done at \(done.revision)"
        case .rejected(let refusal): "rejected: \(refusal.code)"
        case .read(let value): "read \(value.map { "\($0)" } ?? "nothing")"
        case .decided: "decided"
        case .stated: "in force"
        case .statementRefused(let refusal): "statement refused: \(refusal.rawValue)"
        case .notTaken: "not taken"
        case .unknown: "unknown"
        case .lost(let done): "done at \(done.revision), lost by a restore"
        }
    }
}
