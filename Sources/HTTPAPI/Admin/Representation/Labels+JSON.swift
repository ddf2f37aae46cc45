internal import Directory
internal import JSON

extension Labels {
    /// An object with a member for each key; none where it is absent. The directory judges the grammar.
    init(reading reader: inout ObjectReader, _ name: String) throws(FieldError) {
        guard var section = try reader.optionalObject(name) else {
            self = .none
            return
        }
        var entries: [Entry] = []
        for key in section.names { entries.append(Entry(key, try section.string(key))) }
        guard let labels = Labels(entries) else { throw FieldError(section.path, "must name each key once") }
        self = labels
    }

    var json: JSONValue { .object(entries.map { JSONMember($0.key, $0.value) }) }
}
