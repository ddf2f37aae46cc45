import Kernel
import Simulator
import Testing

@Suite("Faults that cannot happen")
struct FaultFlawTests {
    private func at(_ seconds: UInt64, _ fault: Fault) -> TimedFault {
        TimedFault(at: Instant(microseconds: seconds * 1_000_000), fault)
    }

    private func flaw(_ fault: Fault, nodes: Int = 3, spares: Int? = nil, draws: Bool = false) -> FaultFlaw? {
        let scenario = Scenario(
            name: "one",
            nodeCount: nodes,
            spareCount: spares,
            faults: [at(2, fault)],
            drawsFaults: draws
        )
        #expect((scenario.flaw == nil) == (scenario.flaw(ofFault: 0) == nil), "a world refuses what a file refuses")
        return scenario.flaw(ofFault: 0)
    }

    @Test("a machine that is not there does not lie", arguments: Liar.members)
    func liars(role: Liar) {
        #expect(flaw(.byzantine(role, for: .seconds(1)))?.path == [.field("role")])
        #expect(flaw(.byzantine(role, for: .seconds(1)), spares: 1) == nil)
        #expect(flaw(.byzantine(role, for: .seconds(1)), draws: true) == nil, "a seed may have some")
    }

    @Test("nobody is cut off from itself, or stands on two sides")
    func topology() {
        #expect(flaw(.cut(from: .node(0), to: .node(0)))?.path == [.field("to")])
        #expect(flaw(.cut(from: .leader, to: .leader)) != nil)
        #expect(flaw(.cut(from: .leader, to: .node(0))) == nil)
        #expect(flaw(.split([[.node(0), .node(1)], [.node(1)]]))?.path == [.item(1), .item(0)])
        #expect(flaw(.split([[.node(0), .node(0)]]))?.path == [.item(0), .item(1)])
        #expect(flaw(.split([]))?.message == "all are on one side")
        #expect(flaw(.split([[.node(0), .node(1), .node(2)]])) != nil)
        #expect(flaw(.split([[.node(0), .node(1), .node(2)]]), spares: 1) == nil)
        #expect(flaw(.split([[.node(0)], [.node(1)]])) == nil)
        #expect(flaw(.isolate(.node(0)), nodes: 1) != nil)
    }

    @Test("what was not backed up before is not restored")
    func backups() {
        func flaws(_ faults: [TimedFault]) -> [FaultFlaw?] {
            let scenario = Scenario(name: "restore", faults: faults, drawsFaults: false)
            return faults.indices.map { scenario.flaw(ofFault: $0) }
        }
        #expect(flaws([at(2, .restoreBackup(.merged))])[0] != nil)
        #expect(flaws([at(2, .restoreBackup(.merged)), at(3, .backup(.leader))])[0] != nil)
        #expect(flaws([at(2, .backup(.leader)), at(3, .restoreBackup(.merged))]) == [nil, nil])
    }

    @Test("faults that were due and did not happen are told apart from those that did")
    func missed() throws {
        let scenario = Scenario(
            name: "missed",
            duration: .seconds(10),
            operationsPerSecond: 5,
            faults: [
                at(2, .crash(.node(1), .power, downFor: .seconds(6))),
                at(3, .crash(.node(1), .power, downFor: .seconds(1))),
                at(4, .crashWhenElected(.power, downFor: .seconds(1))), at(5, .isolate(.node(2))),
            ],
            drawsFaults: false
        )
        let report = Fixtures.report(seed: 1, scenario: scenario)
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        #expect(report.missedFaults == [1, 2], "a machine that is down crashes no more, and nobody is elected")
        var totals = RunTotals(possible: .possible(in: scenario))
        let entry = JournalEntry(report, beyond: Coverage())
        totals.add(entry)
        totals.add(entry)
        #expect(totals.missedFaults == [1: 2, 2: 2])
    }
}
