import Consensus
import Directory
package import Gossip
package import Kernel
import Sealing

// Every node is part of the overlay as soon as the log names an edge: members bring seals, statements and the sealed log to it,
// edges live on it.
extension ReplicaNode {
    /// Nil as long as the log names no edge.
    package var gossipCounters: GossipCounters? { gossip?.counters }
    /// Nil also before anything was measured.
    package var coordinate: NetworkCoordinate? {
        gossip.flatMap { $0.counters.roundTrips > 0 ? $0.coordinate : nil }
    }
    package var neighbours: [MemberID] { gossip?.neighbourIDs ?? [] }

    /// Who is in the overlay follows from the state.
    mutating func followOverlay(at now: Moment, into effects: inout [Effect]) {
        guard facts.edges != overlaid.edges || facts.members != overlaid.members || facts.zones != overlaid.zones
        else { return }
        overlaid = (facts.members, facts.edges, facts.zones)
        if edge != nil, !facts.isEdge(member), haltReason == nil {
            halt("this edge was removed from the cluster", at: now, into: &effects)
        }
        guard !facts.edges.isEmpty else {
            if gossip != nil { effects.append(.neighbours([])) }
            gossip = nil
            unreached = UnreachedNodes()
            for neighbour in served.keys.sorted() { effects.append(.closeSealedSnapshot(for: neighbour)) }
            served = [:]
            return
        }
        unreached.keep { facts.isMember($0) || facts.isEdge($0) }
        let list = (facts.members + facts.edges).map { Overlay.Member(id: $0, zone: facts.zones[$0] ?? "") }
        let before = gossip?.neighbourIDs ?? []
        if let overlay = gossip?.overlay {
            spread(.overlay(overlay.changed(to: list), streams: [Self.sealStream]), at: now, into: &effects)
        } else {
            beginGossip(Overlay(seed: lineage.overlaySeed, members: list), at: now, into: &effects)
        }
        for neighbour in gossip?.neighbourIDs ?? [] where openLinks.contains(neighbour) && !before.contains(neighbour) {
            spread(.linkOpened(neighbour), at: now, into: &effects)
        }
    }

    private mutating func beginGossip(_ overlay: Overlay, at now: Moment, into effects: inout [Effect]) {
        gossip = GossipNode(
            id: member,
            overlay: overlay,
            streams: [Self.sealStream],
            options: options.gossip,
            takesLog: edge != nil,
            seed: gossipSeed,
            at: now.monotonic
        )
        spread(.wake, at: now, into: &effects)
        for signed in statementsInForce { publish(.statement(signed), at: now, into: &effects) }
    }

    /// Seals supersede each other whoever led when they were made: later is more.
    private static let sealStream = MemberID(high: 0, low: 0, incarnation: 0)

    mutating func setLink(to peer: MemberID, isOpen: Bool, at now: Moment, into effects: inout [Effect]) {
        if isOpen { openLinks.insert(peer) } else { openLinks.remove(peer) }
        spread(isOpen ? .linkOpened(peer) : .linkClosed(peer), at: now, into: &effects)
    }

    /// Steps gossip and carries out what it asks for.
    mutating func spread(_ input: GossipNode.Input, at now: Moment, into effects: inout [Effect]) {
        for effect in gossip?.step(input, at: now.monotonic) ?? [] {
            switch effect {
            case .connect(let neighbours): effects.append(.neighbours(neighbours))
            case .send(let message, let neighbours):
                for neighbour in neighbours {
                    let message = PeerMessage(stamp: now.wall, body: .gossip(message))
                    effects.append(.send(message, to: neighbour, after: nil))
                }
            case .judge(let record, let neighbour): judge(record, from: neighbour, at: now, into: &effects)
            case .offerLog(let records, let neighbour): offered(records, from: neighbour, at: now, into: &effects)
            case .readLog(let neighbour, let index, let maxBytes):
                effects.append(.readLog(for: neighbour, after: index, maxBytes: maxBytes))
            case .readSnapshot(let neighbour, let index, let number):
                serveSnapshot(to: neighbour, past: index, number, at: now, into: &effects)
            case .closeSnapshot(let neighbour):
                served[neighbour] = nil
                effects.append(.closeSealedSnapshot(for: neighbour))
            case .takeSnapshot(let part, let neighbour):
                take(part, from: neighbour, at: now, into: &effects)
            case .reachabilityChanged(let peer, let reachability):
                noteReachability(of: peer, reachability, at: now.monotonic, into: &effects)
            case .note(let note): effects.append(.note(note))
            }
        }
    }

    mutating func wakeGossip(at now: Moment, into effects: inout [Effect]) {
        if let due = gossip?.nextWake, due <= now.monotonic { spread(.wake, at: now, into: &effects) }
    }

    private mutating func judge(
        _ record: Record,
        from neighbour: MemberID,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        switch records.decodeRecord(record.bytes) {
        case .statement(let signed) where record == self.record(.statement(signed)):
            hear(signed, in: record, from: neighbour, at: now, into: &effects)
        case .seal(let seal) where record == self.record(.seal(seal)):
            judge(.seal(seal), in: record, from: neighbour, at: now, into: &effects)
        case .transition(let transition) where record == self.record(.transition(transition)):
            judge(.transition(transition), in: record, from: neighbour, at: now, into: &effects)
        case .statement, .seal, .transition, nil:
            spread(.judged(record.id, .refused), at: now, into: &effects)
        }
    }

    private mutating func judge(
        _ news: SealNews,
        in record: Record,
        from neighbour: MemberID,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        let verdict =
            edge == nil
            ? verdictOfMember(on: news) : takeAtEdge(news, from: neighbour, at: now, into: &effects)
        spread(.judged(record.id, verdict), at: now, into: &effects)
    }

    /// A member goes by what its leader tells it, and passes on what others can go by.
    private func verdictOfMember(on news: SealNews) -> GossipNode.Verdict {
        guard let trusted = seals.watch?.trusted else { return .passedOver }
        if news.statement == trusted.newest?.statement { return .counts }
        guard case .seal(let seal) = news, seal.statement.lineage == lineage,
            seal.statement.claim.voters == trusted.voters.digest
        else { return .passedOver }
        do throws(SignatureFlaw) {
            try trusted.voters.verify(seal.signatures, of: seal.statement.signedBytes, seals.verifier)
            return .counts
        } catch {
            return .refused
        }
    }

    private mutating func hear(
        _ signed: SignedStatement,
        in record: Record,
        from neighbour: MemberID,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        hear([signed], from: neighbour, at: now, into: &effects)
        // Under another signature it may be forged, or the one that is looked at is: it comes again.
        let item = statements[signed.id].flatMap { $0.signed == signed ? $0 : nil }
        switch item?.stage {
        case .inForce: spread(.judged(record.id, .counts), at: now, into: &effects)
        case nil, .disputed: spread(.judged(record.id, .passedOver), at: now, into: &effects)
        // The state is asked; `settleQuestion` follows.
        case .inQuestion, .beginning: return
        }
    }

    /// The state, or the log, has said what a statement comes to.
    mutating func settleQuestion(
        _ signed: SignedStatement,
        _ verdict: GossipNode.Verdict,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        guard gossip != nil else { return }
        spread(.judged(record(.statement(signed)).id, verdict), at: now, into: &effects)
    }

    mutating func publish(_ news: GossipRecord, at now: Moment, into effects: inout [Effect]) {
        guard gossip != nil else { return }
        let record = record(news)
        spread(.judged(record.id, .counts), at: now, into: &effects)
        spread(.publish(record), at: now, into: &effects)
    }

    /// The log has judged it.
    mutating func settled(_ signed: SignedStatement, at now: Moment, into effects: inout [Effect]) {
        guard gossip != nil else { return }
        let id = record(.statement(signed)).id
        spread(.judged(id, .passedOver), at: now, into: &effects)
        spread(.settled([id]), at: now, into: &effects)
    }

    private func record(_ news: GossipRecord) -> Record {
        let bytes = records.encode(news)
        return switch news {
        case .statement: Record(.untilSettled, bytes: bytes)
        case .seal(let seal): Record(Self.lifetime(of: seal.statement), bytes: bytes)
        case .transition(let transition): Record(Self.lifetime(of: transition.statement), bytes: bytes)
        }
    }

    private static func lifetime(of seal: SealStatement) -> Record.Lifetime {
        .untilSuperseded(stream: sealStream, sequence: seal.time.milliseconds)
    }

    /// Gossip has the log as far as a seal proves it and it is applied here.
    mutating func spreadLog(at now: Moment, into effects: inout [Effect]) {
        guard let head = gossip?.head, let proved = provedClaim, proved.index > head.index else { return }
        let known = max(head.index.number, proved.index.number - min(proved.index.number, Self.spreadLimit))
        let entries = raft.recentEntries(from: LogIndex(known).next, endingAt: proved.index)
        let logHead = LogHead(index: proved.index, hash: proved.head, epoch: facts.epoch)
        spread(.logAdvanced(logHead, records: entries.map(record)), at: now, into: &effects)
    }

    /// Entries that gossip is given at once; who lacks more is answered from the store.
    private static let spreadLimit: UInt64 = 4096

    private func record(_ entry: Entry) -> LogRecord {
        LogRecord(index: entry.index, bytes: records.encode(entry))
    }

    private var provedClaim: StateClaim? {
        if edge != nil { return edge?.claim(applied: applied.position.index) }
        guard let claim = seals.newest?.statement.claim, claim.index <= applied.position.index else { return nil }
        return claim
    }

    /// What lies past the proved head is nobody's yet.
    mutating func logRead(
        for neighbour: MemberID,
        after index: LogIndex,
        _ entries: [Entry],
        at now: Moment,
        into effects: inout [Effect]
    ) {
        let head = gossip?.head.index ?? .zero
        let proved = entries.prefix { $0.index <= head }.map(record)
        spread(.logRead(for: neighbour, after: index, proved), at: now, into: &effects)
    }
}

extension Lineage {
    /// Of the overlay: every node has it from its first entry on.
    fileprivate var overlaySeed: Digest {
        var hasher = DigestHasher()
        hasher.update(high)
        hasher.update(low)
        return hasher.finalize()
    }
}
