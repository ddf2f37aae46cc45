import ArgumentParser
import Foundation
import JSON
import Simulator

/// `reeve sim minimise`: what of a failing run is needed for it to fail.
struct MinimiseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "minimise",
        abstract: "Leave out of a failing run what it does not need to fail.",
        discussion: """
            Tries ever smaller parts of the run's choices (faults, losses, delays, what clients do) and keeps those that \
            violate the same invariant. What is left is printed, one choice a line, and written to the bundle. Ctrl-C and \
            the bounds end the search; the best so far stands, and the next call goes on from it.
            """
    )

    @Argument(help: ArgumentHelp("A folder that 'reeve sim run --bundle' has made.", valueName: "bundle"))
    var path: String

    @Option(help: "How long to try, in seconds.")
    var seconds = 60.0

    @Option(help: "How many runs to try at most.")
    var attempts: Int?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard seconds > 0 else { throw ValidationError("--seconds must be more than 0.") }
        guard attempts.map({ $0 > 0 }) ?? true else { throw ValidationError("--attempts must be more than 0.") }
    }

    func run() async throws {
        var minimisation = try Minimisation(of: BundleFolder(path: path))
        Interrupt.watch()
        try minimisation.run(seconds: seconds, attempts: attempts)
        show(minimisation)
    }

    private func show(_ minimisation: Minimisation) {
        guard json else {
            Console.line(minimisation.text)
            return Console.line("look: reeve sim replay \(path)")
        }
        let (bundle, minimiser) = (minimisation.bundle, minimisation.minimiser)
        let choices = minimiser.best.choices.sorted { $0.time < $1.time }
        let value: JSONValue = [
            "seed": .string("\(bundle.manifest.seed)"), "recorded": .integer(Int64(bundle.choices.count)),
            "left": .integer(Int64(choices.count)), "attempts": .integer(Int64(minimiser.attempts)),
            "isDone": .bool(minimiser.isDone), "finding": bundle.finding().json,
            "choices": .array(choices.map { .string($0.description) }),
        ]
        Console.line("\(value)")
    }
}
