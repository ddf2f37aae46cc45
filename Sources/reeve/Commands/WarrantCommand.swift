import ArgumentParser
import Directory
import Foundation
import HTTPAPI
import Identity
import JSON
import Kernel
import Keys
import Service

extension RevocationKind: ExpressibleByArgument {}

struct WarrantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "warrant",
        abstract: "Warrants, under which somebody takes authority away without waiting for the cluster.",
        discussion: """
            Whoever has the key of a warrant can revoke at any node they can reach, though no majority of the voters runs: \
            `reeve revoke` and `reeve quarantine` with --warrant FILE. A statement counts there at once, at others as it \
            spreads, and in the log when there is a leader.
            """,
        subcommands: [Issue.self, List.self, Get.self, Withdraw.self, Statements.self]
    )

    private static func path(_ name: String) -> String { "/v1/warrants/\(ClusterClient.segment(name))" }

    struct Issue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key, have the log issue a warrant for it, and write both into a file for the revoker.",
            discussion: """
                The key never leaves this machine but in the file, encrypted with a passphrase. In a cluster for development \
                it is in clear unless a passphrase is given.

                Keep one file only, and no copy: from a second one a number of the warrant would be used twice, which the \
                cluster takes for theft and freezes the warrant.

                Example: reeve warrant issue night-shift --level quarantine --expires-in 30d --budget 50 \\
                    --owned-by user/alice --out night-shift.warrant
                """
        )

        @Argument(help: "Its name, never used before.")
        var name: String
        @Option(help: "The strictest statement that it may make: restrict, quarantine or revoke.")
        var level: RevocationKind
        @Option(help: ArgumentHelp("For how long it counts, such as 30d.", valueName: "duration"))
        var expiresIn: DurationArgument
        @Option(help: ArgumentHelp("How many statements it may make.", valueName: "count"))
        var budget: UInt32
        @Option(help: ArgumentHelp("Against this principal and its tokens; may be repeated.", valueName: "kind/name"))
        var principal: [PrincipalArgument] = []
        @Option(
            help: ArgumentHelp("Against all that this principal answers for, but not itself.", valueName: "kind/name")
        )
        var ownedBy: PrincipalArgument?
        @Flag(help: "Against everybody.")
        var everybody = false
        @Flag(
            help: """
                Its statements may cascade: take from all below a principal as well, though none of the above covers them.
                """
        )
        var cascade = false
        @Option(help: ArgumentHelp("File to make. Default: NAME.warrant.", valueName: "file"))
        var out: String?
        @Option(help: ArgumentHelp("File whose first line is the passphrase for the new key.", valueName: "file"))
        var keyPassphraseFile: String?
        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard [everybody, !principal.isEmpty, ownedBy != nil].filter({ $0 }).count == 1 else {
                throw ValidationError("Give one of --principal, --owned-by and --everybody.")
            }
            guard (1...Limits.statementsPerWarrant).contains(budget) else {
                throw ValidationError("--budget must be from 1 to \(Limits.statementsPerWarrant).")
            }
        }

        func run() async throws {
            let path = out ?? "\(name).warrant"
            try OutputFile.refuseExisting(path)
            try await common.connection.withContext { client, context in
                let key = PrivateKey()
                let file = try await file(key, client, mayBePlain: context.allowPlainKey, path)
                // Before the log has it: a warrant whose key is lost could only be withdrawn.
                try file.create(at: path)
                let request = ClusterClient.Request(
                    method: .post,
                    path: "/v1/warrants",
                    body: body(key, expiresAt: file.expiresAt)
                )
                let reply = try await issue(request, client, path)
                if common.output.json {
                    return Console.json([
                        "name": .string(name), "file": .string(path), "revision": reply["revision"] ?? .null,
                    ])
                }
                Console.print(
                    """
                    warrant \(name) is issued (revision \(reply["revision"]?.cell ?? "")), until \(file.expiresAt.rfc3339)
                    Give \(path) to the revoker, who keeps it and no copy of it, and uses it so:
                      reeve \(level.rawValue) KIND/NAME --reason TEXT --warrant \(path)

                    """
                )
                for id in principal.map(\.id) + [ownedBy?.id].compactMap({ $0 }) {
                    guard await UnknownName.find(id, client) != nil else { continue }
                    Console.progress("warning: there is no \(id) yet")
                }
            }
        }

        private func file(
            _ key: PrivateKey,
            _ client: ClusterClient,
            mayBePlain: Bool,
            _ path: String
        ) async throws -> WarrantFile {
            let status = try await client.send(.init(path: "/v1/node/status"))
            var reader = try ObjectReader(status.body)
            let lineage = try reader.uuid("lineage")
            let isPlain = mayBePlain && keyPassphraseFile == nil
            let protection: PrivateKeyFile.Protection =
                isPlain ? .plainForDevelopment : .encrypted(try newPassphrase(path))
            return WarrantFile(
                name: name,
                lineage: Lineage(high: lineage.high, low: lineage.low),
                level: level,
                cascades: cascade,
                principals: principal.map(\.id).sorted(),
                expiresAt: WallTime.now.advanced(by: expiresIn.span),
                budget: budget,
                nextSequence: 1,
                key: try PrivateKeyFile.pem(key, protection: protection, place: path),
                allowPlainKey: isPlain
            )
        }

        private func newPassphrase(_ path: String) throws -> Passphrase {
            let given = try keyPassphraseFile.map { try PassphraseOptions.load($0) }
            return try PassphraseOptions.new(given, prompt: "New passphrase for the key in \(path): ")
        }

        private func body(_ key: PrivateKey, expiresAt: WallTime) -> JSONValue {
            let members: JSONValue = [
                "name": .string(name), "key": .string(key.compressedPublicKey.base64), "scope": scope,
                "level": .string(level.rawValue), "expires_at": expiresAt.json, "budget": .integer(Int64(budget)),
            ]
            return cascade ? members.cascading : members
        }

        private var scope: JSONValue {
            if everybody { return ["everybody": true] }
            if let ownedBy { return ["owned_by": .string(ownedBy.id.description)] }
            return ["principals": .array(principal.map { .string($0.id.description) })]
        }

        /// A file for a warrant that is certain not to be goes again. Any other stays: it has the only key.
        func issue(
            _ request: ClusterClient.Request,
            _ client: ClusterClient,
            _ path: String
        ) async throws -> JSONValue {
            do { return try await client.send(request).body } catch let error where error.rulesOutWrite {
                try? FileManager.default.removeItem(atPath: path)
                guard let error = error as? APIError, error.code == RefusalCode.alreadyExists.rawValue else {
                    throw error
                }
                throw CommandError(error.detail, at: error.node, advice: "a name is never used again; take another")
            } catch {
                throw CommandError(
                    "\(error)",
                    advice: """
                        \(path) is kept, with the key: `reeve warrant get \(name)` says whether the warrant is issued; \
                        if it is not, delete the file and issue it again
                        """
                )
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List warrants, ended ones included.",
            discussion: """
                SPENT is how many statements the log has recorded, of how many there may be. The file of the warrant counts those that \
                were not recorded, too, and may have fewer left.

                REFUSED is how many statements the node that answers has refused since it began, by reason, whoever brought them: \
                over_budget says that somebody with the key tries more than the warrant allows.
                """
        )

        @OptionGroup var list: ListOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let columns = [
                Column("name", "name"), Column("state", Self.state), Column("level", "level"),
                Column("cascade", "cascade"),
                Column("scope", "scope"),
                Column("spent") { "\($0["spent"]?.cell ?? "") of \($0["budget"]?.cell ?? "")" },
                Column("refused", Self.refused),
                Column("expires", "expires_at"), .caller("issuer", "issuer"),
            ]
            try await common.list("/v1/warrants", [], list, columns)
        }

        /// Of the log, unless the node that answers knows of a second statement under one number and the log does not.
        private static func state(_ warrant: JSONValue) -> String {
            let state = warrant["state"]?.cell ?? ""
            guard state == "valid", warrant["at_this_node"]?["frozen"]?.boolValue == true else { return state }
            return "frozen here"
        }

        private static func refused(_ warrant: JSONValue) -> String {
            (warrant["at_this_node"]?["refused"]?.objectValue ?? [])
                .map { "\($0.name) \($0.value["count"]?.cell ?? "")" }.joined(separator: ", ")
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one: whether it counts, how many statements it has made, against whom it is."
        )

        @Argument(help: "Its name.")
        var name: String
        @OptionGroup var read: ReadOptions
        @OptionGroup var common: CommonOptions

        func run() async throws { try await common.get(path(name), read) }
    }

    struct Withdraw: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a warrant for good; what was recorded under it stands."
        )

        @Argument(help: "Its name.")
        var name: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.connection.withClient { client in
                let reply = try await client.send(.init(method: .delete, path: path(name)))
                common.output.written(reply, "warrant \(name) is withdrawn: nothing counts under it any more")
            }
        }
    }

    struct Statements: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "List statements that are not recorded: those the log refused, or those a node enforces by itself.",
            discussion: "Recorded ones are in `reeve quarantine list`."
        )

        enum State: String, CaseIterable, ExpressibleByArgument { case refused, enforced }

        @Option(
            help:
                "refused: by the log, for good; enforced: at the node that answers, not in the log yet. Default: both."
        )
        var state: State?
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let columns = [
                Column("subject", "subject"), Column("kind", "kind"), Column("cascade", "cascade"),
                Column("warrant") { "\($0["warrant"]?["name"]?.cell ?? "") \($0["warrant"]?["sequence"]?.cell ?? "")" },
                Column("issued") { $0["warrant"]?["issued_at"]?.cell ?? "" }, Column("state", "state"),
                Column("refusal", "refusal"), Column("reason", "reason"),
                Column("id") { String(($0["id"]?.cell ?? "").prefix(12)) },
            ]
            try await common.connection.withClient { client in
                var found: [JSONValue] = []
                for state in state.map({ [$0] }) ?? State.allCases {
                    found += try await client.list("/v1/statements", query: [("state", state.rawValue)])
                }
                common.output.list(found, columns)
            }
        }
    }
}
