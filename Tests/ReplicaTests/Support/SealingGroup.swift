import Consensus
import Directory
import Kernel
import Replica
import Sealing
import Wire

/// Voters that seal, in a log that they have all applied to its end, edges that follow them, and the messages between them.
struct SealingGroup {
    static let lineage = Lineage(high: 7, low: 7)
    static let start = Moment(monotonic: .zero, wall: WallTime(milliseconds: 1_000_000_000))

    var nodes: [ReplicaNode]
    private(set) var now = SealingGroup.start
    /// What was sent, kept and told, in order.
    private(set) var effects: [(node: Int, effect: ReplicaNode.Effect)] = []
    private var underWay: [(from: Int, to: Int, PeerMessage)] = []
    /// Nothing reaches these, and they reach nobody.
    var isolated: Set<Int> = []
    /// What these keep is never durable.
    var stuck: Set<Int> = []
    /// The state of these does not say yet what statements come to.
    var slowToJudge: Set<Int> = []
    private var unjudged: [(node: Int, [SignedStatement])] = []
    /// The root of the state that these hand out, if not their own.
    var handsOut: [Int: Digest] = [:]
    /// What these hand out is no state.
    var handsOutGarbage: Set<Int> = []
    private var staged: [Int: [Consensus.Message.SnapshotChunk]] = [:]
    /// By how much the wall clock of these is behind.
    var behind: [Int: Span] = [:]
    /// When the monotonic clock of these began.
    private var bootedAt: [Int: Instant] = [:]
    /// What each has kept of seals.
    private(set) var memories: [SealMemory]
    /// Who seals from the next entry on.
    var sealing = SealingGroup.voters
    /// Members and edges as the state names them.
    var named: (members: [MemberID], edges: [MemberID])
    /// As the state of one of them names edges, if otherwise.
    var edgesNamed: [Int: [MemberID]] = [:]
    private var points: [SnapshotPoint]
    private var roots: [Digest]
    /// What each has written, from the second entry on.
    private var logs: [[Entry]]

    static func member(_ number: Int) -> MemberID { MemberID(high: 1, low: UInt64(number)) }
    static func key(_ number: Int) -> [UInt8] { NamedKeys.key("seals of \(number)") }

    static var members: [MemberID] { (0..<3).map(member) }

    static var voters: VoterSet { voters([0, 1, 2]) }

    static func voters(_ numbers: [Int]) -> VoterSet {
        let voters = numbers.map { Sealing.Voter(member: member($0), sealKey: key($0)) }
        guard let set = try? VoterSet(voters: voters) else { fatalError("voters with a key each") }
        return set
    }

    /// - Parameters:
    ///   - roots: Of the state on each.
    ///   - memory: What an earlier process of the first has kept.
    ///   - checkpoint: What edges begin from.
    init(
        roots: [Digest] = Array(repeating: .zero, count: 3),
        memory: SealMemory = SealMemory(),
        checkpoint: Checkpoint = SealingGroup.checkpoint()
    ) {
        let base = Self.base
        let count = roots.count
        self.roots = roots
        points = Array(repeating: base, count: count)
        logs = Array(repeating: [], count: count)
        let named = (members: Self.members, edges: (3..<count).map(Self.member))
        self.named = named
        let start = now
        let memories = (0..<count).map { number in
            number < 3 ? (number == 0 ? memory : SealMemory()) : SealMemory(checkpoint: checkpoint)
        }
        self.memories = memories
        nodes = (0..<count).map { number in
            Self.node(number, at: base, Self.facts(at: LogIndex(1), roots[number], named), memories[number], [], start)
        }
    }

    private static func node(
        _ number: Int,
        at point: SnapshotPoint,
        _ facts: DirectoryFacts,
        _ memory: SealMemory,
        _ statements: [SignedStatement],
        _ start: Moment
    ) -> ReplicaNode {
        ReplicaNode(
            member: member(number),
            lineage: lineage,
            options: ReplicaOptions(),
            codec: ProtobufCodec(),
            records: WireRecordCodec(),
            isEdge: number >= 3,
            restored: RestoredLog(
                hardState: HardState(term: point.position.term, vote: nil, commitIndex: point.position.index),
                base: point,
                entries: [],
                firstIndex: point.position.index.next
            ),
            facts: facts,
            applied: point,
            invitedBy: [],
            introduced: [],
            statements: statements,
            seals: SealStart(verifier: NamedKeys(), memory: memory),
            seed: UInt64(number),
            at: start
        )
    }

    /// Another process of an edge, on what the last one has left, as its machine has started again.
    mutating func restart(_ number: Int) {
        let point = points[number]
        let kept = nodes[number].statementsInForce
        bootedAt[number] = now.monotonic
        let facts = Self.facts(at: point.position.index, roots[number], named)
        nodes[number] = Self.node(number, at: point, facts, memories[number], kept, moment(of: number))
        for other in nodes.indices where other != number {
            step(other, .link(Self.member(number), isOpen: false))
            step(other, .link(Self.member(number), isOpen: true))
        }
        step(number, .wake)
    }

    private func moment(of number: Int) -> Moment {
        let booted = bootedAt[number] ?? .zero
        return Moment(
            monotonic: .zero.advanced(by: now.monotonic.elapsed(since: booted)),
            wall: now.wall.reduced(by: behind[number] ?? .zero)
        )
    }

    /// What the states have been asked about statements.
    mutating func judge() {
        let asked = unjudged
        unjudged = []
        for (node, statements) in asked { step(node, .judged(Self.judgements(of: statements))) }
        deliver()
    }

    /// One whose signature begins with nine is not its revoker's.
    private static func judgements(of statements: [SignedStatement]) -> [(SignedStatement, StatementJudgement)] {
        statements.map { ($0, $0.signature.first == 9 ? .unacceptable(.badSignature) : .fresh) }
    }

    private static var base: SnapshotPoint {
        SnapshotPoint(
            position: LogPosition(term: Term(1), index: LogIndex(1)),
            hash: .of([1]),
            time: WallTime(milliseconds: 999_999_000),
            configuration: Configuration(voters: Self.members)
        )
    }

    /// Of what all begin with, or of something before it.
    static func checkpoint(at index: UInt64 = 1, root: Digest = .zero, time: WallTime = base.time) -> Checkpoint {
        Checkpoint(
            lineage: lineage,
            index: LogIndex(index),
            head: base.hash,
            root: root,
            time: time,
            voters: voters
        )
    }

    private static func facts(
        at revision: LogIndex,
        _ root: Digest,
        _ named: (members: [MemberID], edges: [MemberID])
    ) -> DirectoryFacts {
        let keys = (0..<3).map { (member($0), key($0)) }
        return DirectoryFacts(
            revision: revision,
            epoch: 0,
            stateRoot: root,
            sealKeys: SealKeys(keys),
            members: named.members,
            edges: named.edges
        )
    }

    var leader: Int? { nodes.firstIndex { $0.role == .leader } }

    /// Lets time pass, ten milliseconds at once, and delivers what is sent.
    mutating func run(_ span: Span) {
        for _ in 0..<span.milliseconds / 10 {
            now = Moment(
                monotonic: now.monotonic.advanced(by: .milliseconds(10)),
                wall: now.wall.advanced(by: .milliseconds(10))
            )
            for number in nodes.indices {
                if let due = nodes[number].nextWake, due <= moment(of: number).monotonic { step(number, .wake) }
            }
            deliver()
        }
    }

    /// What these keep becomes durable, from what is under way on.
    mutating func loosen() {
        let freed = stuck
        stuck = []
        for number in freed.sorted() {
            let marks = effects.compactMap { node, effect -> SealMark? in
                guard node == number, case .keepSealMark(let mark) = effect else { return nil }
                return mark
            }
            if let last = marks.last { step(number, .sealMarkKept(last)) }
        }
        deliver()
    }

    mutating func deliver() {
        while !underWay.isEmpty {
            let (from, to, message) = underWay.removeFirst()
            if isolated.isDisjoint(with: [from, to]) { step(to, .receive(message, from: Self.member(from))) }
        }
    }

    mutating func step(_ number: Int, _ input: ReplicaNode.Input) {
        for effect in nodes[number].step(input, at: moment(of: number)) {
            effects.append((number, effect))
            if let answer = answer(of: number, to: effect) { step(number, answer) }
        }
    }

    private mutating func answer(of number: Int, to effect: ReplicaNode.Effect) -> ReplicaNode.Input? {
        switch effect {
        case .send(let message, let member, _):
            if let to = nodes.firstIndex(where: { $0.member == member }) { underWay.append((number, to, message)) }
            return nil
        case .persist(let write):
            if let first = write.entries.first {
                logs[number].removeAll { $0.index >= first.index }
                logs[number] += write.entries
            }
            return .persisted(write.id, last: write.entries.last?.position ?? .zero)
        case .neighbours(let neighbours):
            for neighbour in neighbours { step(number, .link(neighbour, isOpen: true)) }
            return nil
        case .readLog(let peer, let index, _):
            return .logRead(for: peer, after: index, entries: logs[number].filter { $0.index > index })
        case .readSealedSnapshot(let peer, let claim, let part, _):
            let chunk = points[number].position.index == claim.index ? chunk(part, by: number) : nil
            return .sealedSnapshotRead(for: peer, chunk, byteCount: 1000)
        case .stageSnapshot(let chunk):
            if chunk.number == 0 { staged[number] = [] }
            staged[number]?.append(chunk)
            return .snapshotStaged(chunk.point.position, nextChunk: chunk.number + 1)
        case .checkSnapshot(let point):
            let root = stagedRoot(number)
            let facts = root.map { Self.facts(at: point.position.index, $0, named) }
            return .snapshotChecked(point, facts)
        case .installSnapshot(let point):
            let root = stagedRoot(number) ?? .zero
            (points[number], roots[number], logs[number]) = (point, root, [])
            return .snapshotInstalled(point, Self.facts(at: point.position.index, root, named))
        case .judge(let statements, _):
            guard slowToJudge.contains(number) else { return .judged(Self.judgements(of: statements)) }
            unjudged.append((number, statements))
            return nil
        case .keepSealMemory(let memory):
            memories[number] = memory
            return nil
        case .enforce(let statements): return .enforced(statements.map(\.id))
        case .apply(let entries): return .applied(applied(entries, by: number))
        case .keepSealMark(let mark): return stuck.contains(number) ? nil : .sealMarkKept(mark)
        case .signSeal(let statement):
            let signature = NamedKeys.signature(of: statement.signedBytes, by: Self.key(number))
            return .sealSigned(statement, signature: signature)
        default: return nil
        }
    }

    /// The root, half of it in each of two pieces.
    private func chunk(_ part: UInt64, by number: Int) -> Consensus.Message.SnapshotChunk? {
        guard part < 2 else { return nil }
        let root = (handsOut[number] ?? roots[number]).bytes
        let bytes = Array(part == 0 ? root[..<16] : root[16...]) + (handsOutGarbage.contains(number) ? [0] : [])
        return Consensus.Message.SnapshotChunk(
            point: points[number],
            number: part,
            isLast: part == 1,
            bytes: bytes,
            digest: .of(bytes)
        )
    }

    private func stagedRoot(_ number: Int) -> Digest? {
        Digest(bytes: (staged[number] ?? []).flatMap(\.bytes))
    }

    /// These keep nothing of the log before what they have applied.
    mutating func compact(_ numbers: [Int]) {
        for number in numbers { logs[number].removeAll { $0.index <= points[number].position.index } }
    }

    /// As an applier would, whose state entries leave as it is.
    private mutating func applied(_ entries: [Entry], by number: Int) -> AppliedBatch {
        var recorded: [RecordedRoot] = []
        for entry in entries {
            points[number] = points[number].advanced(past: entry, isChangeRefused: false)
            recorded.append(
                RecordedRoot(
                    point: SealPoint(
                        term: entry.term,
                        index: entry.index,
                        head: entry.hash,
                        root: roots[number],
                        voters: sealing
                    ),
                    first: entry.time,
                    last: entry.time
                )
            )
        }
        let names = (members: named.members, edges: edgesNamed[number] ?? named.edges)
        let facts = Self.facts(at: points[number].position.index, roots[number], names)
        return AppliedBatch(
            point: points[number],
            outcomes: [],
            roots: recorded,
            events: [],
            facts: facts,
            halt: nil
        )
    }

    /// Seals that the leader has told of, each once.
    var seals: [Seal] {
        var found: [Seal] = []
        for case .send(let message, _, _) in effects.map(\.effect) {
            if case .sealed(let seal) = message.body, !found.contains(seal) { found.append(seal) }
        }
        return found
    }

    func statements(signedBy number: Int) -> [SealStatement] {
        effects.compactMap { node, effect in
            guard node == number, case .signSeal(let statement) = effect else { return nil }
            return statement
        }
    }
}
