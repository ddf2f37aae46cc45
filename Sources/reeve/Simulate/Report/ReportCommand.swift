import ArgumentParser
import Foundation
import Simulator

/// `reeve sim report`: a picture of one run.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write one HTML file that shows a run: messages as arrows between nodes, faults, leaders, states.",
        discussion: """
            The run is played again, from a bundle or from a seed, and written whatever comes of it. The file needs no \
            other file and no network. Of a long run it holds the newest 100,000 messages at least, and of what was \
            before the states alone.
            """
    )

    @Argument(help: ArgumentHelp("A folder that 'reeve sim run --bundle' has made.", valueName: "bundle"))
    var path: String?

    @Flag(help: "Follow all choices of the bundle, though fewer show the same.")
    var all = false

    @Option(help: "A seed instead of a bundle. Default: 1.")
    var seed: UInt64?

    @OptionGroup var world: WorldArguments

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The file to write. Default: report.html, in the bundle if given.", valueName: "file"),
        completion: .file()
    )
    var output: String?

    func validate() throws {
        guard path == nil || seed == nil && world.isDefault else {
            throw ValidationError("Give a bundle or a seed, not both.")
        }
        guard path != nil || !all else { throw ValidationError("--all is of a bundle.") }
    }

    func run() throws {
        let (options, replay) = try subject()
        let file = output ?? path.map { BundleFolder(path: $0).report } ?? "report.html"
        guard let verdict = try RunReport.write(options, replay: replay, to: file) else { return }
        Console.progress("\(file): \(verdict.violation.map { "\($0)" } ?? "the run passed")")
    }

    /// What is run, and the command that runs it again.
    private func subject() throws -> (WorldOptions, replay: String) {
        guard let path else {
            let seed = seed ?? 1
            let options = WorldOptions(seed: seed, scenario: try world.loadScenario())
            return (options, "reeve sim run --seed \(seed)" + world.words)
        }
        let bundle = try BundleFolder(path: path).read()
        return (bundle.options(all: all), "reeve sim replay \(path)" + (all ? " --all" : ""))
    }
}

extension RunReport {
    /// Plays a run again and writes its picture.
    ///
    /// - Returns: What the run came to; nil where nothing was recorded.
    static func write(_ options: WorldOptions, replay: String, to file: String) throws -> SeedReport? {
        var options = options
        options.recordsMessages = true
        var simulation = Simulation(options)
        let report = simulation.run()
        guard let recording = simulation.world.recording else { return nil }
        let page = RunReport(
            report: report,
            recording: recording,
            nodeCount: simulation.world.machines.count,
            names: simulation.world.memberNames,
            replay: replay
        )
        do {
            try Data(page.html).write(to: URL(filePath: file), options: .atomic)
        } catch {
            throw CommandError("cannot be written: \(error.localizedDescription)", at: file)
        }
        return report
    }
}
