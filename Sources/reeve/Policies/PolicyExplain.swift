import ArgumentParser
import Cedar
import JSON

struct PolicyExplain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Decide a request by policy files, and say why.",
        discussion: """
            Needs no cluster. On a denial it names the permits that came closest, and what would make them apply. A \
            template decides by what --links links from it, or the JSON form that it is in. Policies in JSON have the lines \
            of the text that `reeve policy translate` makes of them. Exit status: 0 for allow, 3 for deny, 1 for an error.

            Example: reeve policy explain policies/ --entities entities.json --principal 'Agent::"bot"' \
            --action 'Action::"read"' --resource 'Doc::"d1"'
            """
    )

    @Argument(help: "Files with policies, or folders of them.", completion: .file(extensions: ["cedar", "json"]))
    var policies: [String]
    @OptionGroup var links: LinkOptions
    @Option(help: "File with entities, in Cedar's JSON form.", completion: .file(extensions: ["json"]))
    var entities: String?
    @Option(help: #"Who acts: Type::"id"."#)
    var principal: UIDArgument
    @Option(help: #"What it does: Action::"id"."#)
    var action: UIDArgument
    @Option(help: #"What it acts on: Type::"id"."#)
    var resource: UIDArgument
    @Option(help: ArgumentHelp("Context of the request, a JSON object in Cedar's form.", valueName: "json"))
    var requestContext: String?
    @OptionGroup var output: OutputOptions

    func run() throws {
        let world = try PolicyWorld(
            policies: policies,
            links: links.read(),
            entities: entities
        )
        let request = Request(
            principal: principal.uid,
            action: action.uid,
            resource: resource.uid,
            context: try requestContext.map(Self.context) ?? .empty
        )
        let outcome = world.explain(request)
        if output.json { Console.json(outcome.json) } else { Console.print(outcome.text) }
        guard outcome.isAllowed else { throw CheckCommand.denied }
    }

    private static func context(_ text: String) throws -> Record {
        do { return try EntityJSON.parseRecord(try JSONValue.parse(text)) } catch {
            throw CommandError("is no context: \(error)", at: "--request-context")
        }
    }
}

/// An entity's name on the command line, as policies write it.
struct UIDArgument: ExpressibleByArgument {
    let uid: EntityUID

    init?(argument: String) {
        guard let uid = EntityUID(cedar: argument) else { return nil }
        self.uid = uid
    }
}

extension EntityUID {
    /// `Type::"id"`.
    init?(cedar text: String) {
        guard case .literal(.entity(let uid))? = try? Expression.parse(text).kind else { return nil }
        self = uid
    }
}
