import Simulator
import Testing

@testable import reeve

@Suite("Faults of scenario files")
struct ScenarioFaultTests {
    private func flaw(_ faults: String, _ rest: String = "") -> ScenarioFile.Flaw? {
        #expect(throws: ScenarioFile.Flaw.self) {
            try ScenarioFile.parse("name: one\nnodes: 3\nfaults:\n\(faults)\n\(rest)")
        }
    }

    @Test(
        "what can never happen is refused where it stands",
        arguments: [
            ("  - at: 2s\n    byzantine: {role: learner, for: 2s}", 5, 23, "no learner"),
            ("  - at: 2s\n    cut: {from: n1, to: n1}", 5, 25, "n1 cannot be cut off from itself"),
            ("  - at: 2s\n    split: [[n1, n2], [n2, n3]]", 5, 24, "n2 is named twice"),
            ("  - at: 2s\n    split: [[n1, n2, n3]]", 5, 12, "all are on one side"),
            (
                "  - at: 4s\n    backup: n1\n  - at: 2s\n    restore_backup: {revocations: lost}", 7, 21,
                "there is no backup before it"
            ),
        ]
    )
    func impossible(faults: String, line: Int, column: Int, message: String) {
        let flaw = flaw(faults)
        #expect(flaw?.line == line)
        #expect(flaw?.column == column)
        #expect(flaw?.message.contains(message) == true, "\(flaw?.message ?? "no flaw")")
    }

    @Test("and what can happen is not")
    func possible() throws {
        let text = """
            name: one
            nodes: 3
            spares: 1
            faults:
              - at: 1s
                split: [[n1], [n2]]
              - at: 2s
                byzantine: {role: learner, for: 2s}
              - at: 3s
                restore_backup: {revocations: lost}
              - at: 2s
                backup: n1
            """
        #expect(try ScenarioFile.parse(text).faults.count == 4)
    }
}
