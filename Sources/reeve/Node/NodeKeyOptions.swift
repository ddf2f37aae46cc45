import ArgumentParser

/// For commands on a node's machine that read its keys, whether it runs or not.
struct NodeKeyOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The node's configuration file.", valueName: "file"))
    var config: String
    @Option(help: ArgumentHelp("In place of the configuration's passphrase_file.", valueName: "file"))
    var passphraseFile: String?

    func load() throws -> NodeConfiguration {
        var configuration = try NodeConfiguration.load(config)
        configuration.tls.passphraseFile = passphraseFile ?? configuration.tls.passphraseFile
        return configuration
    }
}
