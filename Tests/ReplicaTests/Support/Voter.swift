import Consensus
import Directory
import Kernel
import Replica
import Wire

/// One of three voters, whose disk is instant; the test plays the two others.
struct Voter {
    static let members = (1...3).map { MemberID(high: UInt64($0), low: 0) }
    static let lineage = Lineage(high: 7, low: 7)
    static let other = members[1]

    let codec = ProtobufCodec()
    var node: ReplicaNode
    var now = Moment(monotonic: Instant(microseconds: 0), wall: WallTime(milliseconds: 1_000_000_000))
    /// How much the other voters' wall clocks are ahead of this one's.
    var othersAreAhead = Span.zero
    /// Every effect since the start, but for what the disk was asked.
    var effects: [ReplicaNode.Effect] = []
    /// Commands that were written to the log, each time.
    var written: [[UInt8]] = []
    /// Committed and not yet applied.
    var committed: [Entry] = []

    /// - Parameters:
    ///   - unapplied: How many entries its log holds beyond what its state reflects.
    ///   - introduced: What an earlier process was told of who votes.
    ///   - statements: What an earlier process has left in force.
    ///   - level: What the cluster has been raised to.
    ///   - supported: What its program can apply.
    init(
        unapplied: UInt64 = 0,
        introduced: [VotersWord] = [],
        statements: [SignedStatement] = [],
        level: FeatureLevel = .first,
        supported: FeatureLevel = .supported,
        options: ReplicaOptions = ReplicaOptions()
    ) {
        var options = options
        options.supportedLevel = min(supported, options.supportedLevel)
        let base = SnapshotPoint(
            position: LogPosition(term: Term(1), index: LogIndex(1)),
            hash: .of([1]),
            time: .distantPast,
            configuration: Configuration(voters: Self.members)
        )
        node = ReplicaNode(
            member: Self.members[0],
            lineage: Self.lineage,
            options: options,
            codec: codec,
            records: WireRecordCodec(),
            restored: RestoredLog(
                hardState: HardState(term: Term(1), vote: nil, commitIndex: LogIndex(1)),
                base: base,
                entries: Self.entries(unapplied, after: base),
                firstIndex: LogIndex(2)
            ),
            facts: DirectoryFacts(revision: LogIndex(1), epoch: 0, stateRoot: .zero, featureLevel: level),
            applied: base,
            invitedBy: [],
            introduced: introduced,
            statements: statements,
            seals: SealStart(verifier: NamedKeys()),
            seed: 1,
            at: now
        )
    }

    private static func entries(_ count: UInt64, after base: SnapshotPoint) -> [Entry] {
        var entries: [Entry] = []
        for number in 0..<count {
            entries.append(
                Entry(
                    position: LogPosition(term: Term(1), index: LogIndex(base.position.index.number + number + 1)),
                    time: WallTime(milliseconds: 1_000_000_000),
                    previousHash: entries.last?.hash ?? base.hash,
                    payload: .empty
                )
            )
        }
        return entries
    }

    mutating func step(_ input: ReplicaNode.Input) {
        for effect in node.step(input, at: now) {
            switch effect {
            case .persist(let write):
                for case .command(let bytes) in write.entries.map(\.payload) { written.append(bytes) }
                step(.persisted(write.id, last: write.entries.last?.position ?? .zero))
            case .apply(let entries): committed += entries
            default: effects.append(effect)
            }
        }
    }

    mutating func advance(_ span: Span) {
        now = Moment(monotonic: now.monotonic.advanced(by: span), wall: now.wall.advanced(by: span))
    }

    mutating func hear(_ body: PeerMessage.Body, from sender: MemberID = Voter.other) {
        step(.receive(PeerMessage(stamp: now.wall.advanced(by: othersAreAhead), body: body), from: sender))
    }

    mutating func hear(_ body: Message.Body, in term: Term? = nil, from sender: MemberID = Voter.other) {
        let term = term ?? node.term
        let message = Message(lineage: Self.lineage, from: sender, to: node.member, term: term, body: body)
        hear(.raft(message, proof: nil), from: sender)
    }

    /// Lets the election timeout pass and gets the other's vote.
    mutating func campaign() {
        advance(.seconds(2))
        step(.wake)
        hear(.preVoteResponse(granted: true), in: node.term.next)
        hear(.voteResponse(granted: true))
    }

    /// The other has all that this one has, which is applied then, for commands with this result.
    mutating func commit() {
        hear(.appendAccepted(matchIndex: node.lastPosition.index))
        let entries = committed
        committed = []
        guard let last = entries.last else { return }
        var point = node.applied
        var outcomes: [AppliedBatch.Outcome] = []
        for entry in entries {
            point = point.advanced(past: entry, isChangeRefused: false)
            guard case .command(let bytes) = entry.payload else { continue }
            let done = CommandResult.Done(revision: entry.index, objectRevision: entry.index)
            outcomes.append(.init(command: .of(bytes), result: .done(done)))
        }
        let facts = DirectoryFacts(revision: last.index, epoch: 0, stateRoot: .zero)
        step(.applied(AppliedBatch(point: point, outcomes: outcomes, events: [], facts: facts, halt: nil)))
    }

    /// The leader sends the next entry and says that it is committed, as are all before it.
    mutating func receiveEntry(_ payload: Entry.Payload = .empty) {
        let previous = node.lastPosition
        let entry = Entry(
            position: LogPosition(term: node.term, index: previous.index.next),
            time: now.wall,
            previousHash: node.applied.hash,
            payload: payload
        )
        hear(.append(.init(previous: previous, entries: [entry], commitIndex: entry.index)))
    }

    /// A heartbeat's time passes, and the other acknowledges what it is told.
    mutating func beat() {
        advance(.milliseconds(50))
        step(.wake)
        if let round = rounds.last { hear(.heartbeatAcknowledged(round: round)) }
    }

    func command(_ name: String, authenticatedBy voter: MemberID = Voter.other) -> [UInt8] {
        codec.encode(
            Command(
                caller: .administrator(fingerprint: .of([1])),
                authenticatedBy: voter,
                idempotencyKey: name,
                notAfter: now.wall.advanced(by: .seconds(60)),
                body: .put(.role(RoleSpec(name: name)), .none)
            )
        )
    }

    var rounds: [UInt64] {
        effects.compactMap { effect in
            guard case .send(let message, _, _) = effect, case .raft(let inner, _) = message.body,
                case .heartbeat(_, let round) = inner.body
            else { return nil }
            return round
        }
    }

    /// Of the questions to the leader at which index a read is linearizable.
    var readContexts: [UInt64] {
        effects.compactMap { effect in
            guard case .send(let message, _, _) = effect, case .raft(let inner, _) = message.body,
                case .readIndexRequest(let context) = inner.body
            else { return nil }
            return context
        }
    }

    var proofs: [FreshnessProof] {
        effects.compactMap { effect in
            guard case .send(let message, _, _) = effect, case .raft(_, let proof) = message.body else { return nil }
            return proof
        }
    }

    var replies: [ReplicaNode.Reply] {
        effects.compactMap { effect in if case .reply(_, let reply) = effect { reply } else { nil } }
    }

    var refusedForwards: [PeerMessage.ForwardRefusal] {
        effects.compactMap { effect in
            guard case .send(let message, _, _) = effect, case .forwardRefused(_, let refusal) = message.body else {
                return nil
            }
            return refusal
        }
    }
}
