import Consensus
import Directory
import Kernel
import Replica
import Testing
import Wire

@Suite("A node with a damaged log") struct DamagedNodeTests {
    static let members = (1...3 as ClosedRange<UInt64>).map { MemberID(high: $0, low: 0) }
    static let lineage = Lineage(high: 9, low: 9)
    let entries = RepairSamples.entries(50)

    /// Holds entries 41 to 50 in memory; the state reflects all of them.
    private func node(
        lost: LostTail? = nil,
        damage: [LogDamage] = [],
        end: Int = 50,
        member: MemberID = members[0],
        edges: [MemberID] = []
    ) -> ReplicaNode {
        let configuration = Configuration(voters: Self.members)
        func point(_ index: Int) -> SnapshotPoint {
            let entry = entries[index - 1]
            return SnapshotPoint(
                position: entry.position,
                hash: entry.hash,
                time: entry.time,
                configuration: configuration
            )
        }
        let restored = RestoredLog(
            hardState: HardState(term: Term(2), vote: nil, commitIndex: LogIndex(UInt64(end))),
            base: point(40),
            entries: Array(entries[40..<end]),
            firstIndex: LogIndex(1),
            lost: lost,
            damage: damage
        )
        return ReplicaNode(
            member: member,
            lineage: Self.lineage,
            options: ReplicaOptions(),
            codec: ProtobufCodec(),
            records: WireRecordCodec(),
            isEdge: edges.contains(member),
            restored: restored,
            facts: DirectoryFacts(
                revision: LogIndex(UInt64(end)),
                epoch: 0,
                stateRoot: .zero,
                members: Self.members,
                edges: edges
            ),
            applied: point(end),
            invitedBy: [],
            introduced: [],
            statements: [],
            seals: SealStart(verifier: NamedKeys()),
            seed: 1,
            at: moment(0)
        )
    }

    private func moment(_ milliseconds: UInt64) -> Moment {
        Moment(
            monotonic: Instant(microseconds: milliseconds * 1000),
            wall: WallTime(milliseconds: 1_000_000 + milliseconds)
        )
    }

    private func peer(_ body: PeerMessage.Body, from sender: Int, at time: UInt64) -> ReplicaNode.Input {
        .receive(PeerMessage(stamp: moment(time).wall, body: body), from: Self.members[sender])
    }

    private func raft(_ body: Message.Body, term: UInt64, from sender: Int, at time: UInt64) -> ReplicaNode.Input {
        let message = Message(
            lineage: Self.lineage,
            from: Self.members[sender],
            to: Self.members[0],
            term: Term(term),
            body: body
        )
        return peer(.raft(message, proof: nil), from: sender, at: time)
    }

    /// Whether the node grants a vote in a new term to a candidate whose log ends there, or else is the longest.
    private func votes(_ node: inout ReplicaNode, term: UInt64, at time: UInt64, last: LogPosition? = nil) -> Bool {
        let last = last ?? LogPosition(term: Term(term - 1), index: LogIndex(1000))
        let request = Message.Body.voteRequest(last: last, isTransfer: true)
        return node.step(raft(request, term: term, from: 1, at: time), at: moment(time)).contains { effect in
            guard case .send(let message, _, _) = effect, case .raft(let inner, _) = message.body else { return false }
            return inner.body == .voteResponse(granted: true)
        }
    }

    private func bodies(_ effects: [ReplicaNode.Effect]) -> [PeerMessage.Body] {
        effects.compactMap { effect in
            guard case .send(let message, _, _) = effect else { return nil }
            return message.body
        }
    }

    private func patch(_ effects: [ReplicaNode.Effect]) -> [Entry]? {
        effects.compactMap { effect -> [Entry]? in
            guard case .repairLog(let entries, _) = effect else { return nil }
            return entries
        }.first
    }

    @Test("a whole log votes")
    func control() {
        var node = node()
        #expect(votes(&node, term: 3, at: 10))
        #expect(node.logHealth.isWhole)
    }

    @Test("an edge asks its neighbours, since nobody else has a link to it, and waits until one answers")
    func edge() throws {
        let edges = (10...39 as ClosedRange<UInt64>).map { MemberID(high: $0, low: 0) }
        let damage = RepairSamples.damage(10, 12, entries)
        var node = node(damage: [damage], member: edges[0], edges: edges)
        var neighbours: [MemberID] = []
        var asked: [MemberID] = []
        for second in 0..<120 as Range<UInt64> {
            let now = moment(second * 1000)
            for effect in node.step(.wake, at: now) {
                if case .neighbours(let members) = effect { neighbours = members }
                if case .compact = effect { Issue.record("in second \(second)") }
                guard case .send(let message, let peer, _) = effect else { continue }
                if case .entriesWanted = message.body { asked.append(peer) }
            }
        }
        #expect(neighbours.count > 3)
        #expect(Set(asked) == Set(neighbours))
        #expect(node.logHealth.damagedEntries == 3)
    }

    @Test("it does not vote or stand before its peers have repaired it")
    func repair() {
        var node = node(damage: [RepairSamples.damage(10, 12, entries)])
        #expect(!votes(&node, term: 3, at: 10))
        // Nobody is heard for long: it stays a follower, and its question is asked again.
        let effects = node.step(.wake, at: moment(60_000))
        #expect(node.role == .follower)
        let asked = bodies(effects).filter { $0 != .votersWanted }
        #expect(asked == [.entriesWanted(first: LogIndex(10), last: LogIndex(12))])
        let answer = PeerMessage.Body.entriesFound(
            first: LogIndex(10),
            last: LogIndex(12),
            entries: Array(entries[9...11])
        )
        for sender in [1, 2] {
            if let written = patch(node.step(peer(answer, from: sender, at: 60_001), at: moment(60_001))) {
                #expect(written == Array(entries[9...11]))
            }
        }
        #expect(!votes(&node, term: 4, at: 60_002))
        _ = node.step(.logRepaired(true), at: moment(60_003))
        #expect(node.logHealth.isWhole && node.logHealth.repairedEntries == 3)
        #expect(votes(&node, term: 5, at: 60_004))
    }

    @Test("what it has in memory it does not ask for")
    func recall() {
        var node = node()
        let effects = node.step(.logDamaged([RepairSamples.damage(45, 46, entries)]), at: moment(10))
        #expect(patch(effects) == Array(entries[44...45]))
        #expect(bodies(effects).isEmpty)
        #expect(!votes(&node, term: 3, at: 11))
        _ = node.step(.logRepaired(true), at: moment(12))
        #expect(votes(&node, term: 4, at: 13))
    }

    @Test("damage at the end is repaired though no successor names its hash")
    func end() {
        var node = node()
        let damage = LogDamage(first: LogIndex(50), last: LogIndex(50), hash: nil)
        #expect(patch(node.step(.logDamaged([damage]), at: moment(10))) == [entries[49]])
    }

    @Test("what nobody has any more is compacted away, since the state reflects it")
    func doWithout() {
        var node = node(damage: [RepairSamples.damage(10, 12, entries)])
        var compacted: [LogIndex] = []
        for time in 1...4 as ClosedRange<UInt64> {
            for sender in [1, 2] {
                let nothing = PeerMessage.Body.entriesFound(first: LogIndex(10), last: LogIndex(12), entries: [])
                for effect in node.step(peer(nothing, from: sender, at: time), at: moment(time)) {
                    if case .compact(let index) = effect { compacted.append(index) }
                }
            }
        }
        #expect(compacted == [LogIndex(14)])
        _ = node.step(.compacted(firstIndex: LogIndex(14)), at: moment(10))
        #expect(node.logHealth.isWhole)
        #expect(votes(&node, term: 3, at: 11))
    }

    @Test("after its end was cut it votes as if it had it, does not stand, and serves no older state")
    func lostTail() {
        let lost = LostTail(first: LogIndex(48), last: entries[49].position)
        var node = node(lost: lost, end: 47)
        #expect(!node.isServing)
        #expect(!votes(&node, term: 3, at: 10, last: entries[48].position), "what it may have acknowledged is missing")
        #expect(votes(&node, term: 4, at: 11, last: entries[49].position))
        _ = node.step(.wake, at: moment(60_000))
        #expect(node.role == .follower)
        let request = Message.Body.preVoteRequest(last: entries[48].position)
        let answers = bodies(node.step(raft(request, term: 5, from: 1, at: 61_000), at: moment(61_000)))
        #expect(
            answers.contains { body in
                guard case .raft(let message, _) = body else { return false }
                return message.body == .preVoteResponse(granted: false)
            }
        )
    }

    @Test("what was cut is made good once a leader has replaced it durably, and then the node stands again")
    func madeGood() {
        var node = node(lost: LostTail(first: LogIndex(48), last: entries[49].position), end: 47)
        let append = Message.Append(
            previous: entries[46].position,
            entries: Array(entries[47...49]),
            commitIndex: LogIndex(47)
        )
        let effects = node.step(raft(.append(append), term: 4, from: 2, at: 20), at: moment(20))
        let writes = effects.compactMap { effect -> LogWrite.ID? in
            guard case .persist(let write) = effect else { return nil }
            return write.id
        }
        #expect(!node.logHealth.isWhole, "that is not durable yet")
        guard let write = writes.last else {
            Issue.record("nothing was written")
            return
        }
        let forgets = node.step(.persisted(write, last: entries[49].position), at: moment(22)).contains { effect in
            if case .forgetLostTail = effect { true } else { false }
        }
        #expect(forgets && node.logHealth.isWhole)
        _ = node.step(.wake, at: moment(60_000))
        #expect(node.role == .preCandidate)
    }

    @Test("a node reads for another one question at a time, and no more than it is to send at once")
    func serving() {
        var node = node()
        let wanted = PeerMessage.Body.entriesWanted(first: LogIndex(1), last: LogIndex(1_000_000))
        func reads(_ effects: [ReplicaNode.Effect]) -> [LogIndex] {
            effects.compactMap { effect in
                guard case .readForRepair(_, let first, _, _) = effect else { return nil }
                return first
            }
        }
        #expect(reads(node.step(peer(wanted, from: 1, at: 1), at: moment(1))) == [LogIndex(999_937)])
        #expect(reads(node.step(peer(wanted, from: 1, at: 2), at: moment(2))).isEmpty)
        #expect(reads(node.step(peer(wanted, from: 2, at: 3), at: moment(3))).count == 1)
        let answer = node.step(
            .readForRepair(for: Self.members[1], first: LogIndex(999_937), last: LogIndex(1_000_000), entries: []),
            at: moment(4)
        )
        let empty = PeerMessage.Body.entriesFound(first: LogIndex(999_937), last: LogIndex(1_000_000), entries: [])
        #expect(bodies(answer) == [empty])
        let reversed = PeerMessage.Body.entriesWanted(first: LogIndex(5), last: LogIndex(4))
        #expect(reads(node.step(peer(reversed, from: 1, at: 5), at: moment(5))).isEmpty)
    }
}
