import ArgumentParser

struct NodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Run a node, make one that joins a cluster, or see to its certificates.",
        subcommands: [NodeRun.self, NodeJoin.self, NodeRenew.self, NodeAuthority.self]
    )
}

struct NodeRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a node until it is told to stop.",
        discussion: """
            SIGTERM and SIGINT stop the node gracefully: it hands its leadership over and answers what it has received.
            A second signal stops it at once. Exit status 1 means that it could not start, or had to halt: the reason is
            the last line on standard error.
            """
    )

    @Option(help: ArgumentHelp("The node's configuration file.", valueName: "file"))
    var config: String

    func run() async throws {
        let configuration = try NodeConfiguration.load(config)
        let logger = NodeLogging.start(configuration.log, node: configuration.name)
        let process = try await NodeProcess(configuration, logger: logger)
        try await process.run()
    }
}
