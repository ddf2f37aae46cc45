import Consensus
import Directory
import Kernel
import Replica
import Simulator
import Wire

/// Small pieces of logs and histories.
enum Fixtures {
    static let members = (1...5).map { MemberID(high: UInt64($0), low: 0) }

    /// A chain of entries from index 1 on, one for each term, whose commands hold `mark`.
    static func entries(terms: [UInt64], mark: UInt8 = 0) -> [Entry] {
        var previous = Digest.zero
        return terms.enumerated().map { offset, term in
            let entry = Entry(
                position: LogPosition(term: Term(term), index: LogIndex(UInt64(offset) + 1)),
                time: VirtualClock.worldStart,
                previousHash: previous,
                payload: .command([mark, UInt8(offset)])
            )
            previous = entry.hash
            return entry
        }
    }

    static var base: SnapshotPoint {
        SnapshotPoint(
            position: .zero,
            hash: .zero,
            time: .distantPast,
            configuration: Configuration(voters: members)
        )
    }

    static func disk(_ entries: [Entry], term: UInt64 = 1) -> VirtualLogDisk {
        VirtualLogDisk(
            hardState: HardState(term: Term(term), vote: nil, commitIndex: .zero),
            base: base,
            entries: entries
        )
    }

    static func write(_ id: UInt64, _ entries: [Entry], term: UInt64? = nil) -> LogWrite {
        LogWrite(
            id: LogWrite.ID(id),
            hardState: term.map { HardState(term: Term($0), vote: nil, commitIndex: .zero) },
            entries: entries
        )
    }

    static func message(from: Int, to: Int, term: UInt64, _ body: Message.Body) -> Message {
        Message(
            lineage: Lineage(high: 1, low: 1),
            from: members[from],
            to: members[to],
            term: Term(term),
            body: body
        )
    }

    static func done(_ revision: UInt64) -> CommandResult.Done {
        CommandResult.Done(revision: LogIndex(revision), objectRevision: LogIndex(revision))
    }

    static func outcome(_ command: Digest, _ revision: UInt64) -> AppliedBatch.Outcome {
        AppliedBatch.Outcome(command: command, result: .done(done(revision)))
    }

    static func options(
        seed: UInt64,
        nodes: Int = 3,
        scenario: Scenario? = nil,
        intercept: WorldOptions.Intercept? = nil
    ) -> WorldOptions {
        var scenario = scenario ?? Scenario()
        scenario.nodeCount = nodes
        return WorldOptions(seed: seed, scenario: scenario, codec: ProtobufCodec(), intercept: intercept)
    }

    static func report(
        seed: UInt64,
        nodes: Int = 3,
        scenario: Scenario? = nil,
        intercept: WorldOptions.Intercept? = nil
    ) -> SeedReport {
        var simulation = Simulation(
            options(seed: seed, nodes: nodes, scenario: scenario, intercept: intercept)
        )
        return simulation.run()
    }
}

extension SeedReport {
    /// What a failed test prints: enough to see what happened without running it again.
    var story: String {
        "seed \(seed) of '\(scenario)': \(violation.map { "\($0)" } ?? "passed")\n"
            + lastEvents.suffix(40).joined(separator: "\n")
    }
}
