import ArgumentParser
import Foundation

/// What takes minutes and needs real processes. The scripts of `Tests/long` prepare each.
@main struct LongRuns: AsyncParsableCommand {
    static let configuration = CommandConfiguration(subcommands: [Ages.self, BadInput.self, Attack.self])
}

/// On standard error, so that what is measured stands alone.
func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

/// What a run came to, with a verdict.
protocol RunReport {
    var text: String { get }
    var isMet: Bool { get }
}

/// Prints the report. Exit status: 0 met, 1 missed, 2 when the run has none.
func finish(_ outcome: Result<some RunReport, any Error>) throws {
    switch outcome {
    case .success(let report):
        print(report.text)
        if !report.isMet { throw ExitCode.failure }
    case .failure(let error):
        note("could not be run: \(error)")
        throw ExitCode(2)
    }
}
