internal import Consensus
internal import Directory
internal import Gossip
internal import Kernel
internal import Replica
internal import Sealing
internal import Wire

/// What an edge can say to its neighbours, and to members, that is not true.
///
/// It has no voter's key and no revoker's. Unlike a learner it claims to lead, too: that it has no vote is for everybody to see.
extension LiarsTongue {
    private static let records = WireRecordCodec()

    func lieOfEdge(from random: inout SeededRandom) -> WorldEvent.Frame.Content {
        switch random.below(20) {
        case ..<3: return lie(from: &random)
        case 3, 4: return .message(said(in: random.chance(500_000) ? term : futureTerm(&random), claimToLead(&random)))
        case 5: return .message(PeerMessage(stamp: stamp, body: memberOnly(&random)))
        case ..<9: return gossip(remembered(&random))
        case ..<12: return gossip(.record(forgedSeal(&random)))
        case ..<15: return gossip(.entries(forgedEntries(&random)))
        case 15: return gossip(.record(forgedStatement(&random)))
        case 16: return .message(PeerMessage(stamp: stamp, body: .succession(forgedSuccession(&random))))
        case 17:
            return .message(PeerMessage(stamp: stamp, body: .successionWanted(voters: .of([7]), since: .distantPast)))
        default: return gossip(talk(&random))
        }
    }

    private func gossip(_ message: Gossip.Message) -> WorldEvent.Frame.Content {
        .message(PeerMessage(stamp: stamp, body: .gossip(message)))
    }

    /// Said again, perhaps long after, and to somebody for whom it was not meant.
    private func remembered(_ random: inout SeededRandom) -> Gossip.Message {
        let heard = memory.compactMap { message -> Gossip.Message? in
            if case .gossip(let gossip) = message.body { gossip } else { nil }
        }
        return random.element(of: heard) ?? .pull(after: .zero)
    }

    private func claimToLead(_ random: inout SeededRandom) -> Consensus.Message.Body {
        let append = Consensus.Message.Append(
            previous: last,
            entries: [forgedEntry(after: last, .of([1]), &random)],
            commitIndex: futureIndex(&random)
        )
        return switch random.below(4) {
        case 0: .heartbeat(commitIndex: futureIndex(&random), round: random.within(1...1000))
        case 1: .timeoutNow
        default: .append(append)
        }
    }

    /// What nobody but a member is to say.
    private func memberOnly(_ random: inout SeededRandom) -> PeerMessage.Body {
        guard let seal = heardSeal(&random) else { return .statements(statements(&random)) }
        return switch random.below(3) {
        case 0: .sealed(seal)
        case 1: .sealWanted(seal.statement)
        default: .sealAnswered(SealAnswer(id: seal.statement.id, word: .refused(.notLeader)))
        }
    }

    /// One that it has heard.
    private func heardSeal(_ random: inout SeededRandom) -> Seal? {
        let heard = memory.compactMap { message -> Seal? in
            guard case .gossip(.record(let record)) = message.body else { return nil }
            return switch Self.records.decodeRecord(record.bytes) {
            case .seal(let seal): seal
            case .transition(let transition): transition.seal
            case .statement, nil: nil
            }
        }
        return random.element(of: heard)
    }

    /// Later than all others, of a state or a log that nobody has, under old signatures or its own; or a true one as another kind of
    /// record.
    private func forgedSeal(_ random: inout SeededRandom) -> Record {
        guard let seal = heardSeal(&random) else { return garbage(&random) }
        let old = seal.statement
        let claim = StateClaim(
            index: random.chance(500_000) ? old.index : futureIndex(&random),
            head: random.chance(500_000) ? old.claim.head : .of([1]),
            root: random.chance(500_000) ? old.claim.root : .of([2]),
            voters: old.claim.voters
        )
        let statement = SealStatement(
            lineage: lineage,
            term: old.term,
            claim: claim,
            time: random.chance(300_000) ? futureStamp(&random) : stamp
        )
        let lie = Seal(statement: statement, signatures: seal.signatures.map { forged($0, of: statement, &random) })
        let bytes = Self.records.encode(.seal(random.chance(200_000) ? seal : lie))
        if random.chance(200_000) { return Record(.untilSettled, bytes: bytes) }
        let stream = MemberID(high: 0, low: 0, incarnation: 0)
        let sequence = random.chance(100_000) ? UInt64.max : statement.time.milliseconds
        return Record(.untilSuperseded(stream: stream, sequence: sequence), bytes: bytes)
    }

    private func forged(
        _ signature: SealSignature,
        of statement: SealStatement,
        _ random: inout SeededRandom
    ) -> SealSignature {
        guard random.chance(500_000) else { return signature }
        let key = KeyedHash.publicKey(own.uuid)
        let bytes = KeyedHash.signature(of: statement.signedBytes, by: key)
        return SealSignature(member: random.chance(800_000) ? signature.member : own, bytes: bytes)
    }

    private func garbage(_ random: inout SeededRandom) -> Record {
        Record(.untilSettled, bytes: (0..<random.below(64)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    }

    /// After what it has itself, or after what it heard that comes next.
    private func forgedEntries(_ random: inout SeededRandom) -> [LogRecord] {
        let heard = memory.compactMap { message -> Entry? in
            guard case .gossip(.entries(let records)) = message.body else { return nil }
            return records.last.flatMap { Self.records.decodeEntry($0.bytes) }
        }
        var entries: [Entry] = []
        var (position, hash) = (last, Digest.of([1]))
        if let entry = random.element(of: heard) { (position, hash) = (entry.position, entry.hash) }
        for _ in 0..<random.within(1...5) {
            let entry = forgedEntry(after: position, hash, &random)
            entries.append(entry)
            (position, hash) = (entry.position, entry.hash)
        }
        return entries.map { LogRecord(index: $0.index, bytes: Self.records.encode($0)) }
    }

    private func forgedEntry(after position: LogPosition, _ hash: Digest, _ random: inout SeededRandom) -> Entry {
        let command = Command(
            caller: .administrator(fingerprint: World.administrator),
            authenticatedBy: random.element(of: others) ?? own,
            idempotencyKey: "lie-\(random.next())",
            notAfter: stamp.advanced(by: .seconds(60)),
            body: .removeMember(random.element(of: others) ?? own)
        )
        return Entry(
            position: LogPosition(term: position.term, index: position.index.next),
            time: stamp,
            previousHash: hash,
            payload: .command(random.chance(800_000) ? codec.encode(command) : Array("a lie".utf8))
        )
    }

    private func forgedStatement(_ random: inout SeededRandom) -> Record {
        guard let signed = statements(&random).first else { return garbage(&random) }
        return Record(.untilSettled, bytes: Self.records.encode(.statement(signed)))
    }

    /// That it is a voter, and the only one.
    private func forgedSuccession(_ random: inout SeededRandom) -> [TransitionSeal] {
        let key = KeyedHash.publicKey(own.uuid)
        guard let seal = heardSeal(&random),
            let voters = try? VoterSet(voters: [Sealing.Voter(member: own, sealKey: key)])
        else { return [] }
        let old = seal.statement
        let statement = SealStatement(
            lineage: lineage,
            term: old.term,
            claim: StateClaim(index: old.index, head: old.claim.head, root: .of([2]), voters: voters.digest),
            time: stamp
        )
        let bytes = KeyedHash.signature(of: statement.signedBytes, by: key)
        let signature = SealSignature(member: own, bytes: bytes)
        let transition = TransitionSeal(
            seal: Seal(statement: statement, signatures: [signature]),
            voters: voters,
            predecessor: old.claim.voters,
            endorsements: random.chance(500_000) ? seal.signatures : [signature]
        )
        return [transition]
    }

    /// The first piece of a state by a true seal, or by one that is none.
    private func forgedPart(_ random: inout SeededRandom) -> SnapshotPart {
        let record = forgedSeal(&random)
        var seal = heardSeal(&random)
        if random.chance(500_000), case .seal(let forged) = Self.records.decodeRecord(record.bytes) { seal = forged }
        let proof = seal.map { SnapshotProof(seal: $0, configuration: Configuration(voters: others)) }
        let opening = SnapshotPart.Opening(
            byteCount: random.within(0...(1 << 20)),
            proof: proof.map { Self.records.encode($0) } ?? [1]
        )
        return SnapshotPart(
            index: seal?.statement.index ?? futureIndex(&random),
            number: 0,
            isLast: random.chance(500_000),
            bytes: StatePairs(pairs: [.init(key: [1], value: [2])]).encoded(),
            opening: random.chance(800_000) ? opening : nil
        )
    }

    /// About itself and others.
    private func talk(_ random: inout SeededRandom) -> Gossip.Message {
        let head = LogHead(index: futureIndex(&random), hash: .of([4]), epoch: random.within(0...100))
        switch random.below(11) {
        case 0: return .announcement(head)
        case 1: return .pull(after: LogIndex(random.within(0...last.index.number)))
        case 2: return .unavailable(after: last.index)
        case 3:
            let held = Digest.of([5])
            return .summary(
                .init(head: head, held: held, streams: [], departures: random.next(), isAnswer: random.chance(500_000))
            )
        case 4: return .held([.of([6])])
        case 5: return .want([.of([6])])
        case 6: return .record(garbage(&random))
        case 7: return .snapshotPull(at: LogIndex(random.within(0...last.index.number)), number: random.within(0...3))
        case 8: return .snapshotUnavailable(at: last.index)
        case 9: return .snapshotPart(forgedPart(&random))
        default:
            let accused = random.element(of: others) ?? receiver
            return .claims([Claim(accused, incarnation: random.within(0...3), .suspected(by: own))])
        }
    }
}
