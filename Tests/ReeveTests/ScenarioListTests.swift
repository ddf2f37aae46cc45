import Foundation
import JSON
import Simulator
import Testing

@testable import reeve

@Suite("List of scenarios")
struct ScenarioListTests {
    private func folder(_ files: [String: String]) throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "reeve-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
        return folder
    }

    @Test("files that are scenarios, and those that are not with place and reason")
    func mixed() throws {
        let folder = try folder([
            "a.yaml": """
            name: two crashes
            nodes: 5
            spares: 1
            faults:
              - at: 2s
                crash: {node: leader, for: 1s}
              - at: 4s
                crash: {node: n2, for: 1s}
              - at: 5s
                hang_disk: n1
            expect:
              - writes_resume_within: 5s
            """,
            "b.yml": "name: bad\nfaults:\n  - at: 2s\n    explode: n1\n",
            "notes.txt": "not a scenario",
        ])
        defer { try? FileManager.default.removeItem(at: folder) }
        let listing = try ScenarioListing.read(folder.path())
        #expect(listing.map { URL(filePath: $0.path).lastPathComponent } == ["a.yaml", "b.yml"])
        let scenario = try #require(listing[0].scenario)
        let cells = listing[0].cells(scenario)
        #expect(cells[0] == "two crashes")
        #expect(
            Array(cells.dropFirst(2))
                == ["5 + 1", "30", "10", "2 crash, hungDisk", "writes resume within 5000 ms"]
        )
        #expect(listing[1].scenario == nil)
        #expect(listing[1].flaw?.line == 4)
        #expect(listing[1].json["error"]?["message"]?.stringValue?.contains("unknown field 'explode'") == true)
        #expect(listing[0].json["scenario"]?["nodes"]?.integerValue == 5)
    }

    @Test("a folder that is not there is an error, one without scenarios is empty")
    func none() throws {
        #expect(throws: CommandError.self) { try ScenarioListing.read("/nowhere/at/all") }
        let folder = try folder([:])
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try ScenarioListing.read(folder.path()).isEmpty)
    }
}
