import Consensus
import Decision
import Directory
import Gossip
import Identity
import Kernel
import Replica
import Sealing
import Testing
import Wire

@Suite("Edges in the node") struct EdgeTests {
    private static let edges = [3, 4]

    private static func group(
        root: Digest = .zero,
        checkpoint: Checkpoint = SealingGroup.checkpoint()
    ) -> SealingGroup {
        SealingGroup(roots: Array(repeating: .zero, count: 4) + [root], checkpoint: checkpoint)
    }

    /// Entries whose commands nothing decodes: the group's state stays as it is.
    private static func write(_ count: UInt64, at number: Int, of group: inout SealingGroup) {
        for request in 1...count {
            let deadline = group.now.monotonic.advanced(by: .seconds(10))
            let command = Array("command \(request) at \(group.now.monotonic)".utf8)
            let submission = ReplicaNode.Submission(
                id: RequestID(request),
                command: command,
                level: .first,
                deadline: deadline
            )
            group.step(number, .submit([submission]))
        }
    }

    @Test("an edge has what voters have sealed, and dates it by their seals") func follows() throws {
        var group = Self.group()
        group.run(.seconds(3))
        let leader = try #require(group.leader)
        for _ in 0..<20 {
            Self.write(5, at: leader, of: &group)
            group.run(.milliseconds(100))
        }
        group.run(.seconds(2))
        let last = group.nodes[leader].applied.position.index
        #expect(last > LogIndex(100))
        for edge in Self.edges.map({ group.nodes[$0] }) {
            #expect(edge.applied == group.nodes[leader].applied)
            #expect(edge.isServing && edge.isProven && edge.haltReason == nil)
            #expect(edge.leader == nil)
            let seal = try #require(edge.newestSeal)
            #expect(edge.freshness?.provenAt == seal.statement.time)
            // No younger than it is, whatever this node's clock.
            let anchor = try #require(edge.freshness).anchor
            #expect(group.now.monotonic.elapsed(since: anchor) >= .milliseconds(500))
        }
    }

    @Test("an edge that was away catches up, by entries that neighbours read for it") func catchesUp() throws {
        var group = Self.group()
        group.run(.seconds(3))
        let leader = try #require(group.leader)
        group.isolated = [4]
        for _ in 0..<50 {
            Self.write(100, at: leader, of: &group)
            group.run(.milliseconds(100))
        }
        group.run(.seconds(2))
        #expect(group.nodes[4].applied.position.index < LogIndex(100))
        group.isolated = []
        group.run(.seconds(10))
        #expect(group.nodes[4].applied == group.nodes[leader].applied)
        #expect(group.nodes[leader].applied.position.index > LogIndex(5000))
    }

    @Test("members and edges know where they are among each other, once they have measured") func coordinates() {
        var group = Self.group()
        var waiting = 0
        for _ in 0..<500 {
            group.run(.milliseconds(10))
            for node in group.nodes {
                let measured = node.gossipCounters?.roundTrips ?? 0
                #expect((node.coordinate != nil) == (measured > 0))
                if node.gossipCounters != nil, measured == 0 { waiting += 1 }
            }
        }
        #expect(waiting > 0)
        #expect(group.nodes.allSatisfy { $0.coordinate != nil })
    }

    @Test("an edge takes no writes, and cannot say what is current") func refusals() {
        var group = Self.group()
        group.run(.seconds(3))
        Self.write(1, at: 3, of: &group)
        group.step(3, .awaitCurrent(RequestID(7), deadline: group.now.monotonic.advanced(by: .seconds(1))))
        group.step(
            3,
            .transferLeadership(RequestID(8), to: nil, deadline: group.now.monotonic.advanced(by: .seconds(1)))
        )
        let replies = group.effects.compactMap { node, effect -> ReplicaNode.Reply? in
            guard node == 3, case .reply(_, let reply) = effect else { return nil }
            return reply
        }
        #expect(replies == [.refused(.edge), .refused(.edge), .refused(.edge)])
    }

    @Test("an edge is not listened to where a member's word is meant") func outranked() throws {
        var group = Self.group()
        group.run(.seconds(3))
        let leader = try #require(group.leader)
        let (term, position) = (group.nodes[leader].term, group.nodes[leader].lastPosition)
        let last = LogPosition(term: term, index: position.index)
        let claims: [Consensus.Message.Body] = [
            .heartbeat(commitIndex: position.index, round: 1), .voteRequest(last: last, isTransfer: true),
            .append(.init(previous: position, entries: [], commitIndex: position.index)), .timeoutNow,
        ]
        let edge = SealingGroup.member(3)
        for claim in claims {
            let message = Consensus.Message(
                lineage: SealingGroup.lineage,
                from: edge,
                to: SealingGroup.member(leader),
                term: term.next,
                body: claim
            )
            let frame = PeerMessage(stamp: group.now.wall, body: .raft(message, proof: nil))
            group.step(leader, .receive(frame, from: edge))
        }
        let forward = PeerMessage(stamp: group.now.wall, body: .forward(RequestID(1), command: [1]))
        group.step(leader, .receive(forward, from: edge))
        #expect(group.nodes[leader].term == term && group.nodes[leader].role == .leader)
        #expect(group.nodes[leader].lastPosition == position)
        #expect(group.nodes[leader].counters.strangers == 5)
    }

    @Test("nor is one that was an edge, or is to be: a link may be open before and after the state names it")
    func formerEdge() throws {
        var group = Self.group()
        group.run(.seconds(3))
        let leader = try #require(group.leader)
        group.edgesNamed[leader] = []
        Self.write(1, at: leader, of: &group)
        group.run(.seconds(2))
        let (term, position) = (group.nodes[leader].term, group.nodes[leader].lastPosition)
        let forged = Entry(
            position: LogPosition(term: term.next, index: position.index.next),
            time: group.now.wall,
            previousHash: group.nodes[leader].applied.hash,
            payload: .command([1])
        )
        let edge = SealingGroup.member(3)
        let message = Consensus.Message(
            lineage: SealingGroup.lineage,
            from: edge,
            to: SealingGroup.member(leader),
            term: term.next,
            body: .append(.init(previous: position, entries: [forged], commitIndex: forged.index))
        )
        group.step(leader, .receive(PeerMessage(stamp: group.now.wall, body: .raft(message, proof: nil)), from: edge))
        #expect(group.nodes[leader].term == term && group.nodes[leader].lastPosition == position)
    }

    @Test("one neighbour that forges what comes next keeps nobody else from being heard") func forgingNeighbour() throws
    {
        var group = Self.group()
        group.run(.seconds(3))
        let leader = try #require(group.leader)
        for round in 1...20 {
            let (index, hash) = (group.nodes[3].applied.position.index, group.nodes[3].applied.hash)
            let forged = Entry(
                position: LogPosition(term: group.nodes[leader].term, index: index.next),
                time: group.now.wall,
                previousHash: hash,
                payload: .command([UInt8(round)])
            )
            let record = LogRecord(index: forged.index, bytes: WireRecordCodec().encode(forged))
            let frame = PeerMessage(stamp: group.now.wall, body: .gossip(.entries([record])))
            group.step(3, .receive(frame, from: SealingGroup.member(4)))
            Self.write(5, at: leader, of: &group)
            group.run(.milliseconds(700))
        }
        #expect(group.nodes[3].applied == group.nodes[leader].applied)
        #expect(try #require(group.nodes[3].gossipCounters).entriesDoubted > 0)
    }

    @Test("an edge whose clock is behind takes no old seal for a new one") func clockBehind() throws {
        var group = Self.group()
        group.run(.seconds(3))
        group.behind[3] = .seconds(30)
        let before = group.effects.count
        group.run(.seconds(20))
        // What was sealed since has not reached it, or comes from the future; a neighbour brings it when it seems new.
        let since = group.seals.filter { $0.statement.time > group.now.wall.reduced(by: .seconds(25)) }
        let known = try #require(group.nodes[3].freshness)
        for seal in since.prefix(10) {
            let record = Record(
                .untilSuperseded(
                    stream: MemberID(high: 0, low: 0, incarnation: 0),
                    sequence: seal.statement.time.milliseconds
                ),
                bytes: WireRecordCodec().encode(.seal(seal))
            )
            group.step(
                3,
                .receive(
                    PeerMessage(stamp: group.now.wall, body: .gossip(.record(record))),
                    from: SealingGroup.member(4)
                )
            )
        }
        #expect(group.nodes[3].freshness == known)
        let isNoted = group.effects[before...].contains { node, effect in
            guard node == 3, case .note(let note) = effect else { return false }
            return note.message.contains("clock is behind")
        }
        #expect(isNoted)
    }

    @Test("a forged seal from the future costs its sender what any forged one does, and casts no doubt on the clock")
    func forgedFuture() throws {
        var group = Self.group()
        group.run(.seconds(3))
        let real = try #require(group.seals.last)
        let statement = SealStatement(
            lineage: real.statement.lineage,
            term: real.statement.term,
            claim: real.statement.claim,
            time: group.now.wall.advanced(by: .seconds(3600))
        )
        let before = (counters: try #require(group.nodes[3].gossipCounters), effects: group.effects.count)
        let record = Record(
            .untilSuperseded(
                stream: MemberID(high: 0, low: 0, incarnation: 0),
                sequence: statement.time.milliseconds
            ),
            bytes: WireRecordCodec().encode(.seal(Seal(statement: statement, signatures: real.signatures)))
        )
        let message = PeerMessage(stamp: group.now.wall, body: .gossip(.record(record)))
        group.step(3, .receive(message, from: SealingGroup.member(4)))
        let counters = try #require(group.nodes[3].gossipCounters)
        #expect(counters.recordsRefused == before.counters.recordsRefused + 1)
        #expect(counters.recordsPassedOver == before.counters.recordsPassedOver)
        let isNoted = group.effects[before.effects...].contains { node, effect in
            guard node == 3, case .note(let note) = effect else { return false }
            return note.message.contains("clock is behind")
        }
        #expect(!isNoted)
    }

    @Test("an edge hears no leader but what seals prove") func deafToLeaders() throws {
        var group = Self.group()
        group.run(.seconds(3))
        let leader = try #require(group.leader)
        let before = group.nodes[3].applied
        let entry = Entry(
            position: LogPosition(term: group.nodes[leader].term, index: before.position.index.next),
            time: group.now.wall,
            previousHash: before.hash,
            payload: .command([1])
        )
        let append = Consensus.Message.Append(previous: before.position, entries: [entry], commitIndex: entry.index)
        let message = Consensus.Message(
            lineage: SealingGroup.lineage,
            from: SealingGroup.member(leader),
            to: SealingGroup.member(3),
            term: group.nodes[leader].term,
            body: .append(append)
        )
        group.step(
            3,
            .receive(
                PeerMessage(stamp: group.now.wall, body: .raft(message, proof: nil)),
                from: SealingGroup.member(leader)
            )
        )
        // As gossip it waits for a seal, which never comes.
        let record = LogRecord(index: entry.index, bytes: WireRecordCodec().encode(entry))
        group.step(
            3,
            .receive(
                PeerMessage(stamp: group.now.wall, body: .gossip(.entries([record]))),
                from: SealingGroup.member(4)
            )
        )
        group.run(.seconds(1))
        #expect(group.nodes[3].applied == before)
        // And does not keep the log's own from coming.
        Self.write(3, at: leader, of: &group)
        group.run(.seconds(15))
        #expect(group.nodes[3].applied == group.nodes[leader].applied)
        #expect(group.nodes[3].applied.position.index > before.position.index)
    }

    @Test("an edge whose state is not the sealed one answers nothing any more, in its next process neither")
    func diverges() throws {
        let checkpoint = SealingGroup.checkpoint(at: 0, time: SealingGroup.start.wall)
        var group = Self.group(root: .of([9]), checkpoint: checkpoint)
        group.run(.seconds(3))
        Self.write(1, at: try #require(group.leader), of: &group)
        group.run(.seconds(3))
        #expect(group.nodes[4].divergence != nil && !group.nodes[4].isServing)
        #expect(group.nodes[4].haltReason?.contains("quorum") == true)
        let kept = group.effects.contains { node, effect in
            guard node == 4, case .keepSealMemory(let memory) = effect else { return false }
            return memory.divergence != nil
        }
        #expect(kept)
        let other = group.nodes[3]
        #expect(other.isServing)
    }

    @Test("what lies past the seal waits for the next one, though it came with the rest") func pastTheSeal() {
        var group = Self.group()
        group.isolated = [0, 1, 2, 4]
        group.step(3, .wake)
        group.run(.seconds(1))
        var entries: [Entry] = []
        for index in UInt64(2)...4 {
            entries.append(
                Entry(
                    position: LogPosition(term: Term(1), index: LogIndex(index)),
                    time: SealingGroup.start.wall,
                    previousHash: entries.last?.hash ?? group.nodes[3].applied.hash,
                    payload: .command([UInt8(index)])
                )
            )
        }
        let codec = WireRecordCodec()
        let records = entries.map { LogRecord(index: $0.index, bytes: codec.encode($0)) }
        func hear(_ message: Gossip.Message) {
            let frame = PeerMessage(stamp: group.now.wall, body: .gossip(message))
            group.step(3, .receive(frame, from: SealingGroup.member(4)))
        }
        hear(.entries(records))
        #expect(group.nodes[3].applied.position.index == LogIndex(1))
        for sealed in entries {
            hear(.record(Self.seal(of: sealed, at: group.now.wall)))
            #expect(group.nodes[3].applied.position == sealed.position)
            group.run(.milliseconds(100))
            #expect(group.nodes[3].applied.position == sealed.position)
        }
    }

    /// By two of the three voters, of a state that entries leave as it is.
    private static func seal(of entry: Entry, at time: WallTime) -> Record {
        let claim = StateClaim(
            index: entry.index,
            head: entry.hash,
            root: .zero,
            voters: SealingGroup.voters.digest
        )
        let statement = SealStatement(lineage: SealingGroup.lineage, term: entry.term, claim: claim, time: time)
        let signatures = (0..<2).map { voter in
            SealSignature(
                member: SealingGroup.member(voter),
                bytes: NamedKeys.signature(of: statement.signedBytes, by: SealingGroup.key(voter))
            )
        }
        let seal = Seal(statement: statement, signatures: signatures)
        let stream = MemberID(high: 0, low: 0, incarnation: 0)
        return Record(
            .untilSuperseded(stream: stream, sequence: time.milliseconds),
            bytes: WireRecordCodec().encode(.seal(seal))
        )
    }

    @Test("a state that came from somebody is not served before a seal has said that it is right") func unproven() {
        var group = Self.group(checkpoint: SealingGroup.checkpoint(at: 0, time: SealingGroup.start.wall))
        group.isolated = [3]
        // As a process does that starts: it has begun, and waits.
        group.step(3, .wake)
        group.run(.seconds(5))
        #expect(!group.nodes[3].neighbours.isEmpty)
        #expect(!group.nodes[3].isServing && !group.nodes[3].isProven)
        #expect(group.nodes[4].isServing && group.nodes[4].isProven)
        group.isolated = []
        group.run(.seconds(5))
        #expect(group.nodes[3].isServing && group.nodes[3].isProven)
    }

    @Test("an edge that knows of no voters since more than seven days does not begin") func tooOld() {
        let eightDays = Span.seconds(8 * 24 * 3600)
        let old = SealingGroup.checkpoint(time: SealingGroup.start.wall.reduced(by: eightDays))
        var group = Self.group(checkpoint: old)
        group.run(.seconds(3))
        let notes = group.effects.compactMap { node, effect -> Note? in
            guard node == 3, case .note(let note) = effect else { return nil }
            return note
        }
        #expect(notes.count { $0.message.contains("follows no seals") } == 1)
        #expect(!group.nodes[3].isServing && group.nodes[3].newestSeal == nil)
        // A clock that was wrong may be set right.
        #expect(group.nodes[3].haltReason == nil)
    }

    @Test("a statement that is made at an edge is in force everywhere, also where the voters are away") func statement()
        throws
    {
        var group = Self.group()
        group.run(.seconds(3))
        group.isolated = [0, 1, 2]
        let signed = try Self.statement(1)
        group.step(3, .make(RequestID(1), signed, deadline: group.now.monotonic.advanced(by: .seconds(10))))
        group.run(.milliseconds(100))
        #expect(group.nodes[3].statementsInForce == [signed])
        #expect(group.nodes[4].statementsInForce == [signed])
        group.isolated = []
        group.run(.seconds(5))
        for voter in 0..<3 { #expect(group.nodes[voter].statementsInForce == [signed]) }
        // The one that leads brings it to the log.
        let leader = try #require(group.leader)
        #expect(group.nodes[leader].lastPosition.index > LogIndex(2))
    }

    private static func statement(_ sequence: UInt32) throws -> SignedStatement {
        try .sample(sequence, lineage: SealingGroup.lineage)
    }

    @Test("an edge that is removed goes no further") func removed() throws {
        var group = Self.group()
        group.run(.seconds(3))
        // Others speak to it until they have applied that themselves.
        group.edgesNamed[3] = [SealingGroup.member(4)]
        Self.write(1, at: try #require(group.leader), of: &group)
        group.run(.seconds(3))
        #expect(group.nodes[3].haltReason?.contains("removed") == true)
        #expect(group.nodes[4].haltReason == nil)
    }

    @Test("without edges in the log there is no gossip") func withoutEdges() {
        var group = SealingGroup()
        group.run(.seconds(5))
        let isSilent = group.effects.allSatisfy { _, effect in
            guard case .send(let message, _, _) = effect, case .gossip = message.body else { return true }
            return false
        }
        #expect(isSilent)
    }
}
