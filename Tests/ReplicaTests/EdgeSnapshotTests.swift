import Consensus
import Decision
import Directory
import Gossip
import Kernel
import Replica
import Sealing
import Testing
import Wire

@Suite("An edge far behind") struct EdgeSnapshotTests {
    /// Three voters, and edges 3, 4 and 5, of which the last is away while the log goes on for longer than anybody keeps it.
    private static func group(keeping keepers: [Int] = []) throws -> SealingGroup {
        var group = SealingGroup(roots: Array(repeating: .zero, count: 6))
        group.run(.seconds(3))
        group.isolated = [5]
        let leader = try #require(group.leader)
        for round in 0..<50 {
            for request in 1...100 as ClosedRange<UInt64> {
                let deadline = group.now.monotonic.advanced(by: .seconds(10))
                let command = Array("command \(request) of round \(round)".utf8)
                group.step(
                    leader,
                    .submit([
                        ReplicaNode.Submission(
                            id: RequestID(request),
                            command: command,
                            level: .first,
                            deadline: deadline
                        )
                    ])
                )
            }
            group.run(.milliseconds(100))
        }
        group.run(.seconds(2))
        group.compact((0..<5).filter { !keepers.contains($0) })
        return group
    }

    private static func notes(_ group: SealingGroup, _ text: String) -> [Note] {
        group.effects.compactMap { node, effect -> Note? in
            guard node == 5, case .note(let note) = effect, note.message.contains(text) else { return nil }
            return note
        }
    }

    @Test("takes the state, and goes on by the log") func takesState() throws {
        var group = try Self.group()
        let leader = try #require(group.leader)
        let before = group.nodes[5].applied
        #expect(before.position.index < LogIndex(100))
        group.isolated = []
        group.run(.seconds(10))
        #expect(group.nodes[5].applied.position == group.nodes[leader].applied.position)
        #expect(group.nodes[5].applied.hash == group.nodes[leader].applied.hash)
        #expect(group.nodes[5].applied.configuration == group.nodes[leader].applied.configuration)
        #expect(group.nodes[5].isServing && group.nodes[5].isProven && group.nodes[5].haltReason == nil)
        let counters = try #require(group.nodes[5].gossipCounters)
        #expect(counters.snapshotsTaken == 1 && counters.snapshotsRefused == 0)
        #expect(Self.notes(group, "takes a state").count == 1)
        #expect(group.nodes[5].fetchedSnapshot == nil)
        // It has a date, and what follows.
        let seal = try #require(group.nodes[5].newestSeal)
        #expect(group.nodes[5].freshness?.provenAt == seal.statement.time)
        let deadline = group.now.monotonic.advanced(by: .seconds(10))
        group.step(
            leader,
            .submit([ReplicaNode.Submission(id: RequestID(1), command: [1], level: .first, deadline: deadline)])
        )
        group.run(.seconds(2))
        #expect(group.nodes[5].applied.position == group.nodes[leader].applied.position)
        #expect(group.nodes[5].applied.position.index > seal.statement.index)
        // It hands it on, and starts again on it.
        group.restart(5)
        group.run(.seconds(3))
        #expect(group.nodes[5].isServing && group.nodes[5].haltReason == nil)
        #expect(group.nodes[5].applied.position == group.nodes[leader].applied.position)
    }

    @Test("takes nothing but the state that is sealed, and keeps its own until it has that") func liars() throws {
        var group = try Self.group()
        let leader = try #require(group.leader)
        let before = group.nodes[5].applied
        for number in 0..<5 { group.handsOut[number] = .of([9]) }
        group.handsOutGarbage = [0, 1]
        group.isolated = []
        group.run(.seconds(30))
        #expect(group.nodes[5].applied == before)
        #expect(group.nodes[5].facts.stateRoot == .zero)
        #expect(group.nodes[5].haltReason == nil && group.nodes[5].divergence == nil)
        let refused = try #require(group.nodes[5].gossipCounters).snapshotsRefused
        // Each twice at most: it is not listened to for ten seconds, and then for twenty.
        #expect(refused >= 5 && refused <= 10)
        #expect(Self.notes(group, "is not what voters have sealed").count == Int(refused))
        group.handsOut[3] = nil
        group.run(.seconds(60))
        #expect(group.nodes[5].applied.position == group.nodes[leader].applied.position)
    }

    @Test("asks nobody for the state while somebody has the log") func prefersLog() throws {
        var group = try Self.group(keeping: [3])
        let leader = try #require(group.leader)
        group.isolated = []
        group.run(.seconds(10))
        #expect(group.nodes[5].applied.position == group.nodes[leader].applied.position)
        #expect(try #require(group.nodes[5].gossipCounters).snapshotsAsked == 0)
    }

    /// A piece 0 that nobody asked for, or that is not what it should be.
    private static func part(_ group: SealingGroup, _ change: (SnapshotProof) -> SnapshotProof) throws -> SnapshotPart {
        let seal = try #require(group.seals.last)
        let proof = change(SnapshotProof(seal: seal, configuration: Configuration(voters: SealingGroup.members)))
        return SnapshotPart(
            index: seal.statement.index,
            number: 0,
            isLast: true,
            bytes: [UInt8](repeating: 0, count: 32),
            opening: SnapshotPart.Opening(byteCount: 100, proof: WireRecordCodec().encode(proof))
        )
    }

    @Test("judges the seal before it takes anything", arguments: [0, 1, 2, 3, 4])
    func judgesSeal(_ lie: Int) throws {
        var group = try Self.group()
        group.isolated = [0, 1, 2, 3, 4]
        let members = SealingGroup.members
        let part = try Self.part(group) { proof in
            let old = proof.seal.statement
            let claim = StateClaim(index: old.index, head: old.claim.head, root: .of([9]), voters: old.claim.voters)
            let other = SealStatement(lineage: old.lineage, term: old.term, claim: claim, time: old.time)
            return switch lie {
            case 0:
                SnapshotProof(
                    seal: Seal(statement: other, signatures: proof.seal.signatures),
                    configuration: proof.configuration
                )
            case 1:
                SnapshotProof(
                    seal: Seal(statement: old, signatures: Array(proof.seal.signatures.prefix(1))),
                    configuration: proof.configuration
                )
            case 2: SnapshotProof(seal: proof.seal, configuration: Configuration(voters: [members[0]]))
            case 3:
                SnapshotProof(
                    seal: proof.seal,
                    configuration: Configuration(voters: members, learners: [SealingGroup.member(9)])
                )
            default: proof
            }
        }
        let neighbour = SealingGroup.member(4)
        // It is far behind, by the word of one neighbour, and asks that one.
        let head = LogHead(index: part.index, hash: .zero, epoch: 0)
        func hear(_ message: Gossip.Message) {
            group.step(5, .receive(PeerMessage(stamp: group.now.wall, body: .gossip(message)), from: neighbour))
        }
        hear(.announcement(head))
        hear(.unavailable(after: group.nodes[5].applied.position.index))
        group.run(.seconds(4))
        #expect(try #require(group.nodes[5].gossipCounters).snapshotsAsked == 1)
        let count = group.effects.count
        hear(.snapshotPart(part))
        let staged = group.effects[count...].contains { _, effect in
            if case .stageSnapshot = effect { true } else { false }
        }
        // Whom the state names as learners is seen when it is there.
        #expect(staged == (lie >= 3))
        let installed = group.effects[count...].contains { _, effect in
            if case .installSnapshot = effect { true } else { false }
        }
        #expect(installed == (lie == 4))
        #expect(try #require(group.nodes[5].gossipCounters).snapshotsRefused == (lie == 4 ? 0 : 1))
    }
}
