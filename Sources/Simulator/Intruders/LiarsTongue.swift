internal import Consensus
internal import Directory
internal import Kernel
internal import Replica
internal import Wire

/// What a machine that is no voter can say that is not true.
///
/// The link tells the receiver who sent a message, whatever the message says. A claim to lead is not among the lies: followers
/// cannot tell a member that must not lead from one that got its vote a moment ago, so members are trusted not to make one.
struct LiarsTongue {
    let own: MemberID
    let lineage: Lineage
    let others: [MemberID]
    let receiver: MemberID
    let term: Term
    let last: LogPosition
    let stamp: WallTime
    /// What it heard and sent.
    let memory: [PeerMessage]
    let codec: any DirectoryCodec
    let population: Population

    /// How far in the future a term may lie: far enough, and elections can still count on.
    static let farthest: UInt64 = 1 << 40

    func lie(from random: inout SeededRandom) -> WorldEvent.Frame.Content {
        switch random.below(20) {
        case ..<3: .message(remembered(&random))
        case ..<5: .message(forged(remembered(&random), &random))
        case 5, 6: .bytes(truncated(remembered(&random), &random))
        case ..<9: .message(said(in: term, vote(&random)))
        case ..<12: .message(said(in: futureTerm(&random), answer(&random)))
        case 12: .message(said(in: term, answer(&random)))
        case 13: .message(PeerMessage(stamp: stamp, body: forward(&random)))
        case 14: .message(PeerMessage(stamp: futureStamp(&random), body: repair(&random)))
        case 15: .message(PeerMessage(stamp: stamp, body: introduction(&random)))
        case 16, 17: .message(PeerMessage(stamp: stamp, body: .statements(statements(&random))))
        case 18:
            .message(
                PeerMessage(
                    stamp: stamp,
                    body: .statementsHeld(statements(&random).map { StatementHolding($0.id, since: stamp) })
                )
            )
        default: .message(said(in: random.chance(500_000) ? term : futureTerm(&random), question(&random)))
        }
    }

    /// Something that was said before; where nothing was, a vote.
    func remembered(_ random: inout SeededRandom) -> PeerMessage {
        random.element(of: memory) ?? said(in: term, .voteResponse(granted: true))
    }

    /// As if another member had sent it to the receiver.
    private func forged(_ message: PeerMessage, _ random: inout SeededRandom) -> PeerMessage {
        guard case .raft(let raft, let proof) = message.body else { return message }
        let sender = raft.from == own ? random.element(of: others) ?? own : raft.from
        let forged = Message(lineage: lineage, from: sender, to: receiver, term: raft.term, body: raft.body)
        return PeerMessage(stamp: message.stamp, body: .raft(forged, proof: proof))
    }

    private func truncated(_ message: PeerMessage, _ random: inout SeededRandom) -> [UInt8] {
        let bytes = PeerCodec.encode(message)
        return Array(bytes.prefix(random.below(bytes.count)))
    }

    func said(in term: Term, _ body: Message.Body) -> PeerMessage {
        let message = Message(lineage: lineage, from: own, to: receiver, term: term, body: body)
        return PeerMessage(stamp: stamp, body: .raft(message, proof: nil))
    }

    private func vote(_ random: inout SeededRandom) -> Message.Body {
        random.chance(500_000) ? .voteResponse(granted: true) : .preVoteResponse(granted: true)
    }

    private func answer(_ random: inout SeededRandom) -> Message.Body {
        switch random.below(8) {
        case 0: .appendAccepted(matchIndex: futureIndex(&random))
        case 1: .appendRejected(previous: futureIndex(&random), hint: futurePosition(&random))
        case 2: .heartbeatAcknowledged(round: futureIndex(&random).number)
        case 3: .snapshotAcknowledged(position: futurePosition(&random), nextChunk: futureIndex(&random).number)
        case 4: .readIndexResponse(context: random.within(0...100), index: futureIndex(&random))
        case 5: .readIndexResponse(context: random.next(), index: LogIndex(1))
        default: vote(&random)
        }
    }

    private func question(_ random: inout SeededRandom) -> Message.Body {
        switch random.below(5) {
        case 0: .voteRequest(last: futurePosition(&random), isTransfer: random.chance(500_000))
        case 1: .preVoteRequest(last: futurePosition(&random))
        case 2: .timeoutNow
        default: .readIndexRequest(context: random.next())
        }
    }

    private func forward(_ random: inout SeededRandom) -> PeerMessage.Body {
        // Requests are numbered from 1, by each process.
        if random.chance(300_000) { return .forwardRefused(RequestID(random.within(1...500)), .overloaded) }
        let id = RequestID(random.next())
        guard random.chance(700_000) else { return .forward(id, command: (0..<random.below(64)).map { UInt8($0) }) }
        let isTooNew = random.chance(200_000)
        let command = Command(
            featureLevel: isTooNew ? FeatureLevel(FeatureLevel.supported.number + 1) : .first,
            caller: .node(random.element(of: others) ?? own),
            authenticatedBy: isTooNew || random.chance(300_000) ? own : random.element(of: others) ?? own,
            idempotencyKey: "lie-\(id.number)",
            notAfter: stamp.advanced(by: .seconds(60)),
            body: .removeMember(random.element(of: others) ?? own)
        )
        return .forward(id, command: codec.encode(command))
    }

    private func repair(_ random: inout SeededRandom) -> PeerMessage.Body {
        let (first, end) = (LogIndex(random.within(0...last.index.number)), futureIndex(&random))
        guard random.chance(500_000) else { return .entriesWanted(first: first, last: end) }
        let entry = Entry(
            position: LogPosition(term: term, index: first),
            time: stamp,
            previousHash: Digest.of([1]),
            payload: .command(Array("a lie".utf8))
        )
        return .entriesFound(first: first, last: first, entries: [entry])
    }

    /// That it is a voter itself, or that a voter has another key and data directory than it has.
    private func introduction(_ random: inout SeededRandom) -> PeerMessage.Body {
        guard random.chance(800_000) else { return .votersWanted }
        let id = random.chance(500_000) ? own : random.element(of: others) ?? own
        let key = Digest.of([2])
        let spec = MemberSpec(id: id, name: "liar", raftAddress: "liar:7000", apiAddresses: [], keyFingerprint: key)
        return .voters([Introduction(spec: spec, instance: Digest.of([3]))])
    }

    /// Those that were heard, under another signature; or against whomever, by a key that is not the warrant's; or too many.
    func statements(_ random: inout SeededRandom) -> [SignedStatement] {
        let heard = memory.flatMap { message -> [SignedStatement] in
            if case .statements(let statements) = message.body { statements } else { [] }
        }
        if let signed = random.element(of: heard), random.chance(600_000) {
            let signature = random.chance(500_000) ? signed.signature : signed.signature.reversed()
            return [SignedStatement(signed.statement, signature: signature)]
        }
        let flaws = StatementAct.Flaw.allCases.filter { $0 != .none }
        let count = random.chance(100_000) ? 100 : 1 + random.below(3)
        return (0..<count).map { _ in
            let act = StatementAct(
                warrant: random.below(Population.warrantNames.count),
                sequence: UInt32(random.within(0...1100)),
                kind: random.element(of: RevocationKind.allCases) ?? .revoke,
                agent: random.below(50),
                flaw: random.element(of: flaws) ?? .wrongKey
            )
            let signed = population.statement(act, in: lineage)
            guard act.flaw != .unissued else { return signed }
            // A liar has no revoker's key.
            let key = KeyedHash.publicKey(own.uuid)
            let signature = KeyedHash.signature(of: signed.statement.signedBytes, by: key)
            return SignedStatement(signed.statement, signature: signature)
        }
    }

    func futureTerm(_ random: inout SeededRandom) -> Term {
        Term(term.number + random.within(1...(random.chance(500_000) ? 3 : Self.farthest)))
    }

    func futureIndex(_ random: inout SeededRandom) -> LogIndex {
        LogIndex(last.index.number + random.within(1...(random.chance(500_000) ? 10 : Self.farthest)))
    }

    private func futurePosition(_ random: inout SeededRandom) -> LogPosition {
        LogPosition(term: futureTerm(&random), index: futureIndex(&random))
    }

    /// Hours.
    func futureStamp(_ random: inout SeededRandom) -> WallTime {
        stamp.advanced(by: random.span(.zero...(.seconds(20_000))))
    }
}
