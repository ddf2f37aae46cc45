import ArgumentParser
import Cedar
import Foundation
import JSON

struct PolicyDiff: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Replay recorded requests by two versions of policies, and report each decision that changes.",
        discussion: """
            OLD and NEW are files of policies, or folders of them; templates decide by what is linked from them. A decision \
            changes with yes or no, with its reason, with its obligations or advice, with the age of knowledge up to which \
            it holds, and with whether it holds for restricted principals. Requests are JSON, one a line: lines of a node's \
            decision log, or objects with principal, action, resource and context. The decision log holds no context, so \
            conditions on it come out by an empty one: where OLD does not come to what was recorded, that is told. Needs no \
            cluster. Exit status: 0 if nothing changes, 3 if something does, 1 for an error.
            """
    )

    @Argument(help: "The policies so far.")
    var old: String
    @Argument(help: "The policies to be.")
    var new: String
    @Option(help: "File with requests, one a line; - is standard input.")
    var requests: String
    @Option(help: "File with entities, in Cedar's JSON form.", completion: .file(extensions: ["json"]))
    var entities: String?
    @OptionGroup var links: LinkOptions
    @Option(
        help: ArgumentHelp("Link the templates of NEW by this file instead.", valueName: "file"),
        completion: .file(extensions: ["json"])
    )
    var newLinks: String?
    @OptionGroup var output: OutputOptions

    func run() throws {
        let entities = try entities.map(PolicyWorld.entities) ?? .empty
        let oldLinks = try links.read()
        let newLinks = try newLinks.map { try TemplateLinks($0) } ?? oldLinks
        let comparison = PolicyComparison(
            before: PolicyWorld(sets: try PolicyWorld.sets([old], links: oldLinks), entities: entities),
            after: PolicyWorld(sets: try PolicyWorld.sets([new], links: newLinks), entities: entities),
            try RecordedRequests(requests).requests
        )
        if output.json { Console.json(comparison.json) } else { Console.print(comparison.text) }
        if !comparison.changes.isEmpty { throw ExitCode(3) }
    }
}
