import ArgumentParser
import Cedar
import Foundation

struct PolicyFormat: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "format",
        abstract: "Lay out Cedar text: indentation and line ends, nothing else.",
        discussion: """
            Policies and comments stay what they are; formatting twice changes nothing more. Prints the result, or with \
            --in-place rewrites the files. With --check exit status 1 says that a file is not formatted. Needs no cluster.
            """
    )

    @Argument(help: "Files with Cedar text; - is standard input.", completion: .file(extensions: ["cedar"]))
    var files: [String]
    @Flag(help: "Rewrite the files that are not formatted.")
    var inPlace = false
    @Flag(help: "Change and print nothing but the names of files that are not formatted.")
    var check = false
    @Option(help: ArgumentHelp("How long lines may be, where they can be broken.", valueName: "characters"))
    var width = FormatOptions.standard.lineWidth
    @Option(help: ArgumentHelp("How far each level is indented, 0 to 16.", valueName: "spaces"))
    var indent = FormatOptions.standard.indentation

    func validate() throws {
        guard !(inPlace && check) else { throw ValidationError("--in-place and --check exclude each other.") }
        guard inPlace || check || files.count == 1 else {
            throw ValidationError("Several files can only be formatted with --in-place or --check.")
        }
        guard !inPlace || !files.contains("-") else { throw ValidationError("Standard input cannot be rewritten.") }
        guard (20...1000).contains(width) else { throw ValidationError("--width must be from 20 to 1000.") }
        guard (0...16).contains(indent) else { throw ValidationError("--indent must be from 0 to 16.") }
    }

    func run() throws {
        var areFormatted = true
        for path in files {
            let file = try PolicyFile(path)
            let text = try file.text()
            let formatted = try format(file, text)
            if !inPlace, !check { Console.print(formatted) }
            guard formatted != text else { continue }
            areFormatted = false
            if check { Console.line(path) }
            if inPlace { try rewrite(path, formatted) }
        }
        if check, !areFormatted { throw ExitCode.failure }
    }

    private func format(_ file: PolicyFile, _ text: String) throws -> String {
        guard !file.isJSON else {
            throw CommandError(
                "is JSON; only Cedar text is formatted",
                at: file.path,
                advice: "`reeve policy translate` makes Cedar text of it"
            )
        }
        do {
            return try formatPolicies(text, FormatOptions(lineWidth: width, indentation: indent))
        } catch {
            guard !file.isSchema else { throw CommandError("is a schema; only policies are formatted", at: file.path) }
            Console.progress(error.excerpts(file: file.path))
            throw ExitCode.failure
        }
    }

    private func rewrite(_ path: String, _ text: String) throws {
        do {
            // A link stays one: what it points to is rewritten.
            let file = URL(fileURLWithPath: path).resolvingSymlinksInPath()
            try Data(text.utf8).write(to: file, options: .atomic)
        } catch {
            throw CommandError("cannot be written: \(error.localizedDescription)", at: path)
        }
        Console.line("\(path) is formatted")
    }
}
