import Foundation
import Testing

/// A guide shows a program that is built with everything else, so that what people copy compiles.
@Suite("Guides") struct GuideTests {
    @Test(
        "show their programs as they are",
        arguments: [
            ("client.md", "ClientExample/Gateway.swift"), ("cedar-library.md", "CedarExample/Example.swift"),
        ]
    )
    func programs(guide: String, program: String) throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let code = try String(contentsOf: tests.appending(path: program), encoding: .utf8)
        let guides = tests.deletingLastPathComponent().appending(path: "docs/guides")
        let text = try String(contentsOf: guides.appending(path: guide), encoding: .utf8)
        let lines = code.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "    " + $0 }
        let shown = lines.joined(separator: "\n")
        #expect(!shown.isEmpty && text.contains(shown), "\(guide) shows another program than Tests/\(program)")
    }
}
