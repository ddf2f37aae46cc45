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
        let folder = BundleFolder(path: path)
        var bundle = try folder.read()
        guard var minimiser = Minimiser(bundle.options()) else {
            throw CommandError(
                "the run does not fail in this build",
                at: path,
                advice: "It failed in \(bundle.manifest.build)."
            )
        }
        let found = bundle.manifest.finding.violation.invariant
        guard minimiser.best.report.violation?.invariant == found else {
            let other = minimiser.best.report.violation.map { "\($0)" } ?? ""
            throw CommandError("the run violates \(other), not \(found.rawValue)", at: path)
        }
        Interrupt.watch()
        var progress = MinimisationProgress(choices: minimiser.best.choices.count)
        let deadline = ContinuousClock.now + .seconds(seconds)
        minimiser.minimise { step in
            progress.note(step)
            return !Interrupt.hasCome && ContinuousClock.now < deadline && step.attempts < attempts ?? .max
        }
        progress.finish()
        bundle.replaceMinimal(by: minimiser.best, attempts: minimiser.attempts, isDone: minimiser.isDone)
        try folder.write(bundle)
        show(bundle, minimiser)
    }

    private func show(_ bundle: Simulator.Bundle, _ minimiser: Minimiser) {
        let choices = minimiser.best.choices.sorted { $0.time < $1.time }
        let finding = bundle.finding()
        guard !json else {
            let value: JSONValue = [
                "seed": .string("\(bundle.manifest.seed)"), "recorded": .integer(Int64(bundle.choices.count)),
                "left": .integer(Int64(choices.count)), "attempts": .integer(Int64(minimiser.attempts)),
                "isDone": .bool(minimiser.isDone), "finding": finding.json,
                "choices": .array(choices.map { .string($0.description) }),
            ]
            return Console.line("\(value)")
        }
        let ending =
            minimiser.isDone ? "nothing more can be left out" : "not tried to the end; call again to go on"
        Console.line(
            "\(bundle.choices.count) choices, \(choices.count) left after \(minimiser.attempts) runs: \(ending)"
        )
        for choice in choices { Console.line("  \(choice)") }
        Console.line("violates \(finding.violation)")
        Console.line("look: reeve sim replay \(path)")
    }
}

/// How far a minimisation is, on standard error.
private struct MinimisationProgress {
    private let all: Int
    private let start = ContinuousClock.now
    private var bar = ProgressBar("minimise")

    init(choices: Int) { all = choices }

    mutating func note(_ step: Minimiser.Progress) {
        let seconds = Double((ContinuousClock.now - start).components.seconds)
        let tenths = seconds > 0 ? Int(Double(step.attempts) * 10 / seconds) : 0
        let rate = seconds > 0 ? ", \(tenths / 10).\(tenths % 10) runs/s" : ""
        bar.show(
            done: Int64(all - step.choicesLeft),
            of: Int64(max(all, 1)),
            note: "\(step.choicesLeft) choices left, \(step.attempts) runs\(rate), leaving out \(step.stage)"
        )
    }

    func finish() { bar.finish() }
}
