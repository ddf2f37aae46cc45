import ArgumentParser
import Directory
import Foundation
import JSON
import Kernel

/// Labels that the nodes of a ring have, `KEY=VALUE[,KEY=VALUE…]`, or `all`.
struct RingArgument: ExpressibleByArgument {
    let ring: Ring

    static let grammar = "key=value,…|all"

    init?(argument: String) {
        guard argument != "all" else {
            ring = .all
            return
        }
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map {
            LabelArgument(argument: String($0))
        }
        guard !parts.contains(where: { $0 == nil }), let labels = Labels(parts.compactMap { $0?.entry }) else {
            return nil
        }
        ring = Ring(labels)
    }

    var json: JSONValue {
        ["labels": .object(ring.labels.entries.map { JSONMember(name: $0.key, value: .string($0.value)) })]
    }
}

/// A share, such as `1%` or `0.05%`.
struct ShareArgument: ExpressibleByArgument {
    let perMillion: UInt32

    init(perMillion: UInt32) { self.perMillion = perMillion }

    init?(argument: String) {
        guard argument.hasSuffix("%"), let percent = Double(argument.dropLast()), (0...100).contains(percent) else {
            return nil
        }
        perMillion = UInt32((percent * 10_000).rounded())
    }

    var defaultValueDescription: String { Self.text(Int64(perMillion)) }

    static func text(_ perMillion: Int64) -> String {
        let text = String(format: "%.4f", Double(perMillion) / 10_000)
        let short = text.reversed().drop { $0 == "0" }.drop { $0 == "." }
        return String(short.reversed()) + "%"
    }
}

/// How a version comes into force ring by ring.
struct RolloutOptions: ParsableArguments {
    @Option(
        name: .customLong("ring"),
        help: ArgumentHelp(
            """
            Roll out: the nodes with these labels decide by the version first; the next --ring follows when this one has \
            been healthy for the time of --soak. After the last one the version is in force everywhere. Repeatable.
            """,
            valueName: RingArgument.grammar
        )
    )
    var rings: [RingArgument] = []
    @Option(
        help: ArgumentHelp("With --ring: how long each ring has to be healthy, from 1s to 7d.", valueName: "duration")
    )
    var soak: DurationArgument?
    @Option(
        help: ArgumentHelp(
            "With --ring: the share of decisions that may come out otherwise than before.",
            valueName: "percent"
        )
    )
    var maxChanged: ShareArgument?
    @Option(
        help: ArgumentHelp(
            "With --ring: decisions to compare in a ring before the next one follows.",
            valueName: "count"
        )
    )
    var minDecisions: UInt32?

    func validate() throws {
        guard !rings.isEmpty || (soak == nil && maxChanged == nil && minDecisions == nil) else {
            throw ValidationError("--soak, --max-changed and --min-decisions are for roll-outs: name a --ring.")
        }
        guard rings.count <= RolloutSpec.ringLimit else {
            throw ValidationError("A roll-out has at most \(RolloutSpec.ringLimit) rings.")
        }
        if let soak, !RolloutSpec.soakRange.contains(soak.span) {
            throw ValidationError("--soak must be from 1s to 7d.")
        }
        if let minDecisions, minDecisions > RolloutSpec.million {
            throw ValidationError("--min-decisions must be at most \(RolloutSpec.million).")
        }
    }

    /// Nil for an activation at once.
    var json: JSONValue? {
        guard !rings.isEmpty else { return nil }
        return [
            "rings": .array(rings.map(\.json)),
            "soak_ms": soak.map { .integer(Int64($0.span.milliseconds)) } ?? .null,
            "max_changed_per_million": maxChanged.map { .integer(Int64($0.perMillion)) } ?? .null,
            "min_decisions": minDecisions.map { .integer(Int64($0)) } ?? .null,
        ]
    }
}

struct RolloutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollout",
        abstract: "Roll-outs of policies, ring by ring: see how they stand, and steer them.",
        discussion: """
            `reeve policy activate SET VERSION --ring …` begins one. It goes on by itself while the rings are healthy, and halts \
            where more decisions come out otherwise than its bound allows or a node cannot put the version in force.
            """,
        subcommands: [List.self, Get.self, Advance.self, Halt.self, Resume.self, Abort.self]
    )

    static func path(_ set: String) -> String { "/v1/rollouts/\(ClusterClient.segment(set))" }

    private static func steer(_ set: String, _ act: String, _ sentence: String, _ common: CommonOptions) async throws {
        try await common.connection.withClient { client in
            let reply = try await steer(set, act, body: [:], client)
            common.output.written(reply, "the roll-out of \(set) \(sentence)")
        }
    }

    /// Says what became of a roll-out that is over, and can be steered no more.
    static func steer(
        _ set: String,
        _ act: String,
        body: JSONValue,
        _ client: ClusterClient
    ) async throws -> ClusterClient.Reply {
        do {
            return try await client.send(.init(method: .post, path: path(set) + "/" + act, body: body))
        } catch let error as APIError where error.code == RefusalCode.notFound.rawValue {
            let state = try await client.send(.init(path: path(set))).body["state"]?.cell ?? ""
            throw CommandError("the roll-out of \(set) is over (\(state))")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the last roll-out of each set.")

        @OptionGroup var list: ListOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let columns = [
                Column("set", "set"), Column("version", "version"), Column("base", "base_version"),
                Column("state", "state"), Column("ring", RolloutText.ring),
                Column("compared") { $0["counts"]?["decisions"]?.cell ?? "" },
                Column("changed", RolloutText.changed), Column("reason", "reason"),
            ]
            try await common.list("/v1/rollouts", [], list, columns)
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a roll-out and what its nodes have counted.",
            discussion: "With --watch, exit status 0 when it is done, 3 when it is halted or has ended otherwise."
        )

        @Argument(help: "Name of the policy set.")
        var set: String
        @Flag(help: "Go on showing it as it changes, until it is halted or over.")
        var watch = false
        @OptionGroup var common: CommonOptions

        private static let interval = Duration.seconds(1)

        func run() async throws {
            try await common.connection.withClient { client in
                var shown: JSONValue?
                while true {
                    let rollout = try await client.send(.init(path: path(set))).body
                    if rollout != shown { show(rollout) }
                    shown = rollout
                    let state = rollout["state"]?.stringValue ?? ""
                    guard watch else { return }
                    if state == RolloutRecord.State.done.rawValue { return }
                    if state != RolloutRecord.State.running.rawValue { throw ExitCode(3) }
                    try await Task.sleep(for: Self.interval)
                }
            }
        }

        private func show(_ rollout: JSONValue) {
            if common.output.json { Console.json(rollout) } else { Console.print(RolloutText.text(rollout)) }
        }
    }

    struct Advance: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Open the next ring now, whatever was counted.",
            discussion: "Past the last ring the version is put in force everywhere. One that is halted stays so."
        )

        @Argument(help: "Name of the policy set.")
        var set: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.connection.withClient { client in
                let rollout = try await client.send(.init(path: path(set))).body
                let stage = rollout["stage"] ?? .integer(0)
                let reply = try await steer(set, "advance", body: ["from_stage": stage], client)
                let isLast = (stage.integerValue ?? 0) + 1 >= Int64(rollout["rings"]?.arrayValue?.count ?? 0)
                common.output.written(
                    reply,
                    isLast
                        ? "\(set) version \(rollout["version"]?.cell ?? "") is in force everywhere"
                        : "the next ring is open"
                )
            }
        }
    }

    struct Halt: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Open no more rings until `resume`. Those that are open stay so."
        )

        @Argument(help: "Name of the policy set.")
        var set: String
        @OptionGroup var common: CommonOptions

        func run() async throws { try await steer(set, "halt", "is halted", common) }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Go on with a roll-out that is halted; the newest ring soaks once more."
        )

        @Argument(help: "Name of the policy set.")
        var set: String
        @OptionGroup var common: CommonOptions

        func run() async throws { try await steer(set, "resume", "goes on", common) }
    }

    struct Abort: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a roll-out: every node decides by the version before again."
        )

        @Argument(help: "Name of the policy set.")
        var set: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await steer(set, "abort", "is aborted", common)
        }
    }
}

/// A roll-out for people.
enum RolloutText {
    static func ring(_ rollout: JSONValue) -> String {
        let rings = rollout["rings"]?.arrayValue ?? []
        let stage = Int(rollout["stage"]?.integerValue ?? 0)
        guard rings.indices.contains(stage) else { return "" }
        return "\(stage + 1)/\(rings.count) \(rings[stage].cell)"
    }

    static func changed(_ rollout: JSONValue) -> String { rollout["counts"].map(share) ?? "" }

    /// Of the decisions compared, those that came out otherwise.
    static func share(_ counts: JSONValue) -> String {
        func count(_ name: String) -> Int64 { counts[name]?.integerValue ?? 0 }
        guard count("decisions") > 0 else { return "" }
        let changed = count("now_denied") + count("now_allowed") + count("failures")
        return ShareArgument.text(changed * 1_000_000 / count("decisions"))
    }

    /// What keeps the next ring shut, as far as the record tells; nil where it does not, or nothing is waited for.
    static func waits(_ rollout: JSONValue) -> String? {
        let wanted = rollout["min_decisions"]?.integerValue ?? 0
        let compared = rollout["counts"]?["decisions"]?.integerValue ?? 0
        guard rollout["state"]?.stringValue == RolloutRecord.State.running.rawValue, compared < wanted else {
            return nil
        }
        let witnesses = (rollout["witnesses"]?.arrayValue ?? []).map {
            "\($0["node"]?.cell ?? "") has \($0["decisions"]?.cell ?? "")"
        }
        let had = witnesses.isEmpty ? "no node has reported" : witnesses.joined(separator: ", ")
        return "\(wanted) compared decisions; \(had)"
    }

    static func text(_ rollout: JSONValue) -> String {
        func cell(_ name: String) -> String { rollout[name]?.cell ?? "" }
        let base = rollout["base_version"]?.isNull == false ? "version \(cell("base_version"))" : "nothing"
        let reason = [cell("reason"), cell("culprit")].filter { !$0.isEmpty }.joined(separator: " by ")
        let soaked = cell("soaked_at").isEmpty ? "" : ", soaks until \(cell("soaked_at"))"
        var lines = [
            "\(cell("set")) version \(cell("version")), in place of \(base): \(cell("state"))"
                + (reason.isEmpty ? "" : " (\(reason))"),
            "  ring      \(ring(rollout)), open since \(cell("stage_opened_at"))\(soaked)",
            "  bound     \(ShareArgument.text(rollout["max_changed_per_million"]?.integerValue ?? 0)) changed, "
                + "at least \(cell("min_decisions")) decisions",
        ]
        if let waits = waits(rollout) { lines.append("  waits     for \(waits)") }
        let witnesses = rollout["witnesses"]?.arrayValue ?? []
        guard !witnesses.isEmpty else { return lines.joined(separator: "\n") + "\n" }
        var table = Table("node", "compared", "now denied", "now allowed", "failed", "changed", "reported")
        for witness in witnesses {
            let cells = ["node", "decisions", "now_denied", "now_allowed", "failures"].map { witness[$0]?.cell ?? "" }
            table.add(cells: cells + [share(witness), witness["reported_at"]?.cell ?? ""])
        }
        lines.append("")
        return lines.joined(separator: "\n") + "\n" + table.text
    }
}
