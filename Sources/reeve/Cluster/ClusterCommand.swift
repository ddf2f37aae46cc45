import ArgumentParser

struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Make a cluster, see how it is, and change who belongs to it.",
        subcommands: [
            ClusterInit.self, ClusterStatus.self, ClusterAdd.self, ClusterInvitations.self, ClusterPromote.self,
            ClusterRemove.self,
            ClusterLabel.self,
            ClusterTransfer.self, ClusterSettings.self, ClusterFeatureLevel.self, ClusterBackup.self,
            ClusterExportRevocations.self, ClusterRestore.self, ClusterRecover.self, ClusterCertify.self,
            ClusterAuthorize.self,
        ]
    )
}
