import ArgumentParser
import Foundation
import Simulator
import Wire

/// `reeve sim report`: a picture of one run.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract:
            "Write one HTML file that shows a run: nodes as lanes, messages as arrows, faults, leaders, every state.",
        discussion: """
            The run is played again from its seed, or from a bundle, and written whatever came of it. The file needs no other file and \
            no network. Of a long run it holds the newest 100,000 messages or more, and what was before as states alone.
            """
    )

    @OptionGroup var world: WorldArguments
    @Option(help: "The seed.")
    var seed: UInt64 = 1
    @Option(name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file())
    var output = "report.html"

    func run() throws {
        var options = WorldOptions(seed: seed, scenario: try world.loadScenario(), codec: ProtobufCodec())
        options.recordsMessages = true
        var simulation = Simulation(options)
        let report = simulation.run()
        guard let recording = simulation.world.recording else { return }
        let page = RunReport(
            report: report,
            recording: recording,
            nodeCount: simulation.world.machines.count,
            replay: "reeve sim run --seed \(seed)" + world.words
        )
        do {
            try Data(page.html).write(to: URL(filePath: output), options: .atomic)
        } catch {
            throw CommandError("cannot be written: \(error.localizedDescription)", at: output)
        }
        Console.progress(
            "\(output): seed \(seed) \(report.violation.map { "violated \($0.invariant.rawValue)" } ?? "passed")"
        )
    }
}
