import ArgumentParser
import Cedar
import JSON

struct PolicyTranslate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "translate",
        abstract: "Turn Cedar text into Cedar's JSON form of policies or of a schema, or back.",
        discussion: """
            Text becomes JSON, JSON becomes text; --to only makes sure of it. JSON has no comments. In text, names of \
            policies are kept as @id("…"), and a policy that is linked from a template stands there with its slots \
            filled; in JSON links are kept, and --links adds more. Schemas keep their annotations and common types. Needs no \
            cluster.
            """
    )

    enum Form: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    @Argument(
        help: "File with policies or a schema; - is standard input.",
        completion: .file(extensions: ["cedar", "cedarschema", "json"])
    )
    var file: String
    @Option(help: ArgumentHelp("The form to make: text or json.", valueName: "form"))
    var to: Form?
    @OptionGroup var links: LinkOptions

    func run() throws {
        let file = try PolicyFile(file)
        let result: Form = file.isJSON ? .text : .json
        guard to ?? result == result else {
            throw CommandError(
                file.isJSON ? "is JSON already" : "is Cedar text already",
                at: file.path,
                advice: file.isJSON || file.isSchema ? nil : "`reeve policy format` lays it out"
            )
        }
        Console.print(try translated(file, to: result))
    }

    private func translated(_ file: PolicyFile, to form: Form) throws -> String {
        do {
            guard !file.isSchema else {
                guard links.links == nil else {
                    throw CommandError("is a schema; --links is for policies", at: file.path)
                }
                return try translatedSchema(file, to: form)
            }
            var sets = [try file.policies()]
            _ = try links.read().link(in: &sets)
            let policies = sets[0]
            return switch form {
            case .text: try policies.text()
            case .json: try PolicyJSON.write(policies).prettyPrinted()
            }
        } catch let error as PolicyFileError {
            Console.progress("\(error)")
            throw ExitCode.failure
        } catch let error as CedarJSONError {
            throw CommandError(error.message, at: "\(file.path): \(error.path)")
        } catch let error as SchemaWriteError {
            throw CommandError("\(error)", at: file.path)
        }
    }

    private func translatedSchema(_ file: PolicyFile, to form: Form) throws -> String {
        let schema = try file.schema()
        return switch form {
        case .text: try schema.text()
        case .json: try schema.json().prettyPrinted()
        }
    }
}
