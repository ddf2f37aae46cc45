import Consensus
import Kernel
import Replica
import Simulator
import Testing

@Suite("Recording of a run")
struct RecordingTests {
    @Test("changes nothing of the run")
    func changesNothing() {
        var plain = Simulation(Fixtures.options(seed: 3))
        var recorded = Self.simulation(seed: 3)
        #expect(plain.run().traceHash == recorded.run().traceHash)
        #expect(plain.world.recording == nil)
    }

    @Test("holds what was received, what was lost, and what came to nobody", arguments: [4, 5])
    func fates(seed: UInt64) throws {
        var simulation = Self.simulation(seed: seed)
        #expect(simulation.run().verdict == .passed)
        let recording = try #require(simulation.world.recording)
        let received = recording.messages.count { $0.isReceived == true }
        let lost = recording.messages.count { $0.arrival == nil }
        let missed = recording.messages.count { $0.isReceived == false }
        #expect(received > 500)
        #expect(lost > 0)
        #expect(missed > 0)
        #expect(recording.messages.allSatisfy { $0.arrival ?? $0.time >= $0.time && $0.from != $0.to })
        #expect(recording.messages.allSatisfy { $0.isReceived != true || $0.arrival != nil })
        #expect(zip(recording.messages, recording.messages.dropFirst()).allSatisfy { $0.time <= $1.time })
    }

    @Test("says what each node was when it ended")
    func states() throws {
        var simulation = Self.simulation(seed: 3)
        #expect(simulation.run().verdict == .passed)
        let recording = try #require(simulation.world.recording)
        for (node, machine) in simulation.world.machines.enumerated() {
            let last = try #require(recording.states.last { $0.node == node }).content
            let replica = try #require(machine.process?.replica)
            #expect(last.isUp)
            #expect(last.role == "\(replica.role)")
            #expect(last.term == replica.term.number)
            #expect(last.committed == replica.commitIndex.number)
            #expect(last.applied == replica.applied.position.index.number)
        }
        // Each node lost its power at the end of the run.
        #expect(recording.states.contains { !$0.content.isUp })
        #expect(recording.states.contains { $0.content.role == "leader" })
    }

    @Test("keeps the newest part of a long run")
    func bounded() throws {
        var simulation = Self.simulation(seed: 3)
        #expect(simulation.run().verdict == .passed)
        let whole = try #require(simulation.world.recording)
        var options = Fixtures.options(seed: 3)
        options.recordsMessages = true
        options.recordedMessages = 100
        var other = Simulation(options)
        #expect(other.run().verdict == .passed)
        let part = try #require(other.world.recording)
        #expect(part.messages.count < 200)
        #expect(part.forgotten + part.messages.count == whole.messages.count)
        #expect(part.messages.map(\.text) == whole.messages.suffix(part.messages.count).map(\.text))
        #expect(part.messages.map(\.isReceived) == whole.messages.suffix(part.messages.count).map(\.isReceived))
        #expect(part.events.count < whole.events.count)
    }

    private static func simulation(seed: UInt64) -> Simulation {
        var options = Fixtures.options(seed: seed)
        options.recordsMessages = true
        return Simulation(options)
    }
}
