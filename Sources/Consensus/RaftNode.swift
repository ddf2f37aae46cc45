import DequeModule
package import Kernel

/// A member of a Raft group. Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm"; section
/// numbers without a title are of Ongaro's dissertation, "Consensus: Bridging Theory and Practice".
///
/// Modelled on the semantics of etcd's raft library. Storage is asynchronous: a write is an effect with a completion,
/// and a message that promises something durable names the write that it waits for. Deviations from the paper:
/// pre-vote (9.6) and check-quorum with sticky leaders (6.2) are always on; the hash chain is checked as entries are
/// appended; a member's own vote and match count only once they are durable; a follower commits only what it knows to
/// equal its leader's log, whatever a heartbeat says; a configuration is in force once its entry is applied, as in etcd;
/// a leader that is removed tells its successor to stand; reads never rely on clocks.
package struct RaftNode: Core {
    package let id: MemberID
    package let lineage: Lineage
    package let group: GroupID
    package let options: RaftOptions
    /// In force, as of `appliedIndex`.
    package internal(set) var configuration: Configuration

    package internal(set) var term: Term
    package internal(set) var role = Role.follower
    package internal(set) var leader: MemberID?
    package internal(set) var commitIndex: LogIndex
    package internal(set) var appliedIndex: LogIndex
    package internal(set) var counters = Counters()
    /// Number of the newest round of heartbeats that this leader began.
    package internal(set) var round: UInt64 = 0
    /// The newest round that a quorum has acknowledged in this term.
    package internal(set) var confirmedRound: UInt64 = 0

    var vote: MemberID?
    var log: RaftLog
    /// End of the batch that is being applied; equal to `appliedIndex` when none is.
    var applyingIndex: LogIndex
    /// The changes of the configuration in that batch, ascending.
    var applyingChanges: [(index: LogIndex, change: ConfigurationChange)] = []
    var readBack = ReadBack()
    var random: SeededRandom
    /// Where contexts of forwarded reads come from: a stream of its own, so that reads do not shift elections.
    var contexts: SeededRandom
    var mayLead = true
    var mayVote = true
    /// Where the log ended before something was cut off it: what the member has acknowledged, it had in that log.
    let acknowledgedEnd: LogPosition

    var electionDeadline: Instant
    var heartbeatDeadline = Instant.zero
    var quorumDeadline = Instant.zero
    /// Until when this member stands by turns, since the link to its leader is closed. Nil: it waits for election timeouts.
    var hintEnd: Instant?
    /// Asked in this term to campaign at once, and prevented by a change of the configuration that is still to be applied.
    var postponedCampaign: Term?
    /// When a leader was last heard, which makes this member deaf to candidates for a while.
    var leaderHeardAt: Instant?
    /// While following: the log equals that of this term's leader up to here, as it equals it in what is committed.
    var verifiedIndex: LogIndex
    /// What the voters answered. Looked up by voter only.
    var votes: [MemberID: Bool] = [:]
    /// The write that makes this candidate's own vote durable.
    var ownVoteWrite: LogWrite.ID?

    /// The other members, sorted. Meaningful while leading.
    var progress: [Progress] = []
    /// Where this leader's term begins in the log.
    var termStart = LogIndex.zero
    var uncommittedBytes = 0
    /// While leading: a change of the configuration may stand in the log up to here, so none is taken before it is
    /// applied.
    var pendingChangeIndex = LogIndex.zero
    /// In the order of their deadlines, and, while leading, of their rounds.
    var reads: Deque<WaitingRead> = []
    var transfer: Transfer?
    var staging: Staging?
    /// Whether the store is at work on a chunk, perhaps of a snapshot that is no longer held. One at a time, since its
    /// answer does not say which attempt it is for.
    var isStoringChunk = false

    var lastWrite = LogWrite.ID(0)
    var completedWrite = LogWrite.ID(0)
    /// Issued and not yet durable, oldest first.
    var writesUnderWay: Deque<IssuedWrite> = []
    /// Completions of writes before this one may speak of entries that were cut off since.
    var lastCut = LogWrite.ID(0)
    var out = Outbox()

    struct Transfer: Hashable, Sendable {
        let target: MemberID
        let deadline: Instant
    }

    struct IssuedWrite: Hashable, Sendable {
        let id: LogWrite.ID
        let issuedAt: Instant
    }

    /// A snapshot on its way in.
    struct Staging: Hashable, Sendable {
        enum Phase: Hashable, Sendable {
            /// Chunk `nextChunk` is awaited.
            case receiving
            /// Chunk `nextChunk` is being stored.
            case storing(isLast: Bool)
            /// Everything is stored; installed as soon as no write and no apply is under way.
            case complete
            case installing
        }

        let point: SnapshotPoint
        var nextChunk: UInt64 = 0
        var phase = Phase.receiving
    }

    /// What was dropped or ignored, by cause, and how often this member stood for election.
    package struct Counters: Hashable, Sendable {
        /// Of a wrong lineage or group, from a replaced incarnation, for another member, or an answer of a stranger's.
        package internal(set) var misdirected: UInt64 = 0
        /// What no member in good order would send.
        package internal(set) var malformed: UInt64 = 0
        package internal(set) var brokenChains: UInt64 = 0
        /// Of an earlier term.
        package internal(set) var stale: UInt64 = 0
        /// Candidates that were not listened to because a leader was heard lately.
        package internal(set) var ignoredCandidates: UInt64 = 0
        package internal(set) var elections: UInt64 = 0
    }

    /// - Parameters:
    ///   - configuration: In force at `applied`. Empty for a member that waits to be added.
    ///   - restored: What the log store holds.
    ///   - applied: What the state machine reflects; never past what `restored` proves to be committed.
    package init(
        id: MemberID,
        lineage: Lineage,
        group: GroupID = .first,
        configuration: Configuration,
        options: RaftOptions,
        restored: RestoredLog,
        applied: LogIndex,
        seed: UInt64,
        at now: Instant
    ) {
        invariant(configuration.flaw == nil, "configuration: \(configuration.flaw ?? "")")
        invariant(options.flaw == nil, "options: \(options.flaw ?? "")")
        self.id = id
        self.lineage = lineage
        self.group = group
        self.configuration = configuration
        self.options = options
        self.log = RaftLog(restored)
        self.term = max(restored.hardState.term, log.last.term)
        self.vote = restored.hardState.term == self.term ? restored.hardState.vote : nil
        // What was applied was committed, whatever the hint says.
        self.commitIndex = max(min(restored.hardState.commitIndex, log.last.index), applied)
        self.appliedIndex = applied
        self.applyingIndex = applied
        self.verifiedIndex = commitIndex
        self.acknowledgedEnd = restored.lost?.last ?? .zero
        self.random = SeededRandom(seed: seed)
        self.contexts = SeededRandom(seed: seed ^ 0x7265_6164_2069_6478)
        self.electionDeadline = now
        invariant(commitIndex >= log.base.index, "entries after \(commitIndex) are missing: \(log.base)")
        invariant(log.storeFirstIndex <= applied.next, "entries after \(applied) are missing: \(log.storeFirstIndex)")
        invariant(applied <= log.last.index, "the state at \(applied) is past the log's end \(log.last)")
        resetProgress()
        // Nobody could be disturbed by the only voter.
        if configuration.allVoters != [id] { resetElectionTimer(at: now) }
        out.announced = RoleStatus(role: role, term: term, leader: leader)
    }

    package mutating func step(_ input: Input, at now: Instant) -> [Effect] {
        defer { checkInvariants() }
        handle(input, at: now)
        return flush(at: now)
    }

    /// Forgets what a leader knew of its followers.
    mutating func resetProgress() {
        progress = configuration.members.filter { $0 != id }.map {
            Progress(member: $0, nextIndex: log.last.index.next)
        }
    }

    private mutating func handle(_ input: Input, at now: Instant) {
        switch input {
        case .wake: wake(at: now)
        case .receive(let message): receive(message, at: now)
        case .propose(let proposals): propose(proposals, at: now)
        case .persisted(let id, let last): persisted(id, last: last, at: now)
        case .applied(let index, let refused): applied(through: index, refusedChanges: refused, at: now)
        case .entriesRead(let peer, let previous, let entries):
            entriesRead(for: peer, previous: previous, entries: entries, at: now)
        case .snapshotRead(let peer, let chunk): snapshotRead(for: peer, chunk, at: now)
        case .snapshotStaged(let position, let nextChunk): snapshotStaged(position, nextChunk: nextChunk)
        case .snapshotHeld(let point): snapshotHeld(point)
        case .snapshotInstalled(let point): snapshotInstalled(point, at: now)
        case .compacted(let firstIndex): log.compacted(to: firstIndex)
        case .transferLeadership(let target): beginTransfer(to: target, at: now)
        case .readIndex(let id): readIndex(.own(id), at: now)
        case .linkClosed(let peer): linkClosed(to: peer, at: now)
        case .mayLead(let allowed): setMayLead(allowed, at: now)
        case .mayVote(let allowed): mayVote = allowed
        }
        confirmReads(at: now)
        installWhenIdle()
        applyNext()
        letGoOfBacklog()
        readWhatToApply(at: now)
    }

    /// When `wake` is due; nil while nothing would come of it.
    package var nextWake: Instant? {
        let readDeadline = Instant.earliest(reads.first?.deadline, isReplacingLog ? nil : readBack.retryAt)
        guard role == .leader else { return Instant.earliest(mayCampaign ? electionDeadline : nil, readDeadline) }
        var due = min(heartbeatDeadline, quorumDeadline)
        if let readDeadline { due = min(due, readDeadline) }
        if let diskDeadline { due = min(due, diskDeadline) }
        if let transfer { due = min(due, transfer.deadline) }
        for follower in progress {
            if let retryAt = follower.transfer?.retryDeadline { due = min(due, retryAt) }
        }
        return due
    }

    private mutating func wake(at now: Instant) {
        expireReads(at: now)
        guard role == .leader else {
            if now >= electionDeadline { electionTimeout(at: now) }
            return
        }
        checkDisk(at: now)
        if role == .leader, now >= quorumDeadline { checkQuorum(at: now) }
        if let transfer, now >= transfer.deadline { abortTransfer(at: now) }
        guard role == .leader else { return }
        if now >= heartbeatDeadline { broadcastHeartbeat(at: now) }
        retrySnapshots(at: now)
    }

    package var lastPosition: LogPosition { log.last }
    package var lastHash: Digest { log.lastHash }
    package var lastTime: WallTime { log.lastTime }
    package var durableIndex: LogIndex { log.durableIndex }
    /// Of entries, without those that are being applied.
    package var bytesInMemory: Int { log.byteCount }
    package var votedFor: MemberID? { vote }
    /// Whether this leader knows the true commit index: an entry of its own term is committed. Raft section 8.
    package var hasCommittedInTerm: Bool { role == .leader && commitIndex >= termStart }

    /// What this leader knows that a follower holds durably; nil when it does not lead.
    package func matchIndex(of peer: MemberID) -> LogIndex? {
        guard role == .leader else { return nil }
        return progress.first { $0.member == peer }?.matchIndex
    }

    /// The other members as this leader sees them; empty when it does not lead.
    package var followers: [FollowerStatus] {
        guard role == .leader else { return [] }
        return progress.map { follower in
            let state: FollowerStatus.State =
                switch follower.state {
                case .probe: .probe
                case .replicate: .replicate
                case .snapshot: .snapshot
                }
            return FollowerStatus(
                id: follower.member,
                isVoter: configuration.isVoter(follower.member),
                matchIndex: follower.matchIndex,
                nextIndex: follower.nextIndex,
                isRecentlyActive: follower.isRecentlyActive,
                state: state
            )
        }
    }
}
