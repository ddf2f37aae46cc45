import ArgumentParser
import Foundation
import JSON
import Kernel
import Simulator

/// `reeve sim replay`: a bundle's run again, and what the nodes were at any moment of it.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Run what a bundle holds again, and look at any moment of it.",
        discussion: """
            Without a moment the run goes to its end and is compared with what the bundle says of it. Times are \
            simulated ones such as 1.203s, 1203ms or 1203456us.

            \(SimulationExit.explanation)
            """
    )

    @Argument(help: ArgumentHelp("A folder that 'reeve sim run --bundle' has made.", valueName: "bundle"))
    var path: String

    @Flag(help: "Follow all recorded choices, though fewer show the same.")
    var all = false

    @Option(help: ArgumentHelp("Show every node as it is then.", valueName: "time"))
    var at: SimulatedTime?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Show what is otherwise at the second of two times.", valueName: "time")
    )
    var diff: [SimulatedTime] = []

    @Option(
        help: ArgumentHelp(
            "Show every node at the step that violates it, and what that step changed.",
            valueName: "invariant"
        )
    )
    var until: InvariantArgument?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard diff.isEmpty || diff.count == 2 else { throw ValidationError("--diff takes two times.") }
        guard diff.count < 2 || diff[0].instant <= diff[1].instant else {
            throw ValidationError("--diff takes the earlier time first.")
        }
        guard [at != nil, !diff.isEmpty, until != nil].count(where: { $0 }) <= 1 else {
            throw ValidationError("Only one of --at, --diff and --until can be given.")
        }
    }

    func run() async throws {
        let bundle = try BundleFolder(path: path).read()
        let options = bundle.options(all: all)
        if let at {
            show(try state(Simulation(options), at: at.instant).state)
        } else if let until {
            try show(until.invariant, options)
        } else if diff.count == 2 {
            let first = try state(Simulation(options), at: diff[0].instant)
            let second = try state(first.simulation, at: diff[1].instant)
            show(first.state.changes(to: second.state))
        } else {
            try compare(Simulation(options), bundle)
        }
    }

    /// - Throws: When the run is over before, by a violation or at its end.
    private func state(
        _ simulation: Simulation,
        at time: Instant
    ) throws -> (simulation: Simulation, state: WorldState) {
        var simulation = simulation
        do {
            try simulation.advance(to: time)
        } catch {
            // What has been violated by then is there to be seen, at the moment of the violation and no later.
            guard simulation.world.now == time else {
                throw CommandError(
                    "the run ends at \(SimulatedTime(simulation.world.now)): it violates \(error)",
                    at: path
                )
            }
        }
        guard !simulation.isOver || simulation.world.now >= time else {
            throw CommandError("the run ends at \(SimulatedTime(simulation.world.now))", at: path)
        }
        return (simulation, WorldState(simulation.world))
    }

    private func show(_ invariant: Violation.Invariant, _ options: WorldOptions) throws {
        var simulation = Simulation(options)
        guard let violation = simulation.run().violation else {
            throw CommandError("the run violates nothing", at: path)
        }
        guard violation.invariant == invariant else {
            throw CommandError("the run violates \(violation), not \(invariant.rawValue)", at: path)
        }
        let after = WorldState(simulation.world)
        simulation = Simulation(options)
        try simulation.advance(throughStep: after.step == 0 ? 0 : after.step - 1)
        let changes = WorldState(simulation.world).changes(to: after)
        let isByStep = (try? simulation.advance(throughStep: after.step)) == nil
        guard !json else {
            let value: JSONValue = [
                "violation": .string("\(violation)"), "isViolatedByStep": .bool(isByStep), "state": after.json,
                "changes": .array(changes.map(\.json)),
            ]
            return Console.json(value)
        }
        Console.line("violates \(violation)")
        show(after)
        Console.line(isByStep ? "\nchanged by this step:" : "\nno step violates it; changed by the last one:")
        show(changes)
    }

    private func show(_ state: WorldState) {
        guard !json else { return Console.json(state.json) }
        Console.line("at \(SimulatedTime(state.time)), after step \(state.step)")
        for machine in state.machines {
            Console.line("\n\(machine.name)")
            Console.object(.object(machine.fields))
        }
    }

    private func show(_ changes: [WorldState.Change]) {
        guard !json else { return Console.json(.array(changes.map(\.json))) }
        if changes.isEmpty { Console.line("nothing") }
        for change in changes {
            Console.line("\(change.machine) \(change.field): \(change.before) -> \(change.after)")
        }
    }

    private func compare(_ simulation: Simulation, _ bundle: Simulator.Bundle) throws {
        var simulation = simulation
        let report = simulation.run()
        let expected = bundle.finding(all: all)
        if json {
            Console.line(SimulationOutput.json(report, replay: "reeve sim replay \(path)"))
        } else {
            Console.line(SimulationOutput.text(report, replay: "reeve sim replay \(path)"))
        }
        guard report.traceHash == expected.traceHash else {
            let isSameBuild = bundle.manifest.build == BuildIdentity.text
            let cause = isSameBuild ? "the run depends on more than its choices" : "found with \(bundle.manifest.build)"
            Console.progress("the trace is \(report.traceHash), the bundle has \(expected.traceHash): \(cause)")
            throw isSameBuild ? SimulationExit.nonDeterminism : report.violation.map(SimulationExit.code) ?? .success
        }
        if let violation = report.violation { throw SimulationExit.code(violation) }
    }
}

/// A time since the beginning of a simulation: `1.203s`, `1203ms` or `1203456us`.
struct SimulatedTime: ExpressibleByArgument, CustomStringConvertible {
    let instant: Instant

    init(_ instant: Instant) { self.instant = instant }

    init?(argument: String) {
        for (unit, digits) in [("us", 0), ("ms", 3), ("s", 6)] where argument.hasSuffix(unit) {
            guard let microseconds = Self.microseconds(argument.dropLast(unit.count), digits) else { continue }
            instant = Instant(microseconds: microseconds)
            return
        }
        return nil
    }

    /// A decimal number in units of so many digits.
    private static func microseconds(_ text: Substring, _ digits: Int) -> UInt64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : ""
        guard (1...2).contains(parts.count), fraction.count <= digits, !parts[0].isEmpty,
            (parts[0] + fraction).allSatisfy({ $0.isASCII && $0.isNumber })
        else { return nil }
        return UInt64(parts[0] + fraction + String(repeating: "0", count: digits - fraction.count))
    }

    var description: String { Trace.Line.seconds(instant) }
}

/// An invariant by its id.
struct InvariantArgument: ExpressibleByArgument {
    let invariant: Violation.Invariant

    static let allValueStrings = Violation.Invariant.allCases.map(\.rawValue)

    init?(argument: String) {
        guard let invariant = Violation.Invariant(rawValue: argument) else { return nil }
        self.invariant = invariant
    }
}
