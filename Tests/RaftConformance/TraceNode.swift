import Kernel

@testable import Consensus

/// A member driven as etcd's test harness drives one: what it decides is collected, told in one go when the harness
/// handles a `Ready`, and only then carried out.
///
/// The member itself is the one that runs in production. Where it does more or otherwise than the etcd of the traces, this
/// adapter undoes just that: a leader's first heartbeats are not sent, since etcd waits for a tick; acknowledgements of
/// snapshot chunks are not, since etcd's snapshots are one message; without `prevote` a campaign skips the first stage, and
/// without `checkquorum` candidates are listened to by whoever hears a leader.
struct TraceNode {
    struct Settings {
        var hasPreVote = false
        var hasCheckQuorum = false
        var mayOverlapChanges = false
        var committedPerReady = Int.max
        /// Writes and applies are carried out when the harness says so.
        var hasStorageThreads = false
    }

    private(set) var raft: RaftNode
    let settings: Settings
    private var now = Instant.zero
    private var electionTicks = 0
    /// Of a follower; nil while ticks do not make it campaign.
    var electionTimeoutTicks: Int?
    private var isTicking = false

    private var outgoing: [Message] = []
    private(set) var writes: [LogWrite] = []
    /// Given to the state machine and not yet applied.
    private var batch: [Entry] = []
    /// Where the state machine stands.
    private var point: SnapshotPoint
    private(set) var installed: SnapshotPoint?
    /// Told to be applied up to here.
    private var handed: LogIndex
    var appendThread: [StorageWork] = []
    var applyThread: [StorageWork] = []
    private var refusal: RaftNode.Refusal?
    /// As told by the last `Ready`.
    private var toldRole: (RaftNode.Role, MemberID?) = (.follower, nil)
    private(set) var toldState: HardState
    /// It led, was removed, and stepped down.
    private(set) var hasLeftOffice = false

    init(_ number: UInt64, base: SnapshotPoint, options: RaftOptions, settings: Settings) {
        let state = HardState(term: .zero, vote: nil, commitIndex: base.position.index)
        raft = RaftNode(
            id: MemberID(high: number, low: 0),
            lineage: Lineage(high: 1, low: 1),
            configuration: base.configuration,
            options: options,
            restored: RestoredLog(
                hardState: state,
                base: base,
                entries: [],
                firstIndex: base.position.index.next
            ),
            applied: base.position.index,
            seed: number,
            at: .zero
        )
        self.settings = settings
        point = base
        handed = base.position.index
        toldState = state
    }

    var state: HardState { HardState(term: raft.term, vote: raft.votedFor, commitIndex: raft.commitIndex) }

    // What is done to it.

    mutating func receive(_ letter: Letter) {
        for input in letter.inputs { step(input) }
        if let index = letter.applied { apply(through: index) }
        if let message = letter.message { receive(message) }
    }

    private mutating func receive(_ message: Message) {
        switch message.body {
        case .preVoteRequest(let last) where !settings.hasCheckQuorum && message.term >= raft.term:
            let moment = now
            act { $0.preVoteRequested(by: message.from, in: message.term, last: last, at: moment) }
        case .voteRequest(let last, _) where !settings.hasCheckQuorum:
            let body = Message.Body.voteRequest(last: last, isTransfer: true)
            step(
                .receive(
                    Message(
                        lineage: message.lineage,
                        from: message.from,
                        to: message.to,
                        term: message.term,
                        body: body
                    )
                )
            )
        default: step(.receive(message))
        }
    }

    mutating func campaign() {
        guard raft.mayCampaign, raft.role != .leader, !raft.hasUnappliedChange else { return }
        let (stage, moment) = (settings.hasPreVote ? RaftNode.Role.preCandidate : .candidate, now)
        act { $0.campaign(stage, at: moment) }
    }

    /// A third of the election timeout passes.
    mutating func tick() {
        now = now.advanced(by: Span(microseconds: raft.options.electionTimeout.microseconds / 3 + 1))
        electionTicks += 1
        guard raft.role == .leader else {
            if let electionTimeoutTicks, electionTicks >= electionTimeoutTicks { campaign() }
            return
        }
        let moment = now
        if electionTicks >= 3 {
            electionTicks = 0
            if settings.hasCheckQuorum { act { $0.checkQuorum(at: moment) } }
        }
        guard raft.role == .leader else { return }
        isTicking = true
        act { $0.broadcastHeartbeat(at: moment) }
        isTicking = false
    }

    /// etcd has a message for it. What it does to a member is what happens here on the way to other states.
    mutating func forgetLeader() {
        guard raft.role == .follower, raft.leader != nil else { return }
        let moment = now
        act { $0.becomeFollower(in: $0.term, of: nil, at: moment) }
    }

    /// - Returns: Whether it was taken.
    mutating func propose(_ text: String, change: ConfigurationChange? = nil) -> Bool {
        refusal = nil
        let proposal = RaftNode.Proposal(id: .init(1), time: .distantPast, payload: Array(text.utf8), change: change)
        step(.propose([proposal]))
        guard let change, let refusal else { return refusal == nil }
        switch refusal {
        case .noCommitInTerm: append(change, text)
        case .changePending where settings.mayOverlapChanges: append(change, text)
        // Where this member refuses a change, etcd puts an empty entry in its place.
        case .changePending, .invalidChange: return propose("")
        default: return false
        }
        return true
    }

    /// etcd is laxer about when a change may enter the log: it wants no commit in the leader's own term first.
    private mutating func append(_ change: ConfigurationChange, _ text: String) {
        let moment = now
        act { raft in
            raft.appendOwn([(raft.log.lastTime, .configuration(change, command: Array(text.utf8)))])
            raft.pendingChangeIndex = raft.log.last.index
            raft.uncommittedBytes += raft.log.entry(at: raft.log.last.index)?.byteCount ?? 0
            raft.broadcastAppend(sendIfEmpty: false, at: moment)
        }
    }

    mutating func transferLeadership(to member: MemberID) { step(.transferLeadership(to: member)) }

    mutating func compact(through index: LogIndex) {
        act { $0.log.trim(through: index, maxBytes: 0) }
        step(.compacted(firstIndex: index.next))
    }

    // Ready.

    private var unstable: [Entry] {
        writes.reduce(into: []) { entries, write in
            guard let first = write.entries.first else { return }
            entries.removeAll { $0.index >= first.index }
            entries += write.entries
        }
    }

    private var committed: [Entry] {
        var entries: [Entry] = []
        var index = handed.next
        // A thread of its own applies what is durable; else entries become durable with this very `Ready`.
        let end = settings.hasStorageThreads ? min(raft.commitIndex, raft.durableIndex) : raft.commitIndex
        while index <= end, entries.count < settings.committedPerReady,
            let entry = raft.log.entry(at: index)
        {
            entries.append(entry)
            index = index.next
        }
        return entries
    }

    var hasReady: Bool {
        !outgoing.isEmpty || !unstable.isEmpty || installed != nil || !committed.isEmpty || state != toldState
            || toldRole != (raft.role, raft.leader)
    }

    /// Tells what was decided, and sets about carrying it out.
    mutating func handleReady() -> (lines: [String], letters: [Letter]) {
        let (entries, committed) = (unstable, committed)
        let sent = outgoing.filter { !$0.isAnswer }.map(Letter.init)
        let answers = outgoing.filter(\.isAnswer).map(Letter.init)
        let append = appendWork(entries, answers)
        let apply = committed.isEmpty ? nil : applyWork(committed)
        var letters = sent
        if settings.hasStorageThreads {
            letters += [append, apply].compactMap(\.self).map(\.letter)
        } else {
            letters += answers
        }
        let lines = describe(entries, committed, letters.flatMap(\.lines))
        outgoing = []
        writes = []
        installed = nil
        toldState = state
        toldRole = (raft.role, raft.leader)
        handed = committed.last?.index ?? handed
        guard !settings.hasStorageThreads else {
            appendThread += [append].compactMap(\.self)
            applyThread += [apply].compactMap(\.self)
            return (lines, sent)
        }
        // What follows from carrying it out belongs to the next.
        self.apply(through: handed)
        for input in append?.inputs ?? [] { step(input) }
        self.apply(through: handed)
        return (lines, letters)
    }

    private func describe(_ entries: [Entry], _ committed: [Entry], _ messages: [String]) -> [String] {
        var lines: [String] = []
        if toldRole != (raft.role, raft.leader) {
            lines.append("Lead:\(EtcdText.id(raft.leader)) State:\(EtcdText.role(raft.role))")
        }
        if state != toldState {
            let vote = state.vote.map { " Vote:\(EtcdText.id($0))" } ?? ""
            lines.append("HardState Term:\(state.term.number)\(vote) Commit:\(state.commitIndex.number)")
        }
        if !entries.isEmpty { lines += ["Entries:"] + entries.map(EtcdText.entry) }
        if let installed { lines.append("Snapshot " + EtcdText.snapshot(installed)) }
        if !committed.isEmpty { lines += ["CommittedEntries:"] + committed.map(EtcdText.entry) }
        if !messages.isEmpty { lines += ["Messages:"] + messages }
        guard !lines.isEmpty else { return ["<empty Ready>"] }
        let mustSync = !entries.isEmpty || state.term != toldState.term || state.vote != toldState.vote
        return ["Ready MustSync=\(mustSync):"] + lines
    }

    private mutating func apply(through last: LogIndex) {
        while let first = batch.first, first.index <= last {
            let done = batch.prefix { $0.index <= last }
            batch.removeFirst(done.count)
            for entry in done {
                point = SnapshotPoint(
                    position: entry.position,
                    hash: entry.hash,
                    time: entry.time,
                    configuration: entry.change.map(point.configuration.applying) ?? point.configuration
                )
            }
            let led = raft.role == .leader
            step(.applied(through: point.position.index))
            if led, !raft.configuration.isVoter(raft.id) { hasLeftOffice = true }
        }
    }

    // What it wants.

    private mutating func step(_ input: RaftNode.Input) {
        for effect in raft.step(input, at: now) { carry(effect) }
    }

    /// For what etcd's harness can ask of a member and no input of ours does.
    private mutating func act(_ action: (inout RaftNode) -> Void) {
        action(&raft)
        for effect in raft.flush(at: now) { carry(effect) }
    }

    private mutating func carry(_ effect: RaftNode.Effect) {
        switch effect {
        case .persist(let write): writes.append(write)
        case .send(let message, _): if isSent(message) { outgoing.append(message) }
        case .apply(let entries): batch = entries
        case .refused(_, let refusal): self.refusal = refusal
        case .readEntries(let peer, _, _): step(.entriesRead(for: peer, previous: nil, entries: []))
        case .readSnapshot(let peer, _, let number):
            let chunk = Message.SnapshotChunk(point: point, number: number, isLast: true, bytes: [], digest: .of([]))
            step(.snapshotRead(for: peer, chunk))
        case .stageSnapshot(let chunk):
            step(.snapshotStaged(chunk.point.position, nextChunk: chunk.number + 1))
        case .installSnapshot(let point):
            self.point = point
            handed = point.position.index
            installed = point
            step(.snapshotInstalled(point))
        case .accepted, .roleChanged, .note, .readReady, .readRefused, .configurationChanged: break
        }
    }

    private func isSent(_ message: Message) -> Bool {
        switch message.body {
        case .heartbeat: isTicking
        case .snapshotAcknowledged: false
        case .heartbeatAcknowledged(round: 0): settings.hasCheckQuorum || settings.hasPreVote
        default: true
        }
    }
}
