internal import JSON

/// A schedule as a file: one JSON object a line, in between a first line that says what it is and a last that says that it is
/// whole. Lines in between may be taken out by hand.
package enum ScheduleFile {
    private static let format = "reeve schedule"
    private static let ending: JSONValue = ["end": true]

    package static func text(_ choices: [Choice]) -> String {
        let header: JSONValue = ["format": .string(format), "version": .integer(Bundle.version)]
        return ([header] + choices.map(\.json) + [ending]).map { "\($0)\n" }.joined()
    }

    package static func parse(_ text: String, _ file: String) throws(BundleFlaw) -> [Choice] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard let first = lines.first else { throw BundleFlaw(file: file, place: "line 1", reason: .truncated) }
        let header = try BundleFields.parse(first, file, line: 1)
        try Bundle.check(header, format, file, at: "line 1")
        _ = try BundleFields(header, file, at: "line 1", known: ["format", "version"])
        var choices: [Choice] = []
        var keys: Set<ChoiceKey> = []
        for (offset, line) in lines.enumerated().dropFirst() where !line.isEmpty {
            let value = try BundleFields.parse(line, file, line: offset + 1)
            guard value != ending else {
                guard offset == lines.count - 1 else { throw flaw(file, offset + 2, "something follows the end") }
                return choices
            }
            let choice = try Choice(value, file, line: offset + 1)
            guard keys.insert(choice.key).inserted else { throw flaw(file, offset + 1, "this choice is there twice") }
            choices.append(choice)
        }
        throw BundleFlaw(file: file, place: "line \(lines.count + 1)", reason: .truncated)
    }

    private static func flaw(_ file: String, _ line: Int, _ text: String) -> BundleFlaw {
        BundleFlaw(file: file, place: "line \(line)", reason: .malformed(text))
    }
}
