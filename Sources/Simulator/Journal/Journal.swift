internal import JSON

/// What many seeds came to, a line each as they finish, so that a run over them that was interrupted goes on where it stood.
///
/// The first line says which run it is of; a journal goes on with no other, since its totals would mean nothing. The rest
/// are the seeds in their order, without a gap. A last line that was cut off counts as one that was never written.
package struct Journal: Sendable {
    package let entries: [JournalEntry]
    /// How much of the text is whole lines, in bytes. What follows is to be overwritten.
    package let byteCount: Int

    /// - Parameters:
    ///   - bytes: None for one that is to be begun.
    ///   - file: What errors call it.
    package init(_ bytes: [UInt8], _ file: String, of subject: JournalSubject) throws(BundleFlaw) {
        byteCount = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        // Whatever else it may be is not to be overwritten.
        guard byteCount > 0 || subject.header.utf8.starts(with: bytes) else { throw JournalSubject.notOne(file) }
        let lines = String(decoding: bytes[..<byteCount], as: UTF8.self).split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
        if byteCount > 0 { try subject.check(lines[0], file) }
        var entries: [JournalEntry] = []
        for (offset, line) in lines.enumerated().dropFirst().dropLast() {
            let value = try BundleFields.parse(line, file, line: offset + 1)
            let fields = try BundleFields(value, file, at: "line \(offset + 1)", known: JournalEntry.fields)
            let entry = try JournalEntry(fields)
            guard UInt64(entries.count) <= subject.last - subject.first else {
                throw fields.flaw("seed", .badValue("the seeds end with \(subject.last)"))
            }
            let due = subject.first + UInt64(entries.count)
            guard entry.seed == due else {
                throw fields.flaw("seed", .badValue("expected \(due), found \(entry.seed)"))
            }
            entries.append(entry)
        }
        self.entries = entries
    }
}

/// What a journal is of: which seeds of what, by which build.
package struct JournalSubject: Sendable {
    package let build: String
    package let scenario: Scenario
    package let first: UInt64
    package let last: UInt64

    private static let format = "reeve simulation journal"
    private static let version: Int64 = 1
    private static let fields = ["format", "version", "build", "first", "last", "scenario"]

    package init(build: String, scenario: Scenario, first: UInt64, last: UInt64) {
        self.build = build
        self.scenario = scenario
        self.first = first
        self.last = last
    }

    /// The first line, with its line feed.
    package var header: String {
        let value: JSONValue = [
            "format": .string(Self.format), "version": .integer(Self.version), "build": .string(build),
            "first": .string("\(first)"), "last": .string("\(last)"), "scenario": scenario.json,
        ]
        return "\(value)\n"
    }

    /// - Throws: Where the journal is of something else.
    func check(_ line: Substring, _ file: String) throws(BundleFlaw) {
        let value = try BundleFields.parse(line, file, line: 1)
        guard value["format"]?.stringValue == Self.format else { throw Self.notOne(file) }
        let fields = try BundleFields(value, file, at: "line 1", known: Self.fields)
        guard try fields.number("version", in: 0 ... .max) == Self.version else {
            throw fields.flaw("version", .badValue("this reeve reads version \(Self.version)"))
        }
        try expect(build, "build", fields)
        let (from, to) = (try fields.text("first"), try fields.text("last"))
        guard (from, to) == ("\(first)", "\(last)") else {
            throw fields.flaw("first", .badValue("the journal is of seeds \(from)..\(to), not \(first)..\(last)"))
        }
        let found = try fields.object("scenario", known: Scenario.fields)
        for member in scenario.json.objectValue ?? [] where value["scenario"]?[member.name] != member.value {
            let other = value["scenario"]?[member.name].map { "\($0)" } ?? "nothing"
            throw found.flaw(member.name, .badValue("the journal is of a run with \(other), not \(member.value)"))
        }
    }

    static func notOne(_ file: String) -> BundleFlaw {
        BundleFlaw(file: file, place: "line 1", reason: .badValue("this is not a journal of 'reeve sim run'"))
    }

    private func expect(_ text: String, _ name: String, _ fields: BundleFields) throws(BundleFlaw) {
        let found = try fields.text(name)
        guard found == text else { throw fields.flaw(name, .badValue("the journal is of '\(found)', not '\(text)'")) }
    }
}
