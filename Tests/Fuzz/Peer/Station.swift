import Consensus
import Directory
import Kernel
import Replica
import Sealing
import Simulator
import TestSupport
import Wire

/// A node with stores in memory. They refuse what the stores on disk refuse, and that a node asks for such a thing is a
/// finding.
struct Station {
    private(set) var node: ReplicaNode
    /// While set, what needs a disk waits for `work`.
    var isSlow = false
    /// Commands that the node was given and that took effect.
    private(set) var carriedOut = 0
    /// Statements that decisions would go by beside the state.
    private var inForce: Set<Digest> = []
    private var log: VirtualLogDisk
    private var state: VirtualStateStore.Version
    private var applier = Applier(codec: ProtobufCodec())
    private var outgoing: OutgoingSnapshot?
    private var incoming = IncomingSnapshot()
    private(set) var now = Moment(monotonic: .zero, wall: MemoryNode.start)
    private var waiting: [ReplicaNode.Effect] = []

    /// An input leads to few others: a node that goes on and on is a finding too.
    private static let restLimit = 2000

    init(_ member: MemberID, lineage: Lineage, configuration: Configuration, entries: [Entry]) {
        let base = SnapshotPoint(position: .zero, hash: .zero, time: .distantPast, configuration: configuration)
        let isMember = !entries.isEmpty
        log = VirtualLogDisk(
            hardState: HardState(term: Term(1), vote: nil, commitIndex: LogIndex(isMember ? 1 : 0)),
            base: base,
            entries: entries
        )
        state = .init(
            pairs: SortedStore(),
            point: base,
            facts: DirectoryFacts(revision: .zero, epoch: 0, stateRoot: .zero)
        )
        node = ReplicaNode(
            member: member,
            lineage: lineage,
            options: .tight,
            codec: ProtobufCodec(),
            records: WireRecordCodec(),
            restored: log.restored(hidingThrough: .zero, applied: .zero),
            facts: state.facts,
            applied: base,
            invitedBy: isMember ? [] : Array(Group.members.prefix(3)),
            introduced: [],
            statements: [],
            seals: SealStart(verifier: KeyedHash()),
            seed: member.low,
            at: now
        )
    }

    /// An edge that has joined: it has another's state, and a checkpoint from it.
    init(edge member: MemberID, lineage: Lineage, from other: Station) {
        state = other.state
        now = other.now
        log = VirtualLogDisk(
            hardState: HardState(
                term: state.point.position.term,
                vote: nil,
                commitIndex: state.point.position.index
            ),
            base: state.point,
            entries: []
        )
        node = ReplicaNode(
            member: member,
            lineage: lineage,
            options: .tight,
            codec: ProtobufCodec(),
            records: WireRecordCodec(),
            isEdge: true,
            restored: log.restored(hidingThrough: .zero, applied: state.point.position.index),
            facts: state.facts,
            applied: state.point,
            invitedBy: [],
            introduced: [],
            statements: [],
            seals: SealStart(verifier: KeyedHash(), memory: SealMemory(checkpoint: other.node.newestCheckpoint)),
            seed: member.low,
            at: now
        )
    }

    /// Lets time pass, then wakes the node if it wants that.
    mutating func pass(_ span: Span) -> [Sent] {
        now = Moment(monotonic: now.monotonic.advanced(by: span), wall: now.wall.advanced(by: span))
        guard let due = node.nextWake, due <= now.monotonic else { return [] }
        return step(.wake)
    }

    mutating func step(_ input: ReplicaNode.Input) -> [Sent] {
        var sent = take(node.step(input, at: now))
        if !isSlow { sent += work(Self.restLimit) }
        return sent
    }

    /// Carries out so much of what waits for the disks, in order.
    mutating func work(_ count: Int) -> [Sent] {
        var sent: [Sent] = []
        var left = count
        while left > 0, !waiting.isEmpty {
            left -= 1
            if case .send(let message, let member, _) = waiting[0] { sent.append(Sent(message: message, to: member)) }
            let effect = waiting.removeFirst()
            if case .neighbours(let members) = effect {
                // Dialled at once. The node ignores links that it has.
                for member in members { sent += take(node.step(.link(member, isOpen: true), at: now)) }
            }
            if let answer = answer(to: effect) { sent += take(node.step(answer, at: now)) }
        }
        invariant(left > 0 || count < Self.restLimit, "the node does not come to rest")
        if waiting.isEmpty { checkStores() }
        return sent
    }

    /// Lets an applied entry rot, as a scrub would find it.
    mutating func rot(_ index: LogIndex) -> [Sent] {
        guard index <= node.applied.position.index, log.stored(at: index) != nil else { return [] }
        log.rot(at: index)
        return step(.logDamaged(log.damage))
    }

    /// Of the log on disk.
    var end: LogEnd {
        log.stored(at: log.last.index).map { LogEnd(position: $0.entry.position, hash: $0.hash) } ?? LogEnd(state.point)
    }

    /// What the node believes to have made durable and applied is there.
    private func checkStores() {
        invariant(log.last == node.lastPosition, "\(log.last) is on disk, \(node.lastPosition) in memory")
        invariant(state.point == node.applied, "\(state.point) is applied, \(node.applied) in memory")
    }

    private mutating func take(_ effects: [ReplicaNode.Effect]) -> [Sent] {
        var sent: [Sent] = []
        for effect in effects {
            switch effect {
            case .send(let message, let member, nil): sent.append(Sent(message: message, to: member))
            case .introduce(let voters, let member, let stamp):
                let body = PeerMessage.Body.voters(Introduction.of(voters, in: namedMembers))
                sent.append(Sent(message: PeerMessage(stamp: stamp, body: body), to: member))
            default: waiting.append(effect)
            }
        }
        return sent
    }

    private mutating func answer(to effect: ReplicaNode.Effect) -> ReplicaNode.Input? {
        switch effect {
        case .persist(let write): return persisted(write)
        case .apply(let entries): return .applied(applied(entries))
        case .readEntries(let peer, let from, let maxBytes):
            let range = log.range(from: from, maxBytes: maxBytes)
            return .entriesRead(for: peer, previous: range?.previous, entries: range?.entries ?? [])
        case .readSnapshot(let peer, let position, let number):
            return .snapshotRead(for: peer, chunk(number, at: position))
        case .readSealedSnapshot(let peer, let claim, let number, _):
            let part = state.point.position.index == claim.index ? chunk(number, at: nil) : nil
            return .sealedSnapshotRead(for: peer, part, byteCount: UInt64(outgoing?.byteCount ?? 0))
        case .closeSealedSnapshot: return nil
        case .checkSnapshot(let point): return .snapshotChecked(point, checked(point))
        case .stageSnapshot(let chunk): return staged(chunk)
        case .installSnapshot(let point): return installed(point)
        case .compact(let index):
            let applied = state.point.position.index
            log.compact(before: min(index, applied.next), applied: applied)
            return .compacted(firstIndex: log.firstIndex)
        case .repairLog(let entries, let hash): return .logRepaired(log.repair(entries, endingIn: hash))
        case .readForRepair(let peer, let first, let last, let maxBytes):
            let entries = log.entries(from: first, endingAt: last, maxBytes: maxBytes)
            return .readForRepair(for: peer, first: first, last: last, entries: entries)
        case .readLog(let peer, let index, let maxBytes):
            let range = log.range(from: index.next, maxBytes: maxBytes)
            return .logRead(for: peer, after: index, entries: range?.entries ?? [])
        case .forgetLostTail:
            log.forgetLostTail()
            return nil
        case .reply(_, .applied(.done)):
            carriedOut += 1
            return nil
        case .judge(let statements, let time): return .judged(judged(statements, broughtAt: time))
        case .enforce(let statements):
            statements.forEach { inForce.insert($0.id) }
            return .enforced(statements.map(\.id))
        case .release(let ids):
            for id in ids { invariant(inForce.remove(id) != nil, "\(id) is released and was not in force") }
            return nil
        case .keepSealMark(let mark): return .sealMarkKept(mark)
        case .signSeal(let statement):
            let key = Self.sealKey(of: node.member)
            return .sealSigned(statement, signature: KeyedHash.signature(of: statement.signedBytes, by: key))
        case .send, .reply, .keepSealMemory, .publish, .serving, .roleChanged, .configurationChanged, .introduce,
            .introduced, .neighbours, .readyToStop, .note:
            return nil
        }
    }

    /// As the log names it.
    static func sealKey(of member: MemberID) -> [UInt8] { KeyedHash.publicKey("seals of \(member.low)") }

    private func judged(
        _ statements: [SignedStatement],
        broughtAt: WallTime?
    ) -> [(SignedStatement, StatementJudgement)] {
        let view = DirectoryView(state.pairs, codec: ProtobufCodec())
        return statements.compactMap { signed in
            // A server would stop at a state that does not decode; this one goes on, to see more.
            (try? view.judge(signed, broughtAt: broughtAt, KeyedHash())).map { (signed, $0) }
        }
    }

    private var namedMembers: [MemberRecord] {
        let view = DirectoryView(state.pairs, codec: ProtobufCodec())
        return (try? view.members(ListRequest(limit: ListRequest.maximumLimit)).items) ?? []
    }

    private mutating func persisted(_ write: LogWrite) -> ReplicaNode.Input {
        _ = log.begin(write)
        let completion = log.completeBatch().last
        invariant(completion?.flaw == nil, "the log refuses a write: \(completion?.flaw ?? "")")
        return .persisted(write.id, last: completion?.last ?? .zero)
    }

    private mutating func applied(_ entries: [Entry]) -> AppliedBatch {
        var pairs = state.pairs
        switch applier.apply(entries, after: state.point, to: &pairs) {
        case .done(let batch):
            state = .init(pairs: pairs, point: batch.point, facts: batch.facts)
            return batch
        case .blocked(let count, let reason):
            let before = Array(entries.prefix(count))
            let rest =
                before.isEmpty
                ? AppliedBatch(point: state.point, outcomes: [], events: [], facts: state.facts, halt: nil)
                : applied(before)
            return rest.halted(because: reason)
        }
    }

    private mutating func chunk(_ number: UInt64, at position: LogPosition?) -> Message.SnapshotChunk? {
        if number == 0, state.point.position != .zero {
            outgoing = OutgoingSnapshot(
                VirtualStateStore.Version(pairs: state.pairs, point: state.point, facts: state.facts)
            )
        }
        guard let outgoing, position == nil || position == outgoing.point.position else { return nil }
        return outgoing.chunk(number)
    }

    private mutating func staged(_ chunk: Message.SnapshotChunk) -> ReplicaNode.Input {
        guard (try? StatePairs(encoded: chunk.bytes)) != nil else {
            return .snapshotStaged(chunk.point.position, nextChunk: 0)
        }
        incoming.stage(chunk)
        return .snapshotStaged(chunk.point.position, nextChunk: incoming.nextChunk)
    }

    private func checked(_ point: SnapshotPoint) -> DirectoryFacts? {
        guard let pairs = incoming.assembled(at: point), StateTree.checkedRoot(of: pairs) != nil else { return nil }
        return try? DirectoryFacts(at: point.position.index, in: pairs, codec: ProtobufCodec())
    }

    private mutating func installed(_ point: SnapshotPoint) -> ReplicaNode.Input {
        guard let pairs = incoming.assembled(at: point) else { fatalError("\(point.position) was never staged") }
        // A server would stop at a state that does not decode; this one goes on, to see more.
        let facts =
            (try? DirectoryFacts(at: point.position.index, in: pairs, codec: ProtobufCodec()))
            ?? DirectoryFacts(revision: point.position.index, epoch: 0, stateRoot: .zero)
        state = .init(pairs: pairs, point: point, facts: facts)
        applier = Applier(codec: ProtobufCodec())
        log.reset(to: point)
        incoming = IncomingSnapshot()
        return .snapshotInstalled(point, facts)
    }
}

/// A message on its way.
struct Sent {
    let message: PeerMessage
    let to: MemberID
}

extension ReplicaOptions {
    /// Small bounds, so that short conversations reach them.
    fileprivate static var tight: ReplicaOptions {
        var options = ReplicaOptions()
        options.maxPendingRequests = 8
        options.compactionStep = 4
        options.keptEntries = 8
        options.raft.maxUncommittedBytes = 4096
        options.raft.maxAppendBytes = 1024
        options.raft.maxInflightAppends = 4
        options.raft.maxApplyCount = 3
        options.raft.maxWaitingReads = 8
        options.raft.windowBytes = 512
        return options
    }
}
