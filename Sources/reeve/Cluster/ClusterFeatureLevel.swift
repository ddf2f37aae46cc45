import ArgumentParser
import JSON

struct ClusterFeatureLevel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "feature-level",
        abstract: "Show how much of the log's language the cluster uses, or raise that after an upgrade.",
        discussion: """
            What a newer version can write into the log is refused until all nodes can read it. A cluster keeps the level that it \
            was made with until somebody raises it.
            """,
        subcommands: [Show.self, Raise.self],
        defaultSubcommand: Show.self
    )

    private static let path = "/v1/feature-level"

    private static func ask(_ client: ClusterClient, _ query: String = "") async throws -> ClusterClient.Reply {
        do {
            return try await client.send(.init(path: path + query))
        } catch let error as APIError where error.code == "no_such_path" {
            throw CommandError(
                "its version is too old to say which feature levels it knows",
                at: error.node,
                advice: "upgrade it, or ask one that is upgraded with --node NAME"
            )
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the level, the highest that the node which answers knows, and what each brings."
        )

        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.connection.withClient { client in
                common.output.object(try await ask(client).body.withoutGenesisTimes)
            }
        }
    }

    struct Raise: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Raise the level, once every node runs a version that knows it.",
            discussion: """
                Asks every member, learners too, what its build knows, and refuses if one does not know the level. Without \
                --accept-no-downgrade it says what would change and changes nothing: a level is never lowered, and a node \
                that is put back to an older version halts.
                """
        )

        @Argument(help: "Which. Default: the highest that the node which answers knows.")
        var level: UInt32?
        @Flag(help: "Raise it, although no node can go back to an older version then.")
        var acceptNoDowngrade = false
        @Option(
            help: ArgumentHelp(
                "A member that gives no answer, and of which you know that its build knows the level. It halts if not. May be given "
                    + "repeatedly.",
                valueName: "name"
            )
        )
        var assumeUpgraded: [String] = []
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.connection.withClient { client in
                let found = try await ask(client, "?consistency=linearizable")
                let levels = try FeatureLevels(found.body, at: found.node)
                guard let target = try levels.target(level, at: found.node) else {
                    if common.output.json { return Console.json(found.body) }
                    return Console.line("the cluster is at feature level \(levels.current) already")
                }
                let survey = try await FeatureLevelSurvey.ask(client)
                if !common.output.json { Console.print(levels.plan(to: target) + survey.table.text) }
                try survey.check(target, assumingUpgraded: assumeUpgraded)
                guard acceptNoDowngrade else {
                    throw CommandError(
                        "nothing was changed",
                        advice: "a level is never lowered, and a node of an older version halts then; repeat with "
                            + "--accept-no-downgrade"
                    )
                }
                let body: JSONValue = ["level": .integer(Int64(target))]
                let reply = try await client.send(.init(method: .post, path: path + "/raise", body: body))
                common.output.written(reply, "the cluster is at feature level \(target)")
            }
        }
    }
}

/// What a node says of the cluster's level and of those that its own build knows.
struct FeatureLevels: Hashable {
    let current: UInt32
    let supported: UInt32
    /// What each level brings, lowest first.
    let levels: [Level]

    struct Level: Hashable {
        let number: UInt32
        let brings: String
    }

    init(_ answer: JSONValue, at node: String) throws {
        guard let current = answer["level"]?.featureLevel, let supported = answer["supported"]?.featureLevel else {
            throw CommandError("the answer holds no feature level", at: node)
        }
        self.current = current
        self.supported = supported
        levels = (answer["levels"]?.arrayValue ?? []).compactMap { item in
            item["level"]?.featureLevel.map { Level(number: $0, brings: item["brings"]?.stringValue ?? "") }
        }
    }

    /// The level to raise the cluster to; nil where it is there already.
    func target(_ wanted: UInt32?, at node: String) throws -> UInt32? {
        let target = wanted ?? max(supported, current)
        guard target >= current else {
            throw CommandError("the cluster is at feature level \(current), and a level is never lowered")
        }
        guard target <= max(supported, current) else {
            throw CommandError(
                "its build knows feature levels up to \(supported), not \(target)",
                at: node,
                advice: "upgrade every node first"
            )
        }
        return target == current ? nil : target
    }

    func plan(to target: UInt32) -> String {
        let gained = levels.filter { $0.number > current && $0.number <= target }
        let lines = gained.map { "  level \($0.number): \($0.brings)\n" }.joined()
        return "The cluster is at feature level \(current). Raising it to \(target) brings:\n\(lines)\n"
    }
}

extension JSONValue {
    var featureLevel: UInt32? { integerValue.flatMap { UInt32(exactly: $0) } }
}
