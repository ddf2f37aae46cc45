import ArgumentParser
import Foundation

/// A real cluster under faults and load, with a verdict. Started by `cluster/chaos`, which finds out what this machine
/// permits.
@main
struct ChaosCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster/chaos",
        abstract: "Run three nodes under faults and load, and judge what clients saw.",
        discussion: "Exit status: 0 passed, 1 failed, 2 could not be run, 130 interrupted."
    )

    @Option(help: "How long faults are injected.")
    var minutes = 30.0

    @Option(help: "The same in seconds; counts instead of --minutes.")
    var seconds: Double?

    @Option(help: "Draws faults and load; random if not given.")
    var seed: UInt64?

    @Option(help: ArgumentHelp("An empty folder for everything.", valueName: "folder"))
    var dir: String

    @Flag(help: "Print the report as JSON; progress goes to standard error.")
    var json = false

    @Flag(help: .hidden)
    var namespaces = false

    @Option(help: .hidden)
    var preload: String?

    @Option(help: .hidden)
    var faketime: String?

    private var duration: Double { seconds ?? minutes * 60 }

    func validate() throws {
        guard duration > 0, duration <= 86_400 else {
            throw ValidationError("faults can be injected for up to 1440 minutes or 86400 seconds, and for more than 0")
        }
    }

    func run() async throws {
        let console = Console(json: json)
        let seed = self.seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
        let equipment = Equipment(hasNamespaces: namespaces, preload: preload, faketime: faketime)
        console.say("seed \(seed); everything is in \(dir)")
        for line in equipment.summary { console.say(line) }
        let folder = URL(filePath: dir)
        let run = ChaosRun(
            seed: seed,
            seconds: duration,
            equipment: equipment,
            folder: folder,
            console: console,
            stop: StopSignal()
        )
        let report: ChaosReport
        do {
            report = try await run.run()
        } catch {
            console.say("chaos: could not be run: \(error)")
            throw ExitCode(2)
        }
        try finish(report, folder, console)
    }

    private func finish(_ report: ChaosReport, _ folder: URL, _ console: Console) throws {
        let data = try report.json
        try data.write(to: folder.appending(path: "report.json"))
        try Data((report.text + "\n").utf8).write(to: folder.appending(path: "report.txt"))
        console.say("\n" + report.text)
        if json { FileHandle.standardOutput.write(data + Data("\n".utf8)) }
        switch report.verdict {
        case .passed: return
        case .failed: throw ExitCode(1)
        case .interrupted: throw ExitCode(130)
        }
    }
}
