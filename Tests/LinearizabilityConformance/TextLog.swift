import Linearizability

/// A log of a test of a store of texts, one map of EDN a line:
/// `{:process 0, :type :invoke|:ok|:fail|:info, :f :get|:put|:append, :key "0", :value "x"}`.
enum TextLog {
    static func history(of text: String) throws(BadCase) -> [RecordedOperation<String, TextModel>] {
        var builder = HistoryBuilder<TextModel>()
        for line in text.split(whereSeparator: \.isNewline) { try read(fields(of: line), into: &builder) }
        return builder.finish()
    }

    private static func read(
        _ fields: [String: String],
        into builder: inout HistoryBuilder<TextModel>
    ) throws(BadCase) {
        guard let client = fields["process"].flatMap({ Int($0) }), let type = fields["type"],
            let function = fields["f"], let key = fields["key"], let value = fields["value"]
        else { throw BadCase("a line lacks a field: \(fields.sorted { $0.key < $1.key })") }
        switch (type, function) {
        case (":invoke", ":get"): builder.called(client, key, .get)
        case (":invoke", ":put"): builder.called(client, key, .put(value))
        case (":invoke", ":append"): builder.called(client, key, .append(value))
        case (":ok", ":get"): try builder.answered(client, .text(value))
        case (":ok", ":put"), (":ok", ":append"): try builder.answered(client, .done)
        case (":info", _),
            (":fail", _) where value == ":timed-out":
            try builder.lost(client)
        case (":fail", _): try builder.refused(client)
        default: throw BadCase("unknown line '\(type) \(function)'")
        }
    }

    /// Values of a map whose keys are keywords and whose values are texts, keywords, numbers or nil.
    private static func fields(of line: Substring) throws(BadCase) -> [String: String] {
        guard line.first == "{", line.last == "}" else { throw BadCase("'\(line)' is not a map") }
        var rest = line.dropFirst().dropLast()
        var fields: [String: String] = [:]
        while let start = rest.firstIndex(of: ":") {
            rest = rest[rest.index(after: start)...]
            let name = rest.prefix { $0 != " " }
            rest = rest.dropFirst(name.count).drop { $0 == " " }
            fields[String(name)] = try value(from: &rest)
        }
        return fields
    }

    private static func value(from rest: inout Substring) throws(BadCase) -> String {
        guard rest.first == "\"" else {
            let word = rest.prefix { $0 != "," && $0 != " " }
            rest = rest.dropFirst(word.count)
            return String(word)
        }
        rest = rest.dropFirst()
        var value = ""
        while let character = rest.popFirst() {
            if character == "\"" { return value }
            value.append(character == "\\" ? rest.popFirst() ?? character : character)
        }
        throw BadCase("a text does not end")
    }
}
