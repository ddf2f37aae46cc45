import Kernel
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

    @Test(
        "a condition that nobody knows, or that nothing can bring about, is refused where it stands",
        arguments: [
            ("  - when: full_moon\n    isolate: n1", 4, 11, "expected leader_elected"),
            ("  - when: {after_fault: earthquake}\n    isolate: n1", 4, 25, "unknown fault"),
            ("  - when: {revision_reaches: soon}\n    isolate: n1", 4, 30, "expected a number"),
            ("  - when: {after_fault: crash}\n    isolate: n1", 4, 11, "no other fault of that kind"),
            ("  - at: 2s\n    delay: 1s\n    isolate: n1", 5, 12, "means nothing without 'when'"),
            ("  - isolate: n1", 4, 5, "field 'at' is missing"),
        ]
    )
    func conditions(faults: String, line: Int, column: Int, message: String) {
        let flaw = flaw(faults)
        #expect(flaw?.line == line)
        #expect(flaw?.column == column, "\(flaw?.message ?? "no flaw")")
        #expect(flaw?.message.contains(message) == true, "\(flaw?.message ?? "no flaw")")
    }

    @Test("every fault and every condition that a file can name")
    func all() throws {
        let text = """
            name: all
            nodes: 3
            zones:
              - nodes: [n1, n2]
              - nodes: [n3]
                latency: 40ms
            faults:
              - at: 1s
                crash_loop: {node: n1, times: 3, every: 500ms}
              - at: 2s
                pause: {node: leader, for: 3s}
              - at: 3s
                fill_disk: {node: n2, for: 2s}
              - at: 4s
                fail_write: {node: n2, for: 2s}
              - at: 5s
                misdirect_write: {node: n3, back: 4}
              - at: 6s
                clog: {from: n1, to: leader, for: 2s}
              - at: 7s
                network: {bandwidth: 20000}
              - at: 8s
                when: leader_elected
                delay: 20ms
                isolate: leader
              - when: {after_fault: crash_loop}
                heal: network
              - when: {revision_reaches: 40}
                repair: all
            """
        let scenario = try ScenarioFile.parse(text)
        #expect(scenario.flaw == nil)
        #expect(scenario.zones == [Zone([0, 1], latency: .zero), Zone([2], latency: .milliseconds(40))])
        #expect(scenario.faults.map(\.fault).contains(.misdirectWrite(.node(2), back: 4)))
        let waiting = scenario.faults.filter { $0.occasion != nil }
        #expect(waiting.map(\.occasion) == [.faultHappened("crashLoop"), .revisionReached(40), .leaderElected])
        #expect(waiting.last?.delay == .milliseconds(20))
    }

    @Test("a machine stands in one zone, and latencies have a bound")
    func zones() {
        func flaw(_ zones: String) -> ScenarioFile.Flaw? {
            #expect(throws: ScenarioFile.Flaw.self) { try ScenarioFile.parse("name: one\nzones:\n\(zones)\n") }
        }
        #expect(flaw("  - nodes: [n1]\n  - nodes: [n2, n1]")?.column == 17)
        #expect(flaw("  - nodes: [leader]")?.message == "expected n1 to n3")
        #expect(flaw("  - nodes: [n1]\n    latency: 1h")?.line == 4)
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
