import ArgumentParser

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure how fast it is.",
        subcommands: [
            HTTPBench.self, WritesBench.self, DecisionsBench.self, ActivationBench.self, SnapshotBench.self,
            SimulationBench.self, GossipBench.self, ConstantServerCommand.self,
        ]
    )
}
