import Simulator

/// What of the run of a bundle is needed for it to fail, worked out and kept in the bundle.
struct Minimisation {
    let folder: BundleFolder
    private(set) var bundle: Simulator.Bundle
    private(set) var minimiser: Minimiser

    /// - Throws: `CommandError` where the run does not fail in this build, or fails otherwise.
    init(of folder: BundleFolder) throws {
        bundle = try folder.read()
        guard let minimiser = Minimiser(bundle.options()) else {
            throw CommandError(
                "the run does not fail in this build",
                at: folder.path,
                advice: "It failed in \(bundle.manifest.build)."
            )
        }
        let found = bundle.manifest.finding.violation.invariant
        guard minimiser.best.report.violation?.invariant == found else {
            let other = minimiser.best.report.violation.map { "\($0)" } ?? ""
            throw CommandError("the run violates \(other), not \(found.rawValue)", at: folder.path)
        }
        self.folder = folder
        self.minimiser = minimiser
    }

    /// Until nothing more can be left out, a bound is reached or Ctrl-C has come, and writes what is best by then.
    mutating func run(seconds: Double, attempts: Int? = nil) throws {
        var progress = MinimisationProgress(choices: minimiser.best.choices.count)
        let deadline = ContinuousClock.now + .seconds(seconds)
        minimiser.minimise { step in
            progress.note(step)
            return !Interrupt.hasCome && ContinuousClock.now < deadline && step.attempts < attempts ?? .max
        }
        progress.finish()
        bundle.replaceMinimal(by: minimiser.best, attempts: minimiser.attempts, isDone: minimiser.isDone)
        try folder.write(bundle)
    }

    /// For people: what is left, a choice a line, and what it violates.
    var text: String {
        let choices = minimiser.best.choices.sorted { $0.time < $1.time }
        let ending =
            minimiser.isDone
            ? "nothing more can be left out"
            : "not tried to the end; reeve sim minimise \(folder.path) goes on"
        let head = "\(bundle.choices.count) choices, \(choices.count) left after \(minimiser.attempts) runs: \(ending)"
        return ([head] + choices.map { "  \($0)" } + ["violates \(bundle.finding().violation)"]).joined(separator: "\n")
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
