import Linearizability

/// Jepsen's log of a test of one register: `INFO  jepsen.util - CLIENT :invoke|:ok|:fail|:info :read|:write|:cas VALUE`.
enum RegisterLog {
    typealias Model = RegisterModel<Int>

    static func history(of text: String) throws(BadCase) -> [RecordedOperation<String, Model>] {
        var builder = HistoryBuilder<Model>()
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split { $0 == " " || $0 == "\t" }.drop { $0 != "-" }.dropFirst().map(String.init)
            // What is not of a client, such as a partition, is not an operation.
            guard words.count >= 3, let client = Int(words[0]) else { continue }
            try read(words[1], words[2], words[3...].joined(separator: " "), of: client, into: &builder)
        }
        return builder.finish()
    }

    private static func read(
        _ type: String,
        _ function: String,
        _ value: String,
        of client: Int,
        into builder: inout HistoryBuilder<Model>
    ) throws(BadCase) {
        switch (type, function) {
        case (":invoke", _): builder.called(client, "", try call(function, value))
        case (":info", _),
            (":fail", _) where value == ":timed-out":
            try builder.lost(client)
        case (":ok", ":read"): try builder.answered(client, .value(value == "nil" ? nil : try number(value)))
        case (":ok", ":write"): try builder.answered(client, .written)
        case (":ok", ":cas"): try builder.answered(client, .compared(matched: true))
        case (":fail", ":cas"): try builder.answered(client, .compared(matched: false))
        case (":fail", ":read"), (":fail", ":write"): try builder.refused(client)
        default: throw BadCase("unknown line '\(type) \(function) \(value)'")
        }
    }

    private static func call(_ function: String, _ value: String) throws(BadCase) -> Model.Call {
        switch function {
        case ":read": return .read
        case ":write": return .write(try number(value))
        case ":cas":
            let pair = value.split { "[ ]".contains($0) }.map(String.init)
            guard pair.count == 2 else { throw BadCase("'\(value)' is not a pair") }
            return .compareAndSet(expected: try number(pair[0]), new: try number(pair[1]))
        default: throw BadCase("unknown call '\(function)'")
        }
    }

    private static func number(_ text: String) throws(BadCase) -> Int {
        guard let number = Int(text) else { throw BadCase("'\(text)' is not a number") }
        return number
    }
}
