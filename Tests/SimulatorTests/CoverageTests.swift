import Kernel
import Simulator
import Testing

@Suite("Coverage")
struct CoverageTests {
    private typealias Tuple = Coverage.Tuple

    @Test("a message under several faults counts for each of them, and under none for none")
    func noted() {
        var coverage = Coverage()
        coverage.note(.leader, .append, under: [FaultSet(.crash), FaultSet(.revocation)])
        coverage.note(.learner, .heartbeat, under: [])
        let expected = [
            Tuple(.leader, .append, .crash), Tuple(.leader, .append, .revocation), Tuple(.learner, .heartbeat, nil),
        ]
        #expect(coverage.tuples == expected)
        #expect(coverage.count == 3)
    }

    @Test("what runs have reached together, in common, and one alone")
    func sets() {
        let (one, other) = (Tuple(.follower, .append, nil), Tuple(.candidate, .voteResponse, .rot))
        var (first, second) = (Coverage(), Coverage())
        first.insert(one)
        second.insert(one)
        second.insert(other)
        #expect(first.intersection(second).tuples == [one])
        #expect(second.subtracting(first).tuples == [other])
        first.formUnion(second)
        #expect(first == second)
        #expect(first.subtracting(second).isEmpty)
        #expect(!first.isEmpty)
    }

    @Test("every tuple is read back from its text, and nothing else is one")
    func texts() {
        let all = Coverage.possible(in: Scenario()).tuples
        #expect(all.map { Tuple($0.description) } == all)
        #expect(Set(all.map(\.description)).count == all.count)
        for text in ["", "leader append", "leader append  none", "leader append crash crash", "king append none"] {
            #expect(Tuple(text) == nil, "'\(text)'")
        }
    }

    @Test("what has no duration is in force for a second, the rest until it is repaired")
    func inForce() {
        var faults = FaultsInForce()
        let (start, second) = (Instant(microseconds: 5_000_000), UInt64(1_000_000))
        func at(_ microseconds: UInt64) -> Instant { start.advanced(by: Span(microseconds: microseconds)) }
        #expect(faults.current(at: start) == [])
        faults.happened(.crash, at: start)
        faults.happened(.stop, at: at(second / 2))
        faults.lasting = FaultSet(.split)
        #expect(faults.current(at: at(second - 1)) == [FaultSet(.split), FaultSet(.crash), FaultSet(.stop)])
        #expect(faults.current(at: at(second)) == [FaultSet(.split), FaultSet(.stop)])
        faults.happened(.stop, at: at(second))
        #expect(faults.current(at: at(second * 2 - 1)) == [FaultSet(.split), FaultSet(.stop)])
        faults.lasting = []
        #expect(faults.current(at: at(second * 2)) == [])
    }

    /// Of a world in good order six seconds after its beginning: what is reached in the next two.
    private func reached(after faults: [Fault]) throws -> Set<FaultClass?> {
        var world = World(Fixtures.options(seed: 4, scenario: Scenario(name: "quiet", drawsFaults: false)))
        try world.run(until: Instant(microseconds: 6_000_000))
        world.coverage = Coverage()
        for fault in faults { try world.inject(fault) }
        try world.run(until: Instant(microseconds: 8_000_000))
        #expect(world.coverage.tuples.contains { $0.message == .heartbeat }, "the cluster did nothing")
        return Set(world.coverage.tuples.map(\.fault))
    }

    @Test(
        "a world knows which faults are in force",
        arguments: [
            (.isolate(.follower), .isolation), (.split([[.node(0)]]), .split),
            (.cut(from: .node(0), to: .node(1)), .cut), (.network(NetworkQuality(lossPPM: 1000)), .network),
            (.slowDisk(.follower, factor: 3), .slowDisk), (.hangDisk(.follower), .hungDisk),
        ] as [(Fault, FaultClass)]
    )
    func lasting(fault: Fault, kind: FaultClass) throws {
        #expect(try reached(after: [fault]) == [kind])
        let repair = try #require(fault.repair)
        #expect(try reached(after: [fault, repair]) == [nil])
        #expect(try reached(after: [fault, .repairAll]) == [nil])
    }

    @Test(
        "and what happened a moment ago",
        arguments: [
            (.crash(.follower, .power, downFor: .milliseconds(100)), .crash),
            (.crashDuringWrite(.leader, .process, downFor: .milliseconds(100)), .crashDuringWrite),
            (.stop(.follower, downFor: .milliseconds(100)), .stop),
            (.rotLog(.follower, entries: 5, sparing: 3), .rot), (.revokeAgents(count: 2), .revocation),
        ] as [(Fault, FaultClass)]
    )
    func passing(fault: Fault, kind: FaultClass) throws {
        #expect(try reached(after: [fault]) == [nil, kind])
    }

    @Test("a clock that is wrong is a fault until it is set right, and one that is a little off is none")
    func clocks() throws {
        #expect(try reached(after: [.stepClock(.node(1), milliseconds: 60_000)]) == [.clock])
        let steps: [Fault] = [.stepClock(.node(1), milliseconds: 60_000), .correctClocks]
        #expect(try reached(after: steps) == [nil])
    }

    @Test("what hits nothing is not in force")
    func nothing() throws {
        #expect(try reached(after: [.split([[], []])]) == [nil])
    }

    @Test("no seed reaches what is said to be impossible, and twenty reach a good part of the rest")
    func possible() {
        var all = Coverage()
        for seed in UInt64(1)...20 { all.formUnion(Fixtures.report(seed: seed).coverage) }
        let possible = Coverage.possible(in: Scenario())
        #expect(all.subtracting(possible).tuples == [])
        #expect(all.count * 4 > possible.count, "\(all.count) of \(possible.count)")
    }

    @Test("only what a scenario has is possible in it")
    func scenarios() {
        func possible(_ scenario: Scenario) -> Coverage { .possible(in: scenario) }
        let alone = Scenario(nodeCount: 1, spareCount: 0)
        #expect(possible(alone).isEmpty)
        let crash = TimedFault(at: .zero, .hangDisk(.leader))
        let quiet = possible(Scenario(faults: [crash], drawsFaults: false))
        #expect(Set(quiet.tuples.map(\.fault)) == [nil, .crash, .hungDisk])
        #expect(!quiet.tuples.contains { $0.role == .learner })
        let all = possible(Scenario())
        #expect(all.contains(Tuple(.learner, .append, .clock)))
        #expect(all.contains(Tuple(.learner, .voteResponse, nil)), "a machine that lies may say so")
        let honest = possible(Scenario(spareCount: 1, drawsFaults: false))
        #expect(honest.contains(Tuple(.learner, .append, nil)))
        #expect(!honest.contains(Tuple(.learner, .voteResponse, nil)))
        #expect(!possible(Scenario(spareCount: 0)).contains(Tuple(.learner, .append, nil)))
    }
}
