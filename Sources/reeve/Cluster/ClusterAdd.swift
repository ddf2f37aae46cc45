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
        try labels.checkDistinct()
    }

    func run() async throws {
        let path = out ?? "\(node.name).join"
        try OutputFile.refuseExisting(path)
        try await common.connection.withContext { client, context in
            try await refuseTakenAddress(client)
            let earlier = try await Self.invitation(of: node.name, client)
            let expiry = try await invite(client, context, into: path)
            if common.output.json { return Console.json(["file": .string(path), "expires_at": expiry]) }
            Console.print(
                """
                \(node.name) may join until \(expiry.cell) by the file \(path), which is a secret.
                Copy it to the new machine and run there:
                  reeve node join --file \(path) --dir \(node.name)
                  reeve node run --config \(node.name)/node.yaml

                """
            )
            if !edge { Console.print("Then give it a vote: reeve cluster promote \(node.name) --wait\n") }
            Console.print(
                """
                So that commands can ask it, add it to the nodes of your context file:
                  - name: \(node.name)
                    admin: https://\(node.admin)
                    decisions: https://\(node.decisions)

                """
            )
            if let earlier {
                Console.progress("The earlier invitation of \(node.name), until \(earlier), counts no more.")
            }
        }
    }

    /// A node that was given another's address would be taken for it.
    private func refuseTakenAddress(_ client: ClusterClient) async throws {
        let members = try await client.send(.init(path: "/v1/members")).body["items"]?.arrayValue ?? []
        let wanted = [node.raft, node.admin, node.decisions].map { JSONValue.string($0.description) }
        for member in members where member["name"]?.stringValue != node.name {
            let taken = [member["raft_address"] ?? .null] + (member["api_addresses"]?.arrayValue ?? [])
            guard let address = wanted.first(where: { taken.contains($0) }) else { continue }
            throw CommandError(
                "\(member["name"]?.cell ?? "") has the address \(address.cell)",
                advice: "give it ports of its own"
            )
        }
    }

    /// Until when an invitation counts that nobody has used; nil where there is none.
    private static func invitation(of name: String, _ client: ClusterClient) async throws -> String? {
        let all = try await client.send(.init(path: "/v1/join-tickets")).body["items"]?.arrayValue ?? []
        return all.first { $0["name"]?.stringValue == name && ($0["used_by"] ?? .null).isNull }?["expires_at"]?
            .stringValue
    }

    /// Has the secret drawn, which is told once, last: when whom to ask is known, and there is a file for it.
    ///
    /// - Returns: When the invitation ends.
    func invite(_ client: ClusterClient, _ context: ClusterContext, into path: String) async throws -> JSONValue {
        let servers = try await Self.servers(client)
        let file = try OutputFile(reserving: path)
        do {
            let reply = try await client.send(.init(method: .post, path: "/v1/join-tickets", body: ticket))
            guard let secret = reply.body["secret"]?.stringValue, let roots = reply.body["roots"]?.stringValue else {
                throw CommandError("the answer has no secret", at: reply.node)
            }
            let invitation = JoinFile(
                name: node.name,
                secret: secret,
                trustDomain: context.trustDomain,
                servers: servers,
                roots: roots,
                allowPlainKey: context.allowPlainKey
            )
            try file.write(invitation.text)
            return reply.body["expires_at"] ?? .null
        } catch {
            file.remove()
            throw explained(error)
        }
    }

    private var ticket: JSONValue {
        let members: [JSONMember] = [
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
        return .object(members + (labels.isEmpty ? [] : [JSONMember(name: "labels", value: labels.json)]))
    }

    private func explained(_ error: any Error) -> any Error {
        if let error = error as? APIError, error.code == RefusalCode.featureLevel.rawValue {
            return CommandError(
                error.detail,
                at: error.node,
                advice: """
                    edges need feature level \(FeatureLevel.edges.number), labels \(FeatureLevel.labels.number); \
                    see `reeve cluster feature-level`
                    """
            )
        }
        if error.rulesOutWrite { return error }
        return CommandError(
            "\(error)",
            advice: """
                \(node.name) may be invited by a secret that nobody has: run the same command again, which has another \
                drawn in its place, or withdraw it with `reeve cluster remove \(node.name)`
                """
        )
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
