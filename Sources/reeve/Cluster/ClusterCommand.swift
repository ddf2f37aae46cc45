import ArgumentParser

struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Make a cluster's keys and files, and see how it is.",
        subcommands: [ClusterInit.self, ClusterStatus.self]
    )
}
