import ArgumentParser
import Directory
import Foundation
import HTTPAPI
import Identity
import JSON

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Policy sets in Cedar: drafts, versions, and which is in force; and tools for policy files.",
        subcommands: [
            Draft.self, Activate.self, Rollback.self, Get.self, List.self, Versions.self, Delete.self,
            PolicyCheck.self, PolicyFormat.self, PolicyTranslate.self, PolicyExplain.self, PolicyTest.self,
            PolicyDiff.self, RolloutCommand.self,
        ]
    )

    static func path(_ set: String) -> String { "/v1/policy-sets/\(ClusterClient.segment(set))" }

    struct Draft: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a version to a set; it takes effect when it is activated.",
            discussion: """
                What does not parse is refused. What can never apply, or may be missing when a decision reads it, is told as \
                warnings.
                """
        )

        @Argument(help: "Name of the set.")
        var set: String
        @Argument(help: "File with Cedar policies.")
        var file: String
        @Option(help: "What changed.")
        var note = ""
        @Flag(help: "Put it in force at once.")
        var activate = false
        @Flag(help: "Draft nothing if a policy can never apply, or may fail when a decision is made.")
        var strict = false
        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard Grammar.isName(set) else {
                throw ValidationError("'\(set)' is not a name: use \(PrincipalID.grammar).")
            }
        }

        func run() async throws {
            let text = try PolicyText.load(file)
            try await common.connection.withClient { client in
                let drafted = try await draft(text, client)
                for line in DraftWarnings.lines(drafted.body, at: { "\(file):\($0):\($1)" }) { Console.progress(line) }
                let version = drafted.body["version"]?.integerValue ?? 0
                guard activate else {
                    return common.output.written(drafted, "\(set) version \(version) is drafted")
                }
                let reply = try await client.activateDraft(set, version: version)
                common.output.written(reply, "\(set) version \(version) is in force")
            }
        }

        /// What is wrong with the policies is in the file, and not at the node that says so.
        private func draft(_ text: String, _ client: ClusterClient) async throws -> ClusterClient.Reply {
            do { return try await client.draft(set, text, note: note, isStrict: strict) } catch let error as APIError
                where error.code == RefusalCode.invalidPolicy.rawValue
            {
                throw CommandError(error.detail.replacing("; line ", with: "\n\(file): line "), at: file)
            }
        }
    }

    struct Activate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a version in force in place of the active one, at once or ring by ring.",
            discussion: """
                With --ring it is rolled out: see `reeve policy rollout`. Another activation of the set ends a roll-out.

                Example: reeve policy activate reports 3 --ring ring=canary --ring zone=eu-1 --ring all --soak 10m
                """
        )

        @Argument(help: "Name of the set.")
        var set: String
        @Argument(help: "Number of the version.")
        var version: Int64
        @OptionGroup var rollout: RolloutOptions
        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard set != "reeve.admin" || rollout.rings.isEmpty else {
                throw ValidationError("reeve.admin is never rolled out; activate it without --ring.")
            }
        }

        /// Says which versions there are, where it is none of them.
        private func activate(_ client: ClusterClient) async throws -> ClusterClient.Reply {
            do { return try await client.activate(set, version: version) } catch let error as APIError
                where error.code == RefusalCode.notFound.rawValue
            {
                // Throws where there is no such set.
                let found = try await client.send(.init(path: path(set))).body
                let latest = found["latest_version"]?.cell ?? ""
                throw CommandError("\(set) has no version \(version); its latest is \(latest)")
            }
        }

        func run() async throws {
            try await common.connection.withClient { client in
                guard let plan = rollout.json else {
                    let reply = try await activate(client)
                    return common.output.written(reply, "\(set) version \(version) is in force")
                }
                let rings = rollout.rings.map(\.ring)
                let nodes = try await RingMembers.ask(client)
                try nodes?.check(rings)
                let reply = try await client.activate(set, version: version, rollout: plan)
                let first = nodes.map { " at \($0.names(in: rings[0]).joined(separator: ", "))" } ?? ""
                common.output.written(
                    reply,
                    "\(set) version \(version) is in force\(first) (ring 1 of \(rings.count), \(rings[0]))"
                )
            }
        }
    }

    struct Rollback: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put the version in force again that was so before the active one."
        )

        @Argument(help: "Name of the set.")
        var set: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.connection.withClient { client in
                let versions = try await client.list(path(set) + "/versions")
                // Throws where there is no such set.
                if versions.isEmpty { _ = try await client.send(.init(path: path(set))) }
                let active = versions.first { $0["state"]?.stringValue == "active" }?["version"]?.integerValue
                guard let version = Self.previous(versions) else {
                    throw CommandError(
                        "no earlier version of \(set) was ever in force",
                        advice: "see `reeve policy versions`"
                    )
                }
                // Of two that were in force in turn, the one before is the newer one after a rollback.
                if let active, version > active {
                    throw CommandError(
                        "version \(version) is newer than version \(active), which is in force",
                        advice: "activate it with `reeve policy activate \(set) \(version)` if it is meant"
                    )
                }
                let from = active.map { " from version \($0)" } ?? ""
                common.output.written(
                    try await client.activate(set, version: version),
                    "\(set) is rolled back\(from) to version \(version)"
                )
            }
        }

        /// The superseded version that was activated last.
        static func previous(_ versions: [JSONValue]) -> Int64? {
            versions.filter { $0["state"]?.stringValue == "superseded" }
                .max { ($0["activated_at"]?.stringValue ?? "") < ($1["activated_at"]?.stringValue ?? "") }
                .flatMap { $0["version"]?.integerValue }
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the policies of a version.")

        @Argument(help: "Name of the set.")
        var set: String
        @Option(help: "Number of the version; by default the one in force, else the latest.")
        var version: Int64?
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await common.connection.withClient { client in
                let number: Int64
                if let version {
                    number = version
                } else {
                    let found = try await client.send(.init(path: path(set))).body
                    number = found["active_version"]?.integerValue ?? found["latest_version"]?.integerValue ?? 0
                }
                let body = try await client.send(.init(path: path(set) + "/versions/\(number)")).body
                if common.output.json { return Console.json(body) }
                Console.print(body["text"]?.stringValue ?? "")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the sets.")

        @OptionGroup var list: ListOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let columns = [
                Column("set", "name"), Column("active", "active_version"), Column("latest", "latest_version"),
                Column("changed", "updated_at"),
            ]
            try await common.list("/v1/policy-sets", [], list, columns)
        }
    }

    struct Versions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the versions of a set, oldest first.")

        @Argument(help: "Name of the set.")
        var set: String
        @OptionGroup var list: ListOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let columns = [
                Column("version", "version"), Column("state", "state"), .caller("author", "author"),
                Column("drafted", "created_at"), Column("activated", "activated_at"), Column("note", "note"),
            ]
            try await common.list(path(set) + "/versions", [], list, columns, of: path(set))
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a set with all its versions.")

        @Argument(help: "Name of the set.")
        var set: String
        @OptionGroup var write: DeleteOptions
        @OptionGroup var common: CommonOptions

        func run() async throws { try await common.delete(path(set), write, "policy set \(set) is deleted") }
    }
}

extension ClusterClient {
    func draft(
        _ set: String,
        _ text: String,
        note: String,
        isStrict: Bool,
        headers: [(String, String)] = []
    ) async throws -> Reply {
        var body = [JSONMember(name: "text", value: .string(text)), JSONMember(name: "note", value: .string(note))]
        // A node of an earlier version does not know the member.
        if isStrict { body.append(JSONMember(name: "strict", value: true)) }
        let path = PolicyCommand.path(set) + "/versions"
        return try await send(.init(method: .post, path: path, headers: headers, body: .object(body)))
    }

    /// - Parameter rollout: How it is rolled out; nil puts it in force at once.
    func activate(
        _ set: String,
        version: Int64,
        rollout: JSONValue? = nil,
        headers: [(String, String)] = []
    ) async throws -> Reply {
        let path = PolicyCommand.path(set) + "/activate"
        let plain = [JSONMember(name: "version", value: .integer(version))]
        let body = plain + (rollout.map { [JSONMember(name: "rollout", value: $0)] } ?? [])
        return try await send(.init(method: .post, path: path, headers: headers, body: .object(body)))
    }

    /// Puts a version in force that has just been drafted.
    func activateDraft(_ set: String, version: Int64) async throws -> Reply {
        do { return try await activate(set, version: version) } catch {
            throw CommandError(
                "\(set) version \(version) is drafted and \(error.rulesOutWrite ? "not" : "perhaps") in force: \(error)",
                advice: """
                    put it in force with `reeve policy activate \(set) \(version)`: to draft the text again makes another \
                    version of it
                    """
            )
        }
    }
}

/// Cedar text in a file.
enum PolicyText {
    static func load(_ path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError("there is no such file, or it cannot be read", at: path)
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw CommandError("is not text in UTF-8", at: path)
        }
        return text
    }
}
