import ArgumentParser
import JSON

struct ClusterInvitations: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invitations",
        abstract: "List invitations of nodes, used ones included.",
        discussion: "`reeve cluster remove NAME` withdraws one that nobody has used."
    )

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let columns = [
            Column("name", "name"), Column("role", "role"), Column("expires", "expires_at"),
            Column("used") { ($0["used_by"] ?? .null).isNull ? "no" : "yes" }, Column("raft", "raft_address"),
            Column("labels", "labels"), .caller("issuer", "issuer"),
        ]
        try await common.connection.withClient { client in
            common.output.list(
                try await client.send(.init(path: "/v1/join-tickets")).body["items"]?.arrayValue ?? [],
                columns
            )
        }
    }
}
