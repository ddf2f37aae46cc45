import ArgumentParser
import Directory
import Identity
import JSON

extension QuarantineLevel: ExpressibleByArgument {}

/// On whose authority something is taken away, and from how many.
struct TakingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Do it under this warrant, as `reeve warrant issue` wrote it.", valueName: "file"))
    var warrant: String?
    @Flag(
        help: "Take from everybody below it as well: whom it owns or has spawned, and what they and it have granted."
    )
    var cascade = false
}

/// Whom to take out of action for a while, why, and on whose authority.
struct QuarantineOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("The principal to quarantine or restrict.", valueName: "kind/name"))
    var principal: PrincipalArgument
    @Option(help: "Why.")
    var reason: String
    @OptionGroup var authority: TakingOptions
    @OptionGroup var common: CommonOptions

    func run(_ level: QuarantineLevel) async throws {
        if let warrant = authority.warrant {
            let statement = StatementUnderWarrant(
                file: warrant,
                kind: level == .restrict ? .restrict : .quarantine,
                subject: .principal(principal.id),
                cascades: authority.cascade,
                reason: reason
            )
            return try await statement.run(common)
        }
        let body: JSONValue = [
            "principal": .string(principal.id.description), "level": .string(level.rawValue),
            "reason": .string(reason),
        ]
        let sentence = RevokeCommand.whom(principal.id.description, authority.cascade)
        try await common.state(
            "/v1/quarantines",
            authority.cascade ? body.cascading : body,
            "\(sentence) \(level == .restrict ? "restricted" : "quarantined")"
        )
    }
}

struct RestrictCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restrict",
        abstract: "Leave a principal only what policies marked @allow_restricted permit, until that is lifted.",
        discussion: """
            `reeve quarantine lift` lifts it. --cascade and --warrant do what they do in `reeve quarantine`; see \
            `reeve revoke --help`.
            """
    )

    @OptionGroup var target: QuarantineOptions

    func run() async throws { try await target.run(.restrict) }
}

struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine",
        abstract: "Take a principal out of action until that is lifted.",
        subcommands: [Start.self, Lift.self, List.self],
        defaultSubcommand: Start.self
    )

    struct Start: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Quarantine a principal; this is what `reeve quarantine NAME` does.",
            discussion: """
                With --cascade everybody below is taken out of action too, and nothing counts that they or it have granted, \
                as `reeve revoke --help` says; one lift gives all of it back.

                With --warrant it does not wait for the cluster, as `reeve revoke --help` says.
                """
        )

        @Option(help: "quarantine: nothing is allowed; restrict: what `reeve restrict` does.")
        var level = QuarantineLevel.quarantine
        @OptionGroup var target: QuarantineOptions

        func run() async throws { try await target.run(level) }
    }

    struct Lift: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lift what is in force against a principal; a revocation stays."
        )

        @Argument(help: ArgumentHelp("The principal to release.", valueName: "kind/name"))
        var principal: PrincipalArgument
        @Option(help: "Why.")
        var reason: String
        @Option(help: ArgumentHelp("Lift this statement only, by its id or how that begins.", valueName: "id"))
        var statement: [String] = []
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.connection.withClient { client in
                let found = try await client.list("/v1/revocations", query: [("subject", principal.id.description)])
                let open = found.filter { $0["kind"]?.stringValue != "revoke" && ($0["lift"] ?? .null).isNull }
                let isRevoked = found.contains { $0["kind"]?.stringValue == "revoke" }
                let ids = try chosen(of: open.compactMap { $0["id"]?.stringValue }, isRevoked: isRevoked)
                let body: JSONValue = ["statements": .array(ids.map { .string($0) }), "reason": .string(reason)]
                let reply = try await client.send(.init(method: .post, path: "/v1/quarantines/lift", body: body))
                common.output.written(reply, "\(counted(ids.count, "statement")) against \(principal.id) lifted")
            }
        }

        /// Of what is recorded against the principal and could be lifted.
        func chosen(of open: [String], isRevoked: Bool) throws -> [String] {
            guard !open.isEmpty else {
                let name = principal.id.name
                let isID = name.utf8.count >= 8 && name.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
                throw CommandError(
                    "nothing is recorded against \(principal.id) that could be lifted"
                        + (isRevoked ? "; it is revoked, which is for ever" : ""),
                    advice: isID
                        ? "that looks like the id of a statement: `reeve quarantine lift KIND/NAME --statement \(name)`"
                        : "see `reeve quarantine list --subject \(principal.id)`"
                )
            }
            guard !statement.isEmpty else { return open }
            return try statement.map { beginning in
                let found = open.filter { $0.hasPrefix(beginning.lowercased()) }
                guard found.count == 1, !beginning.isEmpty else {
                    throw CommandError(
                        found.isEmpty
                            ? "no liftable statement against \(principal.id) has an id beginning with '\(beginning)'"
                            : "\(found.count) liftable statements against \(principal.id) have ids beginning with "
                                + "'\(beginning)'; nothing was lifted",
                        advice: "see `reeve quarantine list --subject \(principal.id)`"
                    )
                }
                return found[0]
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List revocations, quarantines and restrictions, lifted ones included, the newest last."
        )

        @Option(help: ArgumentHelp("Only those against KIND/NAME or token/ID.", valueName: "subject"))
        var subject: String?
        @OptionGroup var list: ListOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let columns = [
                Column("subject", "subject"), Column("kind", "kind"), Column("cascade", "cascade"),
                Column("time", "time"), .caller("by", "revoker"),
                Column("warrant") { $0["warrant"]?["name"]?.cell ?? "" },
                Column("reason", "reason"), Column("lifted") { $0["lift"]?["time"]?.cell ?? "" },
                Column("id") { String(($0["id"]?.cell ?? "").prefix(12)) },
            ]
            try await common.list("/v1/revocations", subject.map { [("subject", $0)] } ?? [], list, columns) {
                ($0["revision"]?.integerValue ?? 0) < ($1["revision"]?.integerValue ?? 0)
            }
        }
    }
}
