import ArgumentParser
import Foundation
import HTTPAPI
import Identity
import JSON
import Kernel

struct AssignmentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assignment",
        abstract: "Who has which role, and from when to when.",
        subcommands: [Create.self, Get.self, List.self, Delete.self]
    )

    private static func path(_ id: String) -> String { "/v1/assignments/\(ClusterClient.segment(id))" }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Give a role to a principal.")

        @Argument(help: ArgumentHelp("Who gets it.", valueName: "kind/name"))
        var principal: PrincipalArgument
        @Argument(help: "Which role.")
        var role: String
        @Option(help: "Id of the assignment; by default KIND.NAME.ROLE.")
        var id: String?
        @Option(help: ArgumentHelp("From when; a time, a date, or how far ahead (8h).", valueName: "time"))
        var notBefore: TimeArgument?
        @Option(help: ArgumentHelp("Until when, not included; likewise.", valueName: "time"))
        var expires: TimeArgument?
        @Option(help: "Why.")
        var reason = ""
        @OptionGroup var write: WriteOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let now = WallTime.now
            let id = id ?? "\(principal.id.kind.rawValue).\(principal.id.name).\(role)"
            let body: JSONValue = [
                "principal": .string(principal.id.description), "role": .string(role),
                "not_before": (notBefore?.time(at: now)).json, "expires_at": (expires?.time(at: now)).json,
                "reason": .string(reason),
            ]
            try await common.put(path(id), body, write, "assignment \(id) is in place")
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one.")

        @Argument(help: "Its id.")
        var id: String
        @OptionGroup var read: ReadOptions
        @OptionGroup var common: CommonOptions

        func run() async throws { try await common.get(path(id), read) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all, or those of a principal or role.")

        @Option(help: ArgumentHelp("Only those of this principal.", valueName: "kind/name"))
        var principal: PrincipalArgument?
        @Option(help: "Only those of this role.")
        var role: String?
        @OptionGroup var list: ListOptions
        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard principal == nil || role == nil else {
                throw ValidationError("Give --principal or --role, not both.")
            }
        }

        func run() async throws {
            var query: [(String, String)] = []
            if let principal { query.append(("principal", principal.id.description)) }
            if let role { query.append(("role", role)) }
            let columns = [
                Column("id", "id"), Column("principal", "principal"), Column("role", "role"),
                Column("not before", "not_before"), Column("expires", "expires_at"), Column("reason", "reason"),
            ]
            try await common.list("/v1/assignments", query, list, columns)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a role away again.")

        @Argument(help: "Id of the assignment.")
        var id: String
        @OptionGroup var write: DeleteOptions
        @OptionGroup var common: CommonOptions

        func run() async throws { try await common.delete(path(id), write, "assignment \(id) is deleted") }
    }
}

extension WallTime {
    /// By the clock of this machine.
    static var now: WallTime { WallTime(milliseconds: UInt64(max(0, Date().timeIntervalSince1970 * 1000))) }
}
