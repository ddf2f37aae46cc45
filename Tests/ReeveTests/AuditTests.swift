import JSON
import Testing

@testable import reeve

@Suite("Decision logs as people see them") struct AuditTests {
    @Test("a row says what came of a search, and what was to be done") func table() {
        let entry: JSONValue = [
            "time": "2026-01-31T09:05:00.250Z", "node": "n1", "search": false, "obligations": ["approval", "receipt"],
            "policies": ["sample/readers"],
        ]
        let found: JSONValue = ["search": true, "obligations": []]
        let table = Table([entry, found], AuditCommand.Decisions.columns)
        let shown = table.rows.map { row in Dictionary(uniqueKeysWithValues: zip(table.titles, row)) }
        #expect(shown.map { $0["kind"] } == ["evaluation", "search"])
        #expect(shown.map { $0["obligations"] } == ["approval, receipt", ""])
        #expect(shown.first?["policies"] == "sample/readers")
    }
}
