import ArgumentParser

struct SimCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sim",
        abstract: "Test the node's own code under simulated faults.",
        subcommands: [
            SimulateCommand.self, SearchCommand.self, MinimiseCommand.self, ReplayCommand.self, ReportCommand.self,
            ListCommand.self,
        ]
    )
}
