import ArgumentParser
import Directory
import HTTPAPI
import JSON
import Kernel

struct ClusterSettings: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings",
        abstract: "Show what holds for the whole cluster, or change it.",
        discussion: """
            Without an option for a change, shows the settings. What is not named keeps its value; a change that somebody \
            else makes meanwhile is not undone: the command then fails and can be given again.
            """
    )

    @OptionGroup var change: SettingsChange
    @OptionGroup var common: CommonOptions

    private static let path = "/v1/settings"

    func run() async throws {
        try await common.connection.withClient { client in
            let found = try await client.send(.init(path: Self.path))
            guard !change.isEmpty else { return common.output.object(found.body.withoutGenesisTimes) }
            guard let tag = found.tag else { throw CommandError("the answer has no revision", at: found.node) }
            let settings = try change.applied(to: Settings(shown: found.body))
            let request = ClusterClient.Request(
                method: .put,
                path: Self.path,
                headers: [("If-Match", "\"\(tag)\"")],
                body: settings.json
            )
            common.output.written(try await client.send(request), "the settings are changed")
        }
    }
}

/// What a command line says of the settings.
struct SettingsChange: ParsableArguments {
    @Option(help: ArgumentHelp("No permit applies on a node whose knowledge is older.", valueName: "duration"))
    var maximumAge: DurationArgument?
    @Option(
        help: ArgumentHelp(
            "For this action a tighter bound; a permit with an @max_age of its own goes by that. May be given repeatedly.",
            valueName: "action=duration"
        )
    )
    var actionAge: [ActionAgeArgument] = []
    @Option(help: ArgumentHelp("No bound of its own for this action any more.", valueName: "action"))
    var noActionAge: [String] = []
    @Option(help: ArgumentHelp("How many commands the history keeps at least.", valueName: "count"))
    var historyLimit: UInt32?
    @Option(help: ArgumentHelp("How many idempotency keys a caller may have.", valueName: "count"))
    var idempotencyLimit: UInt32?

    func validate() throws {
        try checkAges()
        for argument in actionAge where noActionAge.contains(argument.age.action) {
            throw ValidationError("Give --action-age or --no-action-age for '\(argument.age.action)', not both.")
        }
    }

    /// As the cluster has it, in the words of the options.
    private func checkAges() throws {
        let ages = actionAge.map { ("--action-age \($0.age.action)", $0.age.maximumAge) }
        for (option, age) in ages + (maximumAge.map { [("--maximum-age", $0.span)] } ?? [])
        where !Settings.maximumAgeRange.contains(age) { throw ValidationError("\(option): must be from 3s to 1d.") }
    }

    var isEmpty: Bool {
        maximumAge == nil && actionAge.isEmpty && noActionAge.isEmpty && historyLimit == nil && idempotencyLimit == nil
    }

    /// - Throws: `CommandError` where a bound is to be taken away that is not there: its name may be mistyped.
    func applied(to settings: Settings) throws -> Settings {
        var ages = settings.actionAges
        for action in noActionAge {
            guard let place = ages.firstIndex(where: { $0.action == action }) else {
                throw CommandError(
                    "the action has no bound of its own",
                    at: action,
                    advice: "`reeve cluster settings` shows those that have"
                )
            }
            ages.remove(at: place)
        }
        for argument in actionAge {
            ages.removeAll { $0.action == argument.age.action }
            ages.append(argument.age)
        }
        return Settings(
            maximumAge: maximumAge?.span ?? settings.maximumAge,
            actionAges: ages,
            historyLimit: historyLimit ?? settings.historyLimit,
            idempotencyLimit: idempotencyLimit ?? settings.idempotencyLimit
        )
    }
}

/// `ACTION=DURATION` on the command line. The duration is what follows the last `=`.
struct ActionAgeArgument: ExpressibleByArgument {
    let age: ActionAge

    init?(argument: String) {
        guard let equals = argument.lastIndex(of: "="), equals > argument.startIndex,
            let duration = DurationArgument(argument: String(argument[argument.index(after: equals)...]))
        else { return nil }
        age = ActionAge(action: String(argument[..<equals]), maximumAge: duration.span)
    }
}

extension JSONValue {
    /// What has been so since the genesis, which has no time of its own, is not said to be of 1970.
    var withoutGenesisTimes: JSONValue {
        .object((objectValue ?? []).filter { $0.value.stringValue != "1970-01-01T00:00:00.000Z" })
    }
}

extension Settings {
    /// Of an answer, which also says when they were changed.
    init(shown answer: JSONValue) throws(FieldError) {
        let names = Settings().members.map(\.name)
        let members = (answer.objectValue ?? []).filter { member in names.contains { $0.isExactly(member.name) } }
        self = try Settings(ObjectReader(.object(members)))
    }
}
