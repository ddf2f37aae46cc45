/// One case of a data-driven file: a command with arguments and lines of input, and the output that it must have.
struct Directive {
    let line: Int
    /// The whole first line.
    let command: String
    let verb: String
    /// Arguments without a value.
    let words: [String]
    private let values: [String: [String]]
    let input: [String]
    let expected: [String]
    /// Whether it is part of a trace, so that later ones depend on it.
    var isTrace: Bool { !["vote", "committed"].contains(verb) }

    /// `key=a` and `key=(a,b)`; nil when it is not there.
    func list(_ key: String) -> [String]? { values[key] }
    func value(_ key: String) -> String? { values[key]?.first }
    func number(_ key: String) -> Int? { value(key).flatMap { Int($0) } }
    func flag(_ key: String) -> Bool { value(key) == "true" || words.contains(key) }

    static func parse(_ text: String) -> [Directive] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)[...]
        var directives: [Directive] = []
        while let start = lines.firstIndex(where: { !$0.isEmpty && !$0.hasPrefix("#") }) {
            let head = lines[start...].prefix { $0 != "----" }
            lines = lines[min(head.endIndex + 1, lines.endIndex)...]
            let expected: ArraySlice<String>
            if lines.first == "----" {
                // A second line of the kind opens a block that ends with two of them.
                let body = lines.dropFirst()
                let end = body.indices.first { body[$0] == "----" && $0 + 1 < body.endIndex && body[$0 + 1] == "----" }
                expected = body[..<(end ?? body.endIndex)]
                lines = lines[min((end ?? body.endIndex) + 2, lines.endIndex)...]
            } else {
                expected = lines.prefix { !$0.isEmpty }
                lines = lines[expected.endIndex...]
            }
            let input = head.dropFirst().filter { !$0.hasPrefix("#") }
            directives.append(Directive(line: start + 1, head[start], input: Array(input), expected: Array(expected)))
        }
        return directives
    }

    private init(line: Int, _ command: String, input: [String], expected: [String]) {
        self.line = line
        self.command = command
        self.input = input
        self.expected = expected
        var words: [String] = []
        var values: [String: [String]] = [:]
        for argument in Self.arguments(command) {
            guard let equals = argument.firstIndex(of: "=") else {
                words.append(argument)
                continue
            }
            let value = argument[argument.index(after: equals)...].filter { $0 != "(" && $0 != ")" && $0 != " " }
            values[String(argument[..<equals])] = value.split(separator: ",").map(String.init)
        }
        verb = words.first ?? ""
        self.words = Array(words.dropFirst())
        self.values = values
    }

    /// Splits at blanks outside of parentheses.
    private static func arguments(_ command: String) -> [String] {
        var arguments = [""]
        var depth = 0
        for character in command {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == " ", depth == 0 {
                arguments.append("")
            } else {
                arguments[arguments.count - 1].append(character)
            }
        }
        return arguments.filter { !$0.isEmpty }
    }
}
