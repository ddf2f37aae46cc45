import ArgumentParser
import JSON

struct RoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "role",
        abstract: "Roles, and which roles they include.",
        subcommands: [Create.self, Get.self, List.self, Delete.self]
    )

    private static func path(_ name: String) -> String { "/v1/roles/\(ClusterClient.segment(name))" }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create a role, or replace its description.")

        @Argument(help: "Its name.")
        var name: String
        @Option(help: ArgumentHelp("A role that whoever has this one has as well.", valueName: "role"))
        var parent: [String] = []
        @Option(help: "What it is for.")
        var description = ""
        @OptionGroup var write: WriteOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let body: JSONValue = ["parents": .array(parent.map { .string($0) }), "description": .string(description)]
            try await common.put(path(name), body, write, "role \(name) is in place")
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one.")

        @Argument(help: "Its name.")
        var name: String
        @OptionGroup var read: ReadOptions
        @OptionGroup var common: CommonOptions

        func run() async throws { try await common.get(path(name), read) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List them.")

        @OptionGroup var list: ListOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let columns = [
                Column("name", "name"), Column("includes", "parents"), Column("description", "description"),
            ]
            try await common.list("/v1/roles", [], list, columns)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete one that nothing refers to.")

        @Argument(help: "Its name.")
        var name: String
        @OptionGroup var write: DeleteOptions
        @OptionGroup var common: CommonOptions

        func run() async throws { try await common.delete(path(name), write, "role \(name) is deleted") }
    }
}
