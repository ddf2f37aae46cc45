import ArgumentParser
import HTTPAPI
import Identity
import JSON
import Kernel

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "API tokens, by which principals prove who they are.",
        subcommands: [Create.self, Get.self, List.self, Revoke.self, Delete.self]
    )

    private static func path(_ id: String) -> String { "/v1/tokens/\(ClusterClient.segment(id))" }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token and show it, once: only a digest of it is kept."
        )

        @Argument(help: ArgumentHelp("Whom it stands for.", valueName: "kind/name"))
        var principal: PrincipalArgument
        @Option(help: ArgumentHelp("Until when; a time, a date, or how far ahead (30d).", valueName: "time"))
        var expires: TimeArgument
        @Option(help: "What it is for.")
        var description = ""
        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard expires.time(at: .now) > .now else { throw ValidationError("--expires must lie in the future.") }
        }

        func run() async throws {
            try await common.connection.withClient { client in
                let reply = try await issue(client)
                if common.output.json { return Console.json(reply.body) }
                // The secret alone on standard output, so that a script can take it.
                Console.progress("token \(reply.body["id"]?.cell ?? "") of \(principal.id); it is not shown again:")
                Console.line(reply.body["token"]?.stringValue ?? "")
            }
        }

        /// The id is drawn here, and not by the node that is asked: so a second node is asked for the same token as the first, and
        /// one that may be there without anybody who has its secret can be named.
        func issue(_ client: ClusterClient) async throws -> ClusterClient.Reply {
            let id = (0..<8).map { _ in UInt8.random(in: .min ... .max) }.hex
            let body: JSONValue = [
                "id": .string(id), "principal": .string(principal.id.description),
                "description": .string(description), "expires_at": expires.time(at: .now).json,
            ]
            do { return try await client.send(.init(method: .post, path: "/v1/tokens", body: body)) } catch {
                guard !error.rulesOutWrite else { throw error }
                throw CommandError(
                    "\(error)",
                    advice: """
                        if `reeve token get \(id)` finds it, nobody has its secret: `reeve token revoke \(id) --reason lost`, \
                        and make another
                        """
                )
            }
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one, without its secret.")

        @Argument(help: "Its id.")
        var id: String
        @OptionGroup var read: ReadOptions
        @OptionGroup var common: CommonOptions

        func run() async throws { try await common.get(path(id), read) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all, or those of a principal.")

        @Option(help: ArgumentHelp("Only those of this principal.", valueName: "kind/name"))
        var principal: PrincipalArgument?
        @OptionGroup var list: ListOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let columns = [
                Column("id", "id"), Column("principal", "principal"), Column("status", "status"),
                Column("expires", "expires_at"), Column("description", "description"),
            ]
            let query = principal.map { [("principal", $0.id.description)] } ?? []
            try await common.list("/v1/tokens", query, list, columns)
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a token out of action for good.")

        @Argument(help: "Its id.")
        var id: String
        @Option(help: "Why.")
        var reason: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let body: JSONValue = ["subject": .string("token/\(id)"), "reason": .string(reason)]
            try await common.state("/v1/revocations", body, "token \(id) is revoked")
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete one that is not needed any more.")

        @Argument(help: "Its id.")
        var id: String
        @OptionGroup var write: DeleteOptions
        @OptionGroup var common: CommonOptions

        func run() async throws { try await common.delete(path(id), write, "token \(id) is deleted") }
    }
}
