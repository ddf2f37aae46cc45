import ArgumentParser

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure how fast it is.",
        subcommands: [WritesBench.self, DecisionsBench.self]
    )
}
