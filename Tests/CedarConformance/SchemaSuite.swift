import Cedar
import JSON

/// Schemas in both forms: the JSON form means what the Cedar form of the same name means.
enum SchemaSuite {
    static func run(_ folder: Folder, _ tally: inout Tally) throws {
        guard folder.contains("corpus-json-schemas.tar.gz"), folder.contains("corpus.tar.gz") else {
            return tally.skip("no such archive", count: 1)
        }
        try folder.withUnpacked("corpus.tar.gz") { texts in
            try folder.withUnpacked("corpus-json-schemas.tar.gz") { root in
                for file in root.files(under: "corpus-tests-json-schemas", suffix: ".json") {
                    do {
                        tally.check(file, try problem(file, in: root, texts))
                    } catch {
                        tally.fail(file, "\(error)")
                    }
                }
            }
        }
    }

    private static func problem(_ file: String, in root: Folder, _ texts: Folder) throws -> String? {
        let name = file.split(separator: "/").last.map { $0.dropLast(".json".utf8.count) } ?? ""
        let written = try Schema.parse(try texts.text("corpus-tests/\(name)"))
        let read = try Schema.parseJSON(try root.bytes(file))
        return written == read ? try roundTripProblem(written) : "the two forms differ"
    }

    /// What a schema loses when it is written and read again; nil for nothing.
    static func roundTripProblem(_ schema: Schema) throws -> String? {
        let text = try schema.text()
        guard try Schema.parse(text) == schema else { return "written as another: \(text)" }
        let json = try schema.json()
        return try Schema.parseJSON(json.serialized()) == schema ? nil : "written as another: \(json)"
    }
}
