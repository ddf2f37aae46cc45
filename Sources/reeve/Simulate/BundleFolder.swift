import Foundation
import Simulator

/// A bundle as a folder.
struct BundleFolder {
    let path: String

    func read() throws -> Simulator.Bundle {
        do {
            return try Simulator.Bundle { name in
                let file = URL(filePath: path).appending(path: name)
                guard FileManager.default.fileExists(atPath: file.path()) else { return nil }
                return try String(contentsOf: file, encoding: .utf8)
            }
        } catch let flaw as BundleFlaw {
            throw CommandError("\(flaw)", at: path)
        } catch {
            throw CommandError(error.localizedDescription, at: path)
        }
    }

    /// Keeps what shows a failure again, for which the run is made once more.
    ///
    /// - Returns: Nil if it comes out otherwise then.
    static func keep(
        _ violation: Violation,
        of report: SeedReport,
        _ options: WorldOptions,
        replay: String,
        at path: String
    ) throws -> BundleFolder? {
        let failure = FailureReport(
            options,
            finding: Finding(violation, report),
            build: BuildIdentity.text,
            replay: replay
        )
        guard let failure, failure.traceHash == report.traceHash else { return nil }
        let folder = BundleFolder(path: path)
        try folder.create(failure)
        return folder
    }

    /// Where a picture of its run goes.
    var report: String { "\(path)/report.html" }

    /// What to do with it.
    func hint(isExplained: Bool) -> String {
        isExplained
            ? "bundle: \(path); look: \(report), reeve sim replay \(path)"
            : "bundle: \(path); reeve sim minimise \(path); reeve sim report \(path)"
    }

    /// Leaves out of its run what it does not need to fail, for so long at most, and writes a picture of what is left.
    ///
    /// - Returns: For people, what it takes.
    func explain(seconds: Double) throws -> String {
        var minimisation = try Minimisation(of: self)
        try minimisation.run(seconds: seconds)
        _ = try RunReport.write(try read().options(), replay: "reeve sim replay \(path)", to: report)
        return minimisation.text
    }

    /// Makes the folder. One that holds a bundle is written anew, any other that is not empty is left alone.
    func create(_ report: FailureReport) throws {
        let manager = FileManager.default
        let isBundle = manager.fileExists(
            atPath: URL(filePath: path).appending(path: Simulator.Bundle.manifestFile).path()
        )
        let names = (try? manager.contentsOfDirectory(atPath: path)) ?? []
        guard isBundle || names.isEmpty else {
            throw CommandError("the folder holds something other than a bundle", at: path)
        }
        try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
        try write(report.files)
        try write(report.bundle)
    }

    /// The manifest last: without it there is no bundle.
    func write(_ bundle: Simulator.Bundle) throws { try write(bundle.files) }

    private func write(_ files: [(name: String, text: String)]) throws {
        for file in files {
            try Data(file.text.utf8).write(to: URL(filePath: path).appending(path: file.name), options: .atomic)
        }
    }
}

extension Simulator.Bundle {
    /// What shows the failure: see `options(_:all:)`.
    func options(all: Bool = false) -> WorldOptions {
        options(WorldOptions(seed: manifest.seed, scenario: manifest.scenario), all: all)
    }
}
