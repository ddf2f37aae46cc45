import Consensus
import Directory
package import Gossip
import Kernel
import Sealing

// How an edge that lacks more than its neighbours have of the log takes the state from one of them, and trusts it in nothing.
// docs/decisions/0039.
extension ReplicaNode {
    mutating func take(_ part: SnapshotPart, from neighbour: MemberID, at now: Moment, into effects: inout [Effect]) {
        // The one before is on its way into the place of the state.
        guard edge?.snapshot?.isWaitingForLog != true else {
            return spread(.snapshotGivenUp(isLie: false), at: now, into: &effects)
        }
        if let opening = part.opening {
            edge?.snapshot = nil
            guard let point = begin(opening, of: part.index, from: neighbour, at: now, into: &effects) else { return }
            edge?.snapshot = EdgeSnapshot(point: point)
        }
        guard let snapshot = edge?.snapshot, snapshot.phase == .receiving, snapshot.next == part.number else {
            return spread(.snapshotGivenUp(isLie: false), at: now, into: &effects)
        }
        edge?.snapshot?.phase = .storing(isLast: part.isLast)
        let chunk = Consensus.Message.SnapshotChunk(
            point: snapshot.point,
            number: part.number,
            isLast: part.isLast,
            bytes: part.bytes,
            digest: .of(part.bytes)
        )
        effects.append(.stageSnapshot(chunk))
    }

    /// Nil, and given up, where the seal is none, or the configuration is not that of its voters.
    private mutating func begin(
        _ opening: SnapshotPart.Opening,
        of index: LogIndex,
        from neighbour: MemberID,
        at now: Moment,
        into effects: inout [Effect]
    ) -> SnapshotPoint? {
        let outcome =
            haltReason == nil
            ? judge(opening, of: index, from: neighbour, at: now, into: &effects) : .giveUp(isLie: false)
        switch outcome {
        case .take(let point): return point
        case .giveUp(let isLie):
            spread(.snapshotGivenUp(isLie: isLie), at: now, into: &effects)
            return nil
        }
    }

    private enum OpeningVerdict {
        case take(SnapshotPoint)
        case giveUp(isLie: Bool)
    }

    private mutating func judge(
        _ opening: SnapshotPart.Opening,
        of index: LogIndex,
        from neighbour: MemberID,
        at now: Moment,
        into effects: inout [Effect]
    ) -> OpeningVerdict {
        guard let proof = records.decodeProof(opening.proof), proof.seal.statement.index == index else {
            return .giveUp(isLie: true)
        }
        // It may be news, and voters whom this edge does not know may have to be asked after.
        if takeAtEdge(.seal(proof.seal), from: neighbour, at: now, into: &effects) == .refused {
            return .giveUp(isLie: true)
        }
        let verifier = seals.verifier
        switch edge?.offered(by: proof.seal, at: now.wall, verifier) ?? .nothing {
        case .snapshotWanted: break
        case .sealRefused(.signatures), .sealRefused(.otherLineage): return .giveUp(isLie: true)
        case let outcome:
            follow(outcome, at: now, into: &effects)
            return .giveUp(isLie: false)
        }
        guard let voters = edge?.sealed?.trusted.voters, voters.areThose(of: proof.configuration) else {
            return .giveUp(isLie: true)
        }
        // Who is to be what after it, no seal says.
        guard !proof.configuration.isJoint else { return .giveUp(isLie: false) }
        return .take(
            SnapshotPoint(proof.seal.statement, configuration: proof.configuration, time: applied.time)
        )
    }

    mutating func stagedAtEdge(
        _ position: LogPosition,
        _ nextChunk: UInt64,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        guard let snapshot = edge?.snapshot, snapshot.point.position == position,
            case .storing(let isLast) = snapshot.phase
        else { return }
        guard nextChunk == snapshot.next + 1 else {
            return refuseSnapshot("it cannot be kept", at: now, into: &effects)
        }
        edge?.snapshot?.next = nextChunk
        edge?.snapshot?.phase = isLast ? .checking : .receiving
        if isLast {
            effects.append(.checkSnapshot(snapshot.point))
        } else {
            spread(.snapshotTaken(number: snapshot.next), at: now, into: &effects)
        }
    }

    mutating func snapshotChecked(
        _ point: SnapshotPoint,
        _ facts: DirectoryFacts?,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        guard edge?.snapshot?.point == point, edge?.snapshot?.phase == .checking else { return }
        guard let facts, facts.revision == point.position.index else {
            return refuseSnapshot("it is not whole", at: now, into: &effects)
        }
        edge?.snapshot?.phase = .checked(facts)
    }

    /// Compares it with what is sealed, and gives it to consensus, once that is at rest.
    mutating func installSnapshot(at now: Moment, into effects: inout [Effect]) {
        guard let snapshot = edge?.snapshot, case .checked(let facts) = snapshot.phase, edge?.underWay == nil,
            applied.position.index == raft.lastPosition.index
        else { return }
        // Learners vote nothing, so that no seal is of them, but what becomes of them later follows from who they are.
        guard facts.members == snapshot.point.configuration.members,
            let point = SealPoint(snapshot.point, root: facts.stateRoot, keys: facts.sealKeys)
        else { return refuseSnapshot("its members are not those that it came with", at: now, into: &effects) }
        let verifier = seals.verifier
        let outcome = edge?.install(point, at: now.wall, verifier) ?? .nothing
        switch outcome {
        case .mayInstall: break
        // The log has got further meanwhile.
        case .snapshotRefused(.goesBack), .snapshotRefused(.notWanted):
            note("a state is not taken, since the log has got further", "\(outcome)", .info, into: &effects)
            edge?.snapshot = nil
            return spread(.snapshotGivenUp(isLie: false), at: now, into: &effects)
        default: return refuseSnapshot("\(outcome)", at: now, into: &effects)
        }
        if let reason = Self.obstacle(in: facts, options) {
            edge?.snapshot = nil
            spread(.snapshotGivenUp(isLie: false), at: now, into: &effects)
            return halt(reason, at: now, into: &effects)
        }
        edge?.snapshot?.phase = .installing
        let term = max(raft.term, snapshot.point.position.term)
        lead(.heartbeat(commitIndex: raft.commitIndex, round: 0), in: term, at: now, into: &effects)
        advance(.snapshotHeld(snapshot.point), at: now, into: &effects)
    }

    private mutating func refuseSnapshot(_ reason: String, at now: Moment, into effects: inout [Effect]) {
        note("a neighbour's state was refused", reason, .warning, into: &effects)
        edge?.snapshot = nil
        spread(.snapshotGivenUp(isLie: true), at: now, into: &effects)
    }

    private func note(_ message: String, _ reason: String, _ level: Note.Level, into effects: inout [Effect]) {
        guard let snapshot = edge?.snapshot else { return }
        let at = Note.Field("at", "\(snapshot.point.position.index)")
        effects.append(.note(Note(level, message, at, .init("reason", reason))))
    }

    /// What this node takes in the place of the log, if it does.
    package var fetchedSnapshot: Fetching? { gossip?.fetching }
}

// What others are given.
extension ReplicaNode {
    /// By the newest seal, where the state has got to it.
    mutating func serveSnapshot(
        to neighbour: MemberID,
        past index: LogIndex,
        _ number: UInt64,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        if number == 0 { served[neighbour] = isProven && haltReason == nil ? newestSeal : nil }
        guard let seal = served[neighbour], seal.statement.index <= applied.position.index,
            number > 0 || seal.statement.index > index
        else { return spread(.snapshotRead(for: neighbour, nil), at: now, into: &effects) }
        let maxBytes = gossip?.options.snapshotPartBytes ?? 0
        effects.append(
            .readSealedSnapshot(for: neighbour, seal.statement.claim, number: number, maxBytes: maxBytes)
        )
    }

    mutating func sealedSnapshotRead(
        for neighbour: MemberID,
        _ chunk: Consensus.Message.SnapshotChunk?,
        byteCount: UInt64,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        let part = served[neighbour].flatMap { seal in chunk.flatMap { piece(of: $0, by: seal, byteCount) } }
        spread(.snapshotRead(for: neighbour, part), at: now, into: &effects)
    }

    /// Nil where it is of another state, or longer than a message may be.
    private func piece(
        of chunk: Consensus.Message.SnapshotChunk,
        by seal: Seal,
        _ byteCount: UInt64
    ) -> SnapshotPart? {
        let (point, claim) = (chunk.point, seal.statement.claim)
        guard point.position.index == claim.index, point.hash == claim.head,
            chunk.bytes.count <= gossip?.options.entryByteLimit ?? 0
        else { return nil }
        let proof = SnapshotProof(seal: seal, configuration: point.configuration)
        let opening = SnapshotPart.Opening(byteCount: byteCount, proof: records.encode(proof))
        return SnapshotPart(
            index: claim.index,
            number: chunk.number,
            isLast: chunk.isLast,
            bytes: chunk.bytes,
            opening: chunk.number == 0 ? opening : nil
        )
    }
}

extension VoterSet {
    fileprivate func areThose(of configuration: Configuration) -> Bool {
        configuration.flaw == nil && voters.map(\.member) == configuration.voters
            && votersOutgoing.map(\.member) == configuration.votersOutgoing
    }
}
