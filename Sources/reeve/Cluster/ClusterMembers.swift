import ArgumentParser
import Directory
import JSON
import Kernel

struct ClusterPromote: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote",
        abstract: "Give a learner a vote, once it has caught up.",
        discussion: "A learner that lacks much of the log is refused, since commits would wait for it."
    )

    @Argument(help: "Its name.")
    var name: String
    @Flag(help: "Wait until it has caught up, and show how far it is.")
    var wait = false
    @Option(help: ArgumentHelp("Give up waiting after this long.", valueName: "duration"))
    var timeout = DurationArgument(span: .seconds(3600))
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.connection.withClient { client in
            let reply = wait ? try await promoteOnceCaughtUp(client) : try await promote(client)
            common.output.written(reply, "\(name) votes")
            if !common.output.json { try await QuorumAdvice.show(client) }
        }
    }

    /// The leader has the last word on whether it has caught up, so it is asked until it agrees or the time is over.
    private func promoteOnceCaughtUp(_ client: ClusterClient) async throws -> ClusterClient.Reply {
        let deadline = ContinuousClock.now + .milliseconds(timeout.span.milliseconds)
        try await CatchUp(name: name, client: client).wait(until: deadline)
        var isAnnounced = false
        while true {
            do {
                return try await promote(client)
            } catch let error as APIError where Self.passes(error) && ContinuousClock.now < deadline {
                if !isAnnounced { Console.progress("not yet: \(error.detail)") }
                isAnnounced = true
                try await Task.sleep(for: CatchUp.interval)
            }
        }
    }

    /// Whether it is refused for what will be otherwise soon.
    private static func passes(_ error: APIError) -> Bool {
        ["not_caught_up", "not_yet", RefusalCode.sealKeyMissing.rawValue].contains(error.code)
    }

    private func promote(_ client: ClusterClient) async throws -> ClusterClient.Reply {
        try await client.send(.init(method: .post, path: "/v1/members/\(ClusterClient.segment(name))/promote"))
    }
}

struct ClusterRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a member or an edge for ever, or withdraw an invitation.",
        discussion: """
            The node loses its vote and its connections at once, and never comes back under its present identity: to use \
            the machine again, add it again. Removing the leader works; another takes over.

            Where there are edges, one of two voters is not removed: edges follow a change of the voters by the word of a \
            majority of those before it, which of two is both.
            """
    )

    @Argument(help: "Its name.")
    var name: String
    @Flag(help: "Remove one of two voters though every edge has to join again then.")
    var leaveEdgesBehind = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.connection.withClient { client in
            let segment = ClusterClient.segment(name)
            do {
                let query = leaveEdgesBehind ? "?leave_edges=true" : ""
                let votes = try await votes(client)
                let reply = try await client.send(.init(method: .delete, path: "/v1/members/\(segment)\(query)"))
                common.output.written(reply, "removed \(name)")
                if votes, !common.output.json { try await QuorumAdvice.show(client) }
            } catch let error as APIError where error.status == 404 {
                do {
                    let reply = try await client.send(.init(method: .delete, path: "/v1/join-tickets/\(segment)"))
                    common.output.written(reply, "withdrew the invitation of \(name)")
                } catch let second as APIError where second.status == 404 {
                    throw error
                }
            }
        }
    }
}

extension ClusterRemove {
    fileprivate func votes(_ client: ClusterClient) async throws -> Bool {
        let members = try await client.send(.init(path: "/v1/members")).body["items"]?.arrayValue ?? []
        return members.contains { $0["name"]?.stringValue == name && $0["voter"]?.boolValue == true }
    }
}

struct ClusterTransfer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfer",
        abstract: "Hand the leadership to another voter.",
        discussion: "Writes wait for as long as it takes, a few round trips; none is lost."
    )

    @Argument(help: "Name of the voter that is to lead. Default: the one most up to date.")
    var name: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.connection.withClient { client in
            let nodes = await ClusterNodes.ask(client)
            guard let leader = nodes.first(where: \.leads) else {
                throw CommandError("no node that answers says that it leads", advice: "see `reeve cluster status`")
            }
            if let name, name == leader.node.name {
                if common.output.json { return Console.json(["leader": .string(name)]) }
                return Console.line("\(name) leads already")
            }
            let body: JSONValue = name.map { ["to": .string($0)] } ?? [:]
            let request = ClusterClient.Request(method: .post, path: "/v1/leadership/transfer", body: body)
            let reply = try await client.send(request, to: leader.node)
            if common.output.json { return Console.json(reply.body) }
            Console.line("\(reply.body["leader"]?.cell ?? "another") leads")
        }
    }
}

/// Says what the number of voters means where it is not what one would choose.
enum QuorumAdvice {
    static func show(_ client: ClusterClient) async throws {
        let members = try await client.send(.init(path: "/v1/members")).body["items"]?.arrayValue ?? []
        let voters = members.count { $0["voter"]?.boolValue == true }
        let bearable = (voters - 1) / 2
        guard voters.isMultiple(of: 2) || bearable == 0 else { return }
        let failures = bearable == 1 ? "failure of 1 node" : "failure of \(bearable) nodes"
        Console.progress(
            bearable == 0
                ? "\(counted(voters, "voter")): writes stop when \(voters == 1 ? "it" : "one of them") fails; add more"
                : "\(voters) voters bear the \(failures), as \(voters - 1) would: an odd number is better"
        )
    }
}
