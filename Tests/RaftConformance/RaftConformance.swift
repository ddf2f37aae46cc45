import Foundation

/// Runs the conformance cases of etcd's raft library: `RaftConformance DIR`.
///
/// Prints a line for each case that fails and for each reason to skip cases, and closes with `N passed, N failed, N skipped`.
@main
enum RaftConformance {
    static func main() {
        guard CommandLine.arguments.count == 2 else {
            print("usage: RaftConformance DIR")
            exit(2)
        }
        let folder = CommandLine.arguments[1]
        guard FileManager.default.fileExists(atPath: folder) else {
            print("there is no folder \(folder)")
            print("0 passed, 0 failed")
            exit(0)
        }
        let quorum = run("quorum", in: folder) { QuorumCase(file: $0).run }
        let changes = run("confchange", in: folder) { _ in
            var algebra = ChangeAlgebra()
            return { algebra.run($0) }
        }
        let interaction = run("interaction", in: folder) { _ in
            var group = TraceGroup()
            return { group.run($0) }
        }
        let all = [quorum, changes, interaction]
        let sums = (
            all.reduce(0) { $0 + $1.passed }, all.reduce(0) { $0 + $1.failed }, all.reduce(0) { $0 + $1.skipped }
        )
        print("\(sums.0) passed, \(sums.1) failed, \(sums.2) skipped")
        exit(sums.1 == 0 ? 0 : 1)
    }

    /// A file is run from its first directive on, with a fresh runner.
    private static func run(
        _ suite: String,
        in folder: String,
        _ makeRunner: (String) -> (Directive) -> Outcome
    ) -> Tally {
        var tally = Tally(suite: suite)
        let path = "\(folder)/\(suite)"
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        for name in names where name.hasSuffix(".txt") && !name.hasPrefix("._") {
            guard let text = try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) else {
                tally.fail(name, "cannot be read")
                continue
            }
            run(Directive.parse(text), of: name, makeRunner(name), &tally)
        }
        tally.printSummary()
        return tally
    }

    private static func run(
        _ directives: [Directive],
        of name: String,
        _ runner: (Directive) -> Outcome,
        _ tally: inout Tally
    ) {
        for (number, directive) in directives.enumerated() {
            switch runner(directive) {
            case .output(let lines):
                let problem = difference(Semantics.lines(lines), Semantics.lines(directive.expected))
                tally.check("\(name):\(directive.line) \(directive.command)", problem)
                // What follows a difference in a trace would differ for that reason alone.
                if problem != nil, directive.isTrace {
                    return tally.skip("after a failure in \(name)", count: directives.count - number - 1)
                }
            case .lacking(let feature):
                return tally.skip("\(name): \(feature)", count: directives.count - number)
            }
        }
    }

    private static func difference(_ actual: [String], _ expected: [String]) -> String? {
        guard actual != expected else { return nil }
        let place = zip(actual, expected).prefix { $0 == $1 }.count
        func line(_ lines: [String]) -> String { place < lines.count ? "'\(lines[place])'" : "nothing" }
        return "line \(place + 1) is \(line(actual)), expected \(line(expected))"
    }
}

/// What came of a directive.
enum Outcome {
    case output([String])
    /// The rest of the file depends on something that Reeve deliberately does not have.
    case lacking(String)
}

/// The semantic level of comparison: log lines do not count, and to print nothing is to print `ok`.
enum Semantics {
    static func lines(_ lines: [String]) -> [String] {
        lines.filter { line in
            let text = line.drop { $0 == " " }
            return !["DEBUG ", "INFO ", "WARN ", "ERROR "].contains { text.hasPrefix($0) } && line != "ok"
                && !line.isEmpty
        }
    }
}
