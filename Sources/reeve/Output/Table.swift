import JSON

/// Rows for people: columns as wide as they need to be, two spaces apart.
struct Table {
    let titles: [String]
    private(set) var rows: [[String]] = []

    init(_ titles: String...) { self.titles = titles }
    init(titles: [String]) { self.titles = titles }

    mutating func add(_ cells: String...) { rows.append(cells) }
    mutating func add(cells: [String]) { rows.append(cells) }

    /// With a line feed at the end; the titles alone where there is no row.
    var text: String {
        let lines = [titles.map { $0.uppercased() }] + rows.map { $0.map(Self.printable) }
        let widths = titles.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { cells in
            let padded = zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            var line = padded.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }

    /// Names come from others: nothing in them may steer the terminal.
    private static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.isControl ? "\u{fffd}" : $0 }))
    }
}

extension Unicode.Scalar.Properties {
    fileprivate var isControl: Bool { generalCategory == .control || generalCategory == .format }
}

/// A column of a table over JSON objects.
struct Column: Sendable {
    let title: String
    let cell: @Sendable (JSONValue) -> String

    /// The member of that name, as text.
    init(_ title: String, _ member: String) {
        self.title = title
        self.cell = { $0[member].map(\.cell) ?? "" }
    }

    init(_ title: String, _ cell: @escaping @Sendable (JSONValue) -> String) {
        self.title = title
        self.cell = cell
    }
}

extension Column {
    /// A member that names a caller or a fingerprint: long hexadecimal digits are cut to what tells two apart.
    static func caller(_ title: String, _ member: String) -> Column {
        Column(title) { item in
            (item[member]?.cell ?? "").replacing(/[0-9a-f]{64}/) { String($0.output.prefix(12)) }
        }
    }
}

extension Table {
    init(_ items: [JSONValue], _ columns: [Column]) {
        self.init(titles: columns.map(\.title))
        for item in items { add(cells: columns.map { $0.cell(item) }) }
    }
}

extension JSONValue {
    /// As it stands in a table: text as it is, lists with commas, an entity as `Type::"id"`.
    var cell: String {
        switch self {
        case .null: ""
        case .bool(let flag): flag ? "yes" : "no"
        case .integer(let number): String(number)
        case .decimal(let text), .string(let text): text
        case .array(let elements): elements.map(\.cell).joined(separator: ", ")
        case .object(let members):
            if members.count == 2, let type = self["type"]?.stringValue, let id = self["id"]?.stringValue {
                "\(type)::\"\(id)\""
            } else {
                members.map { "\($0.name)=\($0.value.cell)" }.joined(separator: " ")
            }
        }
    }
}
