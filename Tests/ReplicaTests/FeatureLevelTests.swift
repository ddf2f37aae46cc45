import Consensus
import Directory
import Kernel
import Replica
import Testing
import Wire

/// Nodes of several programs, of which some know less than others.
@Suite("Feature levels in the node") struct FeatureLevelTests {
    private func label(_ leader: Voter, by sender: MemberID) -> [UInt8] {
        leader.codec.encode(
            Command(
                caller: .node(sender),
                authenticatedBy: sender,
                idempotencyKey: "label",
                notAfter: leader.now.wall.advanced(by: .seconds(60)),
                body: .labelNode(sender, LabelChange(removed: [Labels.zoneKey]))
            )
        )
    }

    private static func chunk(at point: SnapshotPoint) -> Message.SnapshotChunk {
        Message.SnapshotChunk(point: point, number: 0, isLast: true, bytes: [1], digest: .of([1]))
    }

    private func leader() -> Voter {
        var leader = Voter()
        leader.campaign()
        #expect(leader.node.role == .leader)
        return leader
    }

    @Test("what the cluster was not raised to does not enter the log, where it would end nodes of an older program")
    func ownCommand() {
        var leader = leader()
        let command = label(leader, by: Voter.members[0])
        let deadline = leader.now.monotonic.advanced(by: .seconds(10))
        leader.step(.submit([.init(id: RequestID(1), command: command, level: .labels, deadline: deadline)]))
        #expect(leader.written.isEmpty)
        #expect(leader.replies == [.refused(.featureLevel(.labels, inForce: .first))])
    }

    @Test("nor does it when another member asks for it") func forwarded() {
        var leader = leader()
        leader.hear(.forward(RequestID(1), command: label(leader, by: Voter.other)))
        #expect(leader.written.isEmpty)
        leader.hear(.forward(RequestID(2), command: leader.command("one")))
        #expect(leader.written.count == 1, "what every program knows does")
    }

    @Test("a node does not begin from a state that is beyond its program") func restarted() {
        let node = Voter(level: .supported, supported: .edges).node
        #expect(node.haltReason?.contains("level 6") == true)
        #expect(!node.isServing)
        #expect(Voter(level: .edges, supported: .edges).node.isServing)
    }

    /// All of it, which the node has then staged.
    private static func giveSnapshot(to voter: inout Voter) -> SnapshotPoint {
        let point = SnapshotPoint(
            position: LogPosition(term: voter.node.term, index: LogIndex(9)),
            hash: .of([9]),
            time: .distantPast,
            configuration: Configuration(voters: Voter.members)
        )
        voter.hear(.snapshot(chunk(at: point)))
        voter.step(.snapshotStaged(point.position, nextChunk: 1))
        return point
    }

    @Test("nor goes by one that it is given") func installed() {
        var options = ReplicaOptions()
        options.supportedLevel = .edges
        var voter = Voter(options: options)
        voter.hear(.heartbeat(commitIndex: LogIndex(1), round: 1), in: voter.node.term.next)
        let point = Self.giveSnapshot(to: &voter)
        let facts = DirectoryFacts(revision: LogIndex(9), epoch: 0, stateRoot: .zero, featureLevel: .labels)
        voter.step(.snapshotInstalled(point, facts))
        #expect(voter.node.haltReason?.contains("level 6") == true)
        #expect(!voter.node.isServing)
    }

    @Test("one that has halted keeps the state that it has") func keeps() {
        var voter = Voter()
        voter.hear(.heartbeat(commitIndex: LogIndex(1), round: 1), in: voter.node.term.next)
        voter.receiveEntry()
        let batch = AppliedBatch(
            point: voter.node.applied,
            outcomes: [],
            events: [],
            facts: voter.node.facts,
            halt: "the command needs another program"
        )
        voter.step(.applied(batch))
        _ = Self.giveSnapshot(to: &voter)
        let installs = voter.effects.contains { if case .installSnapshot = $0 { true } else { false } }
        #expect(!installs)
    }
}
