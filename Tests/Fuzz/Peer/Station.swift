import Consensus
import Directory
import Kernel
import Replica
import TestSupport
import Wire

/// A node with a disk that is at once done and a state in memory.
struct Station {
    private(set) var node: ReplicaNode
    private var applier = Applier(codec: ProtobufCodec())
    private var state = MemoryStore()
    private var point: SnapshotPoint
    private var now = Moment(monotonic: .zero, wall: MemoryNode.start)

    struct Sent {
        let message: PeerMessage
        let to: MemberID
    }

    init(_ member: MemberID, genesis: Genesis, configuration: Configuration) {
        let base = SnapshotPoint(position: .zero, hash: .zero, time: .distantPast, configuration: configuration)
        point = base
        node = ReplicaNode(
            member: member,
            lineage: genesis.lineage,
            options: ReplicaOptions(),
            codec: ProtobufCodec(),
            restored: RestoredLog(
                hardState: HardState(term: Term(1), vote: nil, commitIndex: LogIndex(1)),
                base: base,
                entries: [genesis.firstEntry(codec: ProtobufCodec())],
                firstIndex: LogIndex(1)
            ),
            facts: DirectoryFacts(revision: .zero, epoch: 0, stateRoot: .zero),
            applied: base,
            seed: member.low,
            at: now
        )
    }

    /// Lets time pass, up to the node's next timer if that is sooner.
    mutating func pass(_ span: Span) -> [Sent] {
        now = Moment(monotonic: now.monotonic.advanced(by: span), wall: now.wall.advanced(by: span))
        guard let due = node.nextWake, due <= now.monotonic else { return [] }
        return step(.wake)
    }

    /// Gives an input, carries out what the node asks for, and so on until it asks for nothing more.
    mutating func step(_ input: ReplicaNode.Input) -> [Sent] {
        var sent: [Sent] = []
        var inputs = [input]
        // Each input leads to few others; a node that never comes to rest is a finding too.
        var steps = 0
        while !inputs.isEmpty {
            steps += 1
            invariant(steps < 10_000, "the node does not come to rest")
            for effect in node.step(inputs.removeFirst(), at: now) {
                switch effect {
                case .send(let message, let member, _): sent.append(Sent(message: message, to: member))
                default: if let answer = answer(to: effect) { inputs.append(answer) }
                }
            }
        }
        return sent
    }

    private mutating func answer(to effect: ReplicaNode.Effect) -> ReplicaNode.Input? {
        switch effect {
        case .persist(let write): .persisted(write.id, last: write.entries.last?.position ?? .zero)
        case .apply(let entries): applied(entries)
        case .readEntries(let peer, _, _): .entriesRead(for: peer, previous: nil, entries: [])
        case .readSnapshot(let peer, _, _): .snapshotRead(for: peer, nil)
        case .stageSnapshot(let chunk): .snapshotStaged(chunk.point.position, nextChunk: chunk.number &+ 1)
        case .installSnapshot(let new): installed(new)
        case .compact(let index): .compacted(firstIndex: index)
        default: nil
        }
    }

    private mutating func applied(_ entries: [Entry]) -> ReplicaNode.Input? {
        switch applier.apply(entries, after: point, to: &state) {
        case .done(let batch):
            point = batch.point
            return .applied(batch)
        // Nothing but a peer that may lead can bring a node to this; it stops applying and goes on otherwise.
        case .blocked: return nil
        }
    }

    private mutating func installed(_ new: SnapshotPoint) -> ReplicaNode.Input {
        point = new
        return .snapshotInstalled(
            new,
            DirectoryFacts(revision: new.position.index, epoch: 0, stateRoot: .zero)
        )
    }
}
