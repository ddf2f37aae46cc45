import Foundation
import Linearizability

/// Runs histories whose verdict is known: `LinearizabilityConformance DIR`, with `DIR/expected.tsv`.
///
/// Prints a line for each verdict that is wrong and closes with `N passed, N failed`.
@main
enum LinearizabilityConformance {
    private struct Case {
        let file: String
        let isLinearizable: Bool
    }

    static func main() {
        guard CommandLine.arguments.count == 2 else {
            print("usage: LinearizabilityConformance DIR")
            exit(64)
        }
        let folder = CommandLine.arguments[1]
        do {
            let cases = try cases(of: text(of: "\(folder)/expected.tsv"))
            let problems = cases.compactMap { one in
                problem(one, in: folder).map { "FAIL \(one.file): \($0)" }
            }
            for problem in problems { print(problem) }
            print("\(cases.count - problems.count) passed, \(problems.count) failed")
            exit(problems.isEmpty && !cases.isEmpty ? 0 : 1)
        } catch {
            print("FAIL \(error)\n0 passed, 1 failed")
            exit(1)
        }
    }

    private static func cases(of table: String) throws(BadCase) -> [Case] {
        var cases: [Case] = []
        for line in table.split(whereSeparator: \.isNewline).dropFirst() {
            let columns = line.split(separator: "\t").map(String.init)
            guard columns.count == 2, let verdict = Bool(columns[1]) else { throw BadCase("bad line '\(line)'") }
            cases.append(Case(file: columns[0], isLinearizable: verdict))
        }
        return cases
    }

    /// What is wrong with our verdict, nil if nothing.
    private static func problem(_ one: Case, in folder: String) -> String? {
        do {
            let text = try text(of: "\(folder)/\(one.file)")
            return one.file.hasPrefix("kv/")
                ? problem(try TextLog.history(of: text), against: TextModel(), one)
                : problem(try RegisterLog.history(of: text), against: RegisterLog.Model(), one)
        } catch {
            return "\(error)"
        }
    }

    private static func problem<Model>(
        _ history: [RecordedOperation<String, Model>],
        against model: Model,
        _ one: Case
    ) -> String? {
        switch LinearizabilityChecker(model: model).check(history) {
        case .linearizable: one.isLinearizable ? nil : "is not linearizable, and passed"
        case .violated(let violation): one.isLinearizable ? "is linearizable: \(violation)" : nil
        case .undecided(let key, let steps): "undecided after \(steps) steps for key '\(key)'"
        }
    }

    private static func text(of path: String) throws(BadCase) -> String {
        guard let data = FileManager.default.contents(atPath: path) else { throw BadCase("cannot read \(path)") }
        return String(decoding: data, as: UTF8.self)
    }
}
