import Consensus
import Kernel

/// Members on virtual disks and a virtual network, driven by hand or by a seeded schedule.
///
/// Nothing happens by itself: messages wait in `mail`, writes, applies and other work wait with their member. It checks
/// as it goes what must hold of every run; what does not is kept in `violations`.
struct Group {
    static let lineage = Lineage(high: 7, low: 7)

    struct Member {
        var raft: RaftNode
        var disk: VirtualLog
        /// The disk as it will be once all writes are carried out: the log as the member sees it.
        var memory: VirtualLog
        /// Issued and not yet durable.
        var writes: [LogWrite] = []
        var held: [(message: Message, after: LogWrite.ID)] = []
        var durable = LogWrite.ID(0)
        /// The state machine: everything that was applied, from index 1 on. Durable at once.
        var state: [Entry]
        /// Part of the state machine: who takes part.
        var configuration: Configuration
        var applying: [Entry] = []
        /// Reads, and the work on snapshots, in order.
        var work: [RaftNode.Effect] = []
        var openSnapshots: [MemberID: SnapshotPoint] = [:]
        var staged: [Message.SnapshotChunk] = []
        var refusals: [RaftNode.Refusal] = []
        var readRefusals: [RaftNode.ReadRefusal] = []
        /// How often it led and was then no voter any more.
        var removals = 0
        var notes: [Note] = []
    }

    let ids: [MemberID]
    let options: RaftOptions
    /// Members whose disks do not answer when the group settles.
    var hung: Set<Int> = []
    /// Members whose state machines do not answer when the group settles.
    var stalled: Set<Int> = []
    /// Members whose stores have room for no chunk but the first.
    var full: Set<Int> = []
    /// Chunks of one snapshot.
    var chunkCount: UInt64 = 3
    /// Whether a member's store can be asked for a snapshot.
    var hasSnapshots = true
    var members: [Member] = []
    var mail: [Message] = []
    var now = Instant.zero
    var checker = Checker()
    var violations: [String] { checker.violations }
    /// Every step's effects, for transcripts.
    var trace: ((Int, RaftNode.Effect) -> Void)?
    var installs = 0
    /// Reads of old entries from a disk, for others.
    var reads = 0
    /// Of what is to be applied.
    var ownReads = 0
    /// For each linearizable read that is not answered: what was committed when it was asked, and by whom.
    var openReads: [RaftNode.ReadID: (floor: Int, place: Int)] = [:]
    var askedReads: UInt64 = 0
    var readsReady = 0

    static func id(_ number: Int) -> MemberID { MemberID(high: UInt64(number) << 32, low: 0) }

    /// Entry 1 is in every voter's log and committed, as it is after the first start of a cluster.
    ///
    /// - Parameter voters: How many of the members vote; the others wait, with nothing on their disks, to be added.
    init(_ count: Int, voters: Int? = nil, options: RaftOptions = RaftOptions()) {
        ids = (1...count).map(Self.id)
        self.options = options
        let first = Entry(
            position: LogPosition(term: Term(1), index: LogIndex(1)),
            time: .distantPast,
            previousHash: .zero,
            payload: .empty
        )
        checker.committed = [first]
        let base = SnapshotPoint(
            position: .zero,
            hash: .zero,
            time: .distantPast,
            configuration: Configuration(voters: Array(ids.prefix(voters ?? count)))
        )
        let hardState = HardState(term: Term(1), vote: nil, commitIndex: LogIndex(1))
        let disk = VirtualLog(hardState: hardState, base: base, entries: [first])
        let blank = VirtualLog.blank
        for (place, id) in ids.enumerated() {
            let isVoter = place < voters ?? count
            members.append(
                start(
                    id,
                    isVoter ? disk : blank,
                    state: isVoter ? [first] : [],
                    isVoter ? base.configuration : .empty
                )
            )
        }
    }

    func start(_ id: MemberID, _ disk: VirtualLog, state: [Entry], _ configuration: Configuration) -> Member {
        let applied = state.last?.index ?? disk.base.position.index
        let (base, entries) = disk.loaded(after: applied, maxBytes: options.maxUnappliedBytes)
        let restored = RestoredLog(
            hardState: disk.hardState,
            base: base,
            entries: entries,
            firstIndex: disk.base.position.index.next
        )
        let raft = RaftNode(
            id: id,
            lineage: Self.lineage,
            configuration: configuration,
            options: options,
            restored: restored,
            applied: applied,
            seed: id.high ^ now.microseconds,
            at: now
        )
        return Member(raft: raft, disk: disk, memory: disk, state: state, configuration: configuration)
    }

    mutating func step(_ place: Int, _ input: RaftNode.Input) {
        let wasLeader = members[place].raft.role == .leader
        let effects = members[place].raft.step(input, at: now)
        for effect in effects {
            trace?(place, effect)
            carry(effect, at: place)
        }
        let raft = members[place].raft
        if wasLeader, !raft.configuration.isVoter(raft.id) { members[place].removals += 1 }
        if raft.role == .leader, !wasLeader { checker.elected(raft, with: members[place].memory) }
        checker.check(raft, members[place].memory) { [ids, members] id, hash, index in
            ids.firstIndex(of: id).map { members[$0].disk.contains(hash, at: index) } ?? false
        }
    }

    private mutating func carry(_ effect: RaftNode.Effect, at place: Int) {
        switch effect {
        case .persist(let write):
            checker.written(write, over: members[place].memory)
            members[place].memory.apply(write)
            members[place].writes.append(write)
        case .send(let message, let after):
            if let after, after > members[place].durable {
                members[place].held.append((message, after))
            } else {
                post(message)
            }
        case .apply(let entries):
            if !members[place].applying.isEmpty { checker.violations.append("two batches at once on \(ids[place])") }
            members[place].applying = entries
        case .refused(_, let refusal): members[place].refusals.append(refusal)
        case .readEntries, .readSnapshot, .stageSnapshot, .installSnapshot: members[place].work.append(effect)
        case .note(let note): members[place].notes.append(note)
        case .readReady(let id, let index): readReady(id, index)
        case .readRefused(let id, let refusal):
            members[place].readRefusals.append(refusal)
            if openReads.removeValue(forKey: id) == nil { checker.violations.append("read \(id) is refused twice") }
        case .configurationChanged(let configuration):
            if configuration != members[place].configuration {
                checker.violations.append("\(ids[place]) takes \(configuration) for the configuration in force")
            }
        case .accepted, .roleChanged: break
        }
    }

    mutating func post(_ message: Message) {
        checker.sent(message)
        mail.append(message)
    }

    mutating func deliver(_ position: Int) {
        let message = mail.remove(at: position)
        guard let place = ids.firstIndex(of: message.to) else { return }
        step(place, .receive(message))
    }

    /// The process dies and comes back: what was not durable is gone.
    mutating func crash(_ place: Int) {
        let member = members[place]
        openReads = openReads.filter { $0.value.place != place }
        members[place] = start(ids[place], member.disk, state: member.state, member.configuration)
    }

    mutating func read(at place: Int) {
        askedReads += 1
        let id = RaftNode.ReadID(askedReads)
        openReads[id] = (checker.committed.count, place)
        step(place, .readIndex(id))
    }

    /// Whatever was committed before the question, and may have been told to a client, must be seen.
    private mutating func readReady(_ id: RaftNode.ReadID, _ index: LogIndex) {
        guard let read = openReads.removeValue(forKey: id) else {
            return checker.violations.append("read \(id) is answered twice")
        }
        readsReady += 1
        if index.number < read.floor {
            checker.violations.append("a read at \(index) does not see \(read.floor), committed before")
        }
    }

    mutating func propose(_ text: String, at place: Int) { propose([text], at: place) }

    /// The state machine refuses the change if the text is "refuse".
    mutating func change(_ change: ConfigurationChange, text: String = "", at place: Int) {
        let time = WallTime(milliseconds: now.microseconds / 1000)
        let proposal = RaftNode.Proposal(id: .init(0), time: time, payload: Array(text.utf8), change: change)
        step(place, .propose([proposal]))
    }

    mutating func propose(_ texts: [String], at place: Int) {
        let proposals = texts.map { text in
            RaftNode.Proposal(
                id: RaftNode.ProposalID(text.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) }),
                time: WallTime(milliseconds: now.microseconds / 1000),
                payload: Array(text.utf8)
            )
        }
        step(place, .propose(proposals))
    }
}
