import ArgumentParser
import Directory
import Foundation
import JSON
import Kernel

struct ClusterAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Invite a node: make a file by which one new machine can join.",
        discussion: """
            The file holds a secret that works once, and until it expires. The new node makes its own key, is given a \
            certificate by a voter, and comes up as a learner, without a vote: see `reeve cluster promote`.

            With --edge it comes up as an edge, of which there may be a thousand. It decides by what voters have sealed, takes \
            statements under warrants, and points whoever wants to write to a voter; it never votes.

            Examples:
              reeve cluster add n4=10.0.0.4:7401,7402,7403
              reeve cluster add e1=10.1.0.1:7401,7402,7403 --edge --label zone=eu-1 --label ring=canary
            """
    )

    @Argument(help: ArgumentHelp("The node to come.", valueName: NodeArgument.grammar))
    var node: NodeArgument
    @Flag(help: "Invite an edge, which never votes.")
    var edge = false
    @Option(name: .customLong("label"), help: ArgumentHelp(LabelArgument.help, valueName: LabelArgument.grammar))
    var labels: [LabelArgument] = []
    @Option(help: ArgumentHelp("For how long the invitation stands, at most a day.", valueName: "duration"))
    var lifetime = DurationArgument(span: .seconds(3600))
    @Option(help: ArgumentHelp("File to make. Default: NAME.join.", valueName: "file"))
    var out: String?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (60_000...86_400_000).contains(lifetime.span.milliseconds) else {
            throw ValidationError("--lifetime must be from 1m to 24h.")
        }
    }

    func run() async throws {
        let path = out ?? "\(node.name).join"
        guard !FileManager.default.fileExists(atPath: path) else {
            throw CommandError("exists already and is not overwritten", at: path, advice: "give another one with --out")
        }
        try await common.connection.withClient { client in
            let body: [JSONMember] = [
                JSONMember(name: "name", value: .string(node.name)),
                JSONMember(name: "raft_address", value: .string(node.raft.description)),
                JSONMember(
                    name: "api_addresses",
                    value: [.string(node.admin.description), .string(node.decisions.description)]
                ),
                JSONMember(name: "lifetime_seconds", value: .integer(Int64(lifetime.span.milliseconds / 1000))),
                JSONMember(name: "role", value: .string(edge ? "edge" : "learner")),
            ]
            // A node of an earlier version does not know the member.
            let labelled = labels.isEmpty ? [] : [JSONMember(name: "labels", value: labels.json)]
            let reply = try await Self.invite(client, .object(body + labelled))
            guard let secret = reply.body["secret"]?.stringValue, let roots = reply.body["roots"]?.stringValue else {
                throw CommandError("the answer has no secret", at: reply.node)
            }
            let file = JoinFile(
                name: node.name,
                secret: secret,
                trustDomain: client.context.trustDomain,
                servers: try await Self.servers(client),
                roots: roots,
                allowPlainKey: client.context.allowPlainKey
            )
            try file.write(to: path)
            if common.output.json {
                return Console.json(["file": .string(path), "expires_at": reply.body["expires_at"] ?? .null])
            }
            Console.print(
                """
                \(node.name) may join until \(reply.body["expires_at"]?.cell ?? "") by the file \(path), which is a secret.
                Copy it to the new machine and run there:
                  reeve node join --file \(path) --dir \(node.name)
                  reeve node run --config \(node.name)/node.yaml

                """
            )
            if !edge { Console.print("Then give it a vote: reeve cluster promote \(node.name) --wait\n") }
        }
    }

    private static func invite(_ client: ClusterClient, _ body: JSONValue) async throws -> ClusterClient.Reply {
        do {
            return try await client.send(.init(method: .post, path: "/v1/join-tickets", body: body))
        } catch let error as APIError where error.code == RefusalCode.featureLevel.rawValue {
            throw CommandError(
                error.detail,
                at: error.node,
                advice: """
                    edges need feature level \(FeatureLevel.edges.number), labels \(FeatureLevel.labels.number); \
                    see `reeve cluster feature-level`
                    """
            )
        }
    }

    /// Admin addresses of the voters, by which the new node asks.
    private static func servers(_ client: ClusterClient) async throws -> [String] {
        let members = try await client.send(.init(path: "/v1/members")).body["items"]?.arrayValue ?? []
        return members.compactMap { member in
            guard member["voter"]?.boolValue == true else { return nil }
            return member["api_addresses"]?.arrayValue?.first?.stringValue.map { "https://\($0)" }
        }
    }
}
