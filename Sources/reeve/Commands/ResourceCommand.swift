import ArgumentParser
import Directory
import HTTPAPI
import JSON

struct ResourceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resource",
        abstract: "What is acted on: tools, databases and the like.",
        subcommands: [Create.self, Get.self, List.self, Delete.self]
    )

    struct Subject: ParsableArguments {
        @Argument(help: ArgumentHelp(#"Type::"id", or Type::id."#, valueName: "resource"))
        var resource: EntityArgument

        var path: String {
            let reference = resource.reference
            return "/v1/resources/\(ClusterClient.segment(reference.type))/\(ClusterClient.segment(reference.id))"
        }

        var name: String { resource.reference.text }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create it, or replace its description.")

        @OptionGroup var subject: Subject
        @Option(help: ArgumentHelp("A resource that contains it.", valueName: "resource"))
        var parent: [EntityArgument] = []
        @Option(help: ArgumentHelp("Who answers for it.", valueName: "kind/name"))
        var owner: PrincipalArgument?
        @Option(help: ArgumentHelp("An attribute; the value is JSON, or else text.", valueName: "name=value"))
        var attribute: [AttributeArgument] = []
        @OptionGroup var write: WriteOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let body: JSONValue = [
                "parents": .array(parent.map(\.reference.json)), "owner": (owner?.id).json,
                "attributes": attribute.json,
            ]
            try await common.put(subject.path, body, write, "\(subject.name) is in place")
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one.")

        @OptionGroup var subject: Subject
        @OptionGroup var read: ReadOptions
        @OptionGroup var common: CommonOptions

        func run() async throws { try await common.get(subject.path, read) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all, or those of a type.")

        @Option(help: "Only those of this type.")
        var type: String?
        @OptionGroup var list: ListOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let columns = [
                Column("type", "type"), Column("id", "id"), Column("parents", "parents"), Column("owner", "owner"),
                Column("attributes", "attributes"),
            ]
            try await common.list("/v1/resources", type.map { [("type", $0)] } ?? [], list, columns)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete one that contains no other.")

        @OptionGroup var subject: Subject
        @OptionGroup var write: DeleteOptions
        @OptionGroup var common: CommonOptions

        func run() async throws { try await common.delete(subject.path, write, "\(subject.name) is deleted") }
    }
}
