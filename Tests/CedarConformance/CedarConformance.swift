import Foundation

/// Runs the Cedar conformance cases of a folder: `CedarConformance DIR [--only SUITE]`.
///
/// Prints a line for each case that fails and for each reason to skip cases, and closes with `N passed, N failed, N skipped`.
@main
enum CedarConformance {
    static let suites: [(name: String, run: @Sendable (Folder, inout Tally) throws -> Void)] = [
        ("handwritten", AuthorizationSuite.handwritten),
        ("corpus", AuthorizationSuite.corpus),
        ("examples", ExampleSuite.run),
        ("probes", ProbeSuite.run),
        ("mined", MinedSuite.run),
        ("forms", FormSuite.run),
        ("corpus-validation", ValidationSuite.run),
        ("corpus-json-schemas", SchemaSuite.run),
    ]

    static func main() {
        var arguments = Array(CommandLine.arguments.dropFirst())
        var only: String?
        if let flag = arguments.firstIndex(of: "--only"), flag + 1 < arguments.count {
            only = arguments[flag + 1]
            arguments.removeSubrange(flag...(flag + 1))
        }
        guard arguments.count == 1, only == nil || suites.contains(where: { $0.name == only }) else {
            print("usage: CedarConformance DIR [--only \(suites.map(\.name).joined(separator: "|"))]")
            exit(2)
        }
        let folder = Folder(path: arguments[0])
        guard folder.exists else {
            print("there is no folder \(folder.path)")
            print("0 passed, 0 failed")
            exit(0)
        }
        exit(run(folder, only: only) ? 0 : 1)
    }

    /// Whether nothing failed.
    private static func run(_ folder: Folder, only: String?) -> Bool {
        var total = Tally(suite: "all")
        for suite in suites where only == nil || only == suite.name {
            var tally = Tally(suite: suite.name)
            do {
                try suite.run(folder, &tally)
            } catch {
                tally.fail("the suite itself", "\(error)")
            }
            tally.printSummary()
            total.add(tally)
        }
        print("\(total.passed) passed, \(total.failed) failed, \(total.skipped) skipped")
        return total.failed == 0
    }
}
