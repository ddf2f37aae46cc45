import ArgumentParser
import Directory
import HTTPAPI
import Identity
import JSON

extension PrincipalKind: ExpressibleByArgument {}

/// Principals of every kind; agents unless told otherwise.
struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "Agents, and with --kind services, users and workflows.",
        subcommands: [Create.self, Get.self, List.self, Delete.self]
    )

    struct Subject: ParsableArguments {
        @Argument(help: ArgumentHelp("Its name, or KIND/NAME.", valueName: "name"))
        var name: String

        @Option(help: "What sort of principal it is.")
        var kind = PrincipalKind.agent

        func id() throws -> PrincipalID {
            guard let id = PrincipalID(parsing: name) ?? PrincipalID(kind: kind, name: name) else {
                throw ValidationError("'\(name)' is not a name: use \(PrincipalID.grammar).")
            }
            return id
        }

        func path() throws -> String { "/v1/principals/\(try id())" }
    }

    static var columns: [Column] {
        [
            Column("id", "id"), Column("status", "status"), Column("owner", "owner"), Column("parent", "parent"),
            Column("description", "description"), Column("attributes", "attributes"),
        ]
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create it, or replace its description.")

        @OptionGroup var subject: Subject
        @Option(help: ArgumentHelp("Who answers for it.", valueName: "kind/name"))
        var owner: PrincipalArgument?
        @Option(help: ArgumentHelp("Who spawned it.", valueName: "kind/name"))
        var parent: PrincipalArgument?
        @Option(help: "What it is for.")
        var description = ""
        @Option(help: ArgumentHelp("An attribute; the value is JSON, or else text.", valueName: "name=value"))
        var attribute: [AttributeArgument] = []
        @OptionGroup var write: WriteOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let body: JSONValue = [
                "owner": (owner?.id).json, "parent": (parent?.id).json, "description": .string(description),
                "attributes": attribute.json,
            ]
            try await common.put(subject.path(), body, write, "\(try subject.id()) is in place")
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one with everything known of it.")

        @OptionGroup var subject: Subject
        @OptionGroup var read: ReadOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let id = try subject.id()
            try await common.connection.withClient { client in
                let reply = try await client.send(.init(path: subject.path() + ClusterClient.query(read.query)))
                var members = reply.body.objectValue ?? []
                // What the node enforces by itself has no place in the log, and so none among the record's statements.
                if reply.body["status"]?.stringValue != SubjectStatus.active.rawValue,
                    let node = client.nodes.first(where: { $0.name == reply.node })
                {
                    let enforced = await StandingStatements.of(id, client, at: node).enforced
                    if !enforced.isEmpty {
                        members.append(JSONMember(name: "not_in_the_log_yet", value: .array(enforced)))
                    }
                }
                common.output.object(.object(members))
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List those of a kind.")

        @Option(help: "Which sort of principals.")
        var kind = PrincipalKind.agent
        @OptionGroup var list: ListOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.list("/v1/principals", [("kind", kind.rawValue)], list, AgentCommand.columns)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete it with its assignments and tokens.",
            discussion: "To take one out of action for good, use `reeve revoke`: a deleted name may be used again."
        )

        @OptionGroup var subject: Subject
        @OptionGroup var write: DeleteOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.delete(subject.path(), write, "\(try subject.id()) is deleted")
        }
    }
}
