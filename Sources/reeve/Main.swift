import ArgumentParser
import Foundation

@main
struct Reeve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reeve",
        abstract: "Identity and access control for autonomous agents.",
        discussion: """
            Exit status: 0 on success, 1 on an error, 64 for wrong usage; 3 for deny in `reeve check` and `reeve policy explain`, \
            for a test that fails in `reeve policy test`, for decisions that differ in `reeve policy diff`, and for a roll-out \
            that ends undone in `reeve policy rollout get --watch`. Those of `reeve sim` are in its commands' help.
            Shell completion: reeve --generate-completion-script bash|zsh|fish
            """,
        version: "0.1.0",
        groupedSubcommands: [
            CommandGroup(name: "Run a cluster", subcommands: [ClusterCommand.self, NodeCommand.self]),
            CommandGroup(
                name: "Say who may do what",
                subcommands: [
                    ApplyCommand.self, AgentCommand.self, RoleCommand.self, AssignmentCommand.self,
                    ResourceCommand.self, PolicyCommand.self, TokenCommand.self, AdministratorCommand.self,
                ]
            ),
            CommandGroup(
                name: "Ask, and take action",
                subcommands: [
                    CheckCommand.self, RevokeCommand.self, QuarantineCommand.self, RestrictCommand.self,
                    WarrantCommand.self, RevocationCommand.self, AuditCommand.self,
                ]
            ),
            CommandGroup(name: "Test", subcommands: [SimCommand.self, BenchCommand.self]),
        ]
    )

    static func main() async {
        let arguments = Array(ProcessInfo.processInfo.arguments.dropFirst())
        do {
            var command = try await asyncParseAsRoot(arguments)
            do {
                if var command = command as? any AsyncParsableCommand {
                    try await command.run()
                } else {
                    try command.run()
                }
            } catch { Failure(error, of: type(of: command), arguments).exit() }
        } catch { Failure(error, of: Reeve.self, arguments).exit() }
    }
}
