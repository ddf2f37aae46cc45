import ArgumentParser
import Foundation
import JSON
import Kernel
import Simulator

/// `reeve sim list`: what there is to run.
struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the scenarios of a folder, and the profiles.",
        discussion: """
            A file that is no scenario is shown with what is wrong and where, and makes the exit code 1.
            """
    )

    @Argument(
        help: ArgumentHelp("Where scenario files (*.yaml, *.yml) lie.", valueName: "folder"),
        completion: .directory
    )
    var folder = "simulations"

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let files = try ScenarioListing.read(folder)
        if json {
            Console.json([
                "scenarios": .array(files.map(\.json)),
                "profiles": .array(SimulationProfile.allCases.map(\.json)),
            ])
        } else {
            show(files)
        }
        guard files.allSatisfy({ $0.flaw == nil }) else { throw ExitCode.failure }
    }

    private func show(_ files: [ScenarioListing]) {
        var table = Table("scenario", "file", "nodes", "seconds", "ops/s", "faults", "expects")
        for file in files { if let scenario = file.scenario { table.add(cells: file.cells(scenario)) } }
        Console.print(table.text)
        for file in files { if let flaw = file.flaw { Console.line("\(file.path):\(flaw)") } }
        var profiles = Table("profile", "seeds", "nodes", "seconds", "ops/s", "faults")
        for profile in SimulationProfile.allCases { profiles.add(cells: profile.cells) }
        Console.line("")
        Console.print(profiles.text)
    }
}

/// A file of a folder of scenarios, and what it holds or why it holds none.
struct ScenarioListing {
    let path: String
    let scenario: Scenario?
    let flaw: ScenarioFile.Flaw?

    /// By name.
    static func read(_ folder: String) throws -> [ScenarioListing] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            throw CommandError("cannot be listed: \(error.localizedDescription)", at: folder)
        }
        let base = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        return names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.map { ScenarioListing("\(base)/\($0)") }
    }

    init(_ path: String) {
        self.path = path
        do {
            let scenario = try ScenarioFile.read(path)
            if let flaw = scenario.flaw { throw ScenarioFile.Flaw(line: 1, column: 1, message: flaw) }
            self.scenario = scenario
            flaw = nil
        } catch {
            scenario = nil
            flaw = error as? ScenarioFile.Flaw ?? ScenarioFile.Flaw(line: 1, column: 1, message: "\(error)")
        }
    }

    func cells(_ scenario: Scenario) -> [String] {
        [
            scenario.name, path, scenario.machines,
            "\(scenario.duration.milliseconds / 1000)", "\(scenario.operationsPerSecond)",
            (scenario.faultCounts + (scenario.drawsFaults ? ["the seed's"] : [])).joined(separator: ", "),
            scenario.expectations.map(\.name).joined(separator: ", "),
        ]
    }

    var json: JSONValue {
        if let flaw {
            return [
                "file": .string(path),
                "error": [
                    "line": .integer(Int64(flaw.line)), "column": .integer(Int64(flaw.column)),
                    "message": .string(flaw.message),
                ],
            ]
        }
        return ["file": .string(path), "scenario": scenario?.json ?? .null]
    }
}

extension Scenario {
    /// Voters, then others.
    fileprivate var machines: String {
        let learners = learnerCount == 0 ? "" : " + \(learnerCount) learners"
        let edges = edgeCount ?? 0 == 0 ? "" : " + \(edgeCount ?? 0) edges"
        return "\(nodeCount)" + learners + edges + (spareCount.map { " + \($0)" } ?? "")
    }

    /// In the order in which the first of a kind happens. What repairs is left out.
    fileprivate var faultCounts: [String] {
        let kinds = faults.compactMap(\.fault.kindName)
        let distinct = kinds.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return distinct.map { kind in
            let count = kinds.count { $0 == kind }
            return count == 1 ? kind : "\(count) \(kind)"
        }
    }
}

extension Fault {
    /// Nil for what repairs.
    fileprivate var kindName: String? {
        switch self {
        case .wipeDisks: "wipe"
        case .poison: "poison"
        case .backup: "backup"
        case .restoreBackup: "restore"
        case .byzantine: "lies"
        case .crashLoop: "crash loop"
        case .upgrade: "upgrade"
        case .raiseFeatureLevel: "raise"
        case .theft: "theft"
        default: kind.map { "\($0)" }
        }
    }
}

extension Expectation {
    /// In a few words.
    fileprivate var name: String {
        switch self {
        case .grantsHold: "grants hold"
        case .writesResume(let span): "writes resume within \(span.milliseconds) ms"
        case .leaders(let count): "\(count) leaders"
        case .snapshots(let count): "\(count) snapshots"
        case .replaced(let count): "\(count) replaced"
        case .refused(let count): "\(count) refused"
        case .lost(let count): "\(count) lost"
        case .lies(let count): "\(count) lies"
        case .statementsWithoutQuorum(let count): "\(count) statements without a quorum"
        case .halts(let count): "\(count) halts"
        case .thievesRefused(let count): "\(count) thieves refused"
        case .featureLevel(let level): "feature \(level)"
        case .minorityAcknowledgesNothing: "minority acknowledges nothing"
        }
    }
}

extension SimulationProfile {
    fileprivate var cells: [String] {
        [
            rawValue, "\(seeds)", "\(scenario.nodeCount)", "\(scenario.duration.milliseconds / 1000)",
            "\(scenario.operationsPerSecond)", "\(scenario.faultIntensity) %",
        ]
    }

    fileprivate var json: JSONValue {
        [
            "name": .string(rawValue), "seeds": .string("\(seeds)"), "nodes": .integer(Int64(scenario.nodeCount)),
            "seconds": .integer(Int64(scenario.duration.milliseconds / 1000)),
            "operationsPerSecond": .integer(Int64(scenario.operationsPerSecond)),
            "faultIntensityPercent": .integer(Int64(scenario.faultIntensity)),
        ]
    }
}
