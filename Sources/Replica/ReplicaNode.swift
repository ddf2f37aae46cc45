package import Consensus
package import Decision
package import Directory
import Gossip
package import Kernel
import Sealing

/// A node as a value: consensus, clocks, freshness and the requests of its clients, composed.
///
/// It decides what is sent, made durable, applied and answered, and in which order; a shell carries that out. The
/// server runs one on real IO, the simulator many on virtual IO, and both see the same effects.
///
/// Writes survive a change of leader without their clients noticing: a command whose fate is in doubt is proposed
/// again, and its idempotency key makes the copies one.
package struct ReplicaNode: Core {
    package let member: MemberID
    package let lineage: Lineage
    package let options: ReplicaOptions

    var raft: RaftNode
    var clocks: ClockJudge
    var tracker = FreshnessTracker()
    var requests = RequestTable()
    let codec: any DirectoryCodec
    let records: any RecordCodec

    package internal(set) var applied: SnapshotPoint
    /// In force here: links are needed to its members.
    package internal(set) var configuration: Configuration
    package internal(set) var facts: DirectoryFacts
    package internal(set) var haltReason: String?
    package internal(set) var isServing: Bool
    package internal(set) var firstIndex: LogIndex
    package internal(set) var counters = Counters()

    /// The end of the log at start, before anything was cut off it: what this node may have served before, it had in its
    /// log.
    let restoredIndex: LogIndex
    /// When this process began.
    private let startedAt: Instant
    var repair: LogRepair
    /// The entries that the store is putting in the place of damaged ones.
    var repairing: [Entry] = []
    /// Members for which the store reads what they lack, in order of asking.
    var repairReaders: [MemberID] = []
    var introductions: Introductions
    var statements: PendingStatements
    var reports = StatementReports()
    var refusals = StatementRefusals()
    var seals: Seals
    /// Nil on members.
    var edge: EdgeLog?
    /// Nil as long as the log names no edge.
    var gossip: GossipNode?
    var unreached = UnreachedNodes()
    let gossipSeed: UInt64
    /// By what seals neighbours are being sent the state. No more than gossip lets be sent at a time.
    var served: [MemberID: Seal] = [:]
    /// Of whom the overlay was made.
    var overlaid: (members: [MemberID], edges: [MemberID], zones: [MemberID: String]) = ([], [], [:])
    /// Membership alone.
    var openLinks: Set<MemberID> = []
    var successionSearch = SuccessionSearch()
    var successionPace = AnswerPace(pause: .milliseconds(50))
    var repairPace = AnswerPace(pause: .seconds(1))
    /// Whether the state has been asked for verdicts on what an earlier process has left.
    var hasAskedForVerdicts: Bool
    /// Whom a node that joins may believe while it knows no configuration.
    let invitedBy: [MemberID]
    var isCompacting = false
    var isStorageFull = false
    var isLogLarge = false
    var stopping = Stopping.no
    var handOver: HandOver?
    var mayLead = true
    var mayVote = true
    var publishedFreshness: Freshness?
    var nextProposal: UInt64 = 0
    /// Reads that are to learn at which index they are linearizable, in order of arrival. May name some that have ended.
    var newReads: [RequestID] = []
    /// The one question under way, and the reads that were there when it was asked.
    var askedReads: (id: RaftNode.ReadID, reads: [RequestID])?
    var nextRead: UInt64 = 0
    /// Who waits for the answer to a proposal; emptied within the step that makes it.
    var proposers: [RaftNode.ProposalID: Proposer] = [:]
    /// Forwarded commands that stand in this leader's log of its term, unapplied. Bounded by what may be uncommitted.
    var forwardedCommands: Set<Digest> = []
    /// Forwarded commands that this node, leading, has put into its log lately, whatever became of them since. A second copy of the same
    /// message may come after that, and to refuse it would tell whoever sent it that the command is certain not to take effect.
    var takenForwards = RecentDigests(limit: 4096)

    enum Stopping: Hashable, Sendable {
        case no
        case handingOver
        case ready
    }

    /// An operator waits for another leader.
    struct HandOver: Hashable, Sendable {
        let id: RequestID
        let deadline: Instant
    }

    enum Proposer: Hashable, Sendable {
        case client(RequestID)
        case forwarded(by: MemberID, RequestID, command: Digest)
        case statement(Digest)
    }

    /// Rare things that happened, since the start.
    package struct Counters: Hashable, Sendable {
        package internal(set) var strangers: UInt64 = 0
        package internal(set) var stampsTooFarAhead: UInt64 = 0
        /// Of freshness, longer on the way than good clocks can differ.
        package internal(set) var lateProofs: UInt64 = 0
        package internal(set) var forwarded: UInt64 = 0
        package internal(set) var repeatedForwards: UInt64 = 0
        /// Or of a level that no node could apply, or vouched for by somebody else.
        package internal(set) var undecodableForwards: UInt64 = 0
        /// From somebody who has no vote.
        package internal(set) var unbelievedIntroductions: UInt64 = 0
        /// Batches of statements from strangers, or too large.
        package internal(set) var strangeStatements: UInt64 = 0
        /// Statements from members that do not count by the state of this one.
        package internal(set) var unacceptableStatements: UInt64 = 0
        /// From somebody who does not lead.
        package internal(set) var strangeSeals: UInt64 = 0
        /// They do not follow from what this node knows.
        package internal(set) var refusedSeals: UInt64 = 0
        /// Made while this node led.
        package internal(set) var completedSeals: UInt64 = 0
    }

    /// - Parameters:
    ///   - restored: What the log store holds; entries after `applied` are applied again.
    ///   - applied: What the state store reflects.
    ///   - invitedBy: The voters when this node was made.
    ///   - introduced: What an earlier process was told by `.introduced` last.
    ///   - isEdge: Whether it goes by what seals prove, and no configuration ever names it.
    ///   - statements: What earlier processes were told by `.enforce`, and not by `.release`: decisions go by them already.
    package init(
        member: MemberID,
        lineage: Lineage,
        options: ReplicaOptions,
        codec: any DirectoryCodec,
        records: any RecordCodec,
        isEdge: Bool = false,
        restored: RestoredLog,
        facts: DirectoryFacts,
        applied: SnapshotPoint,
        invitedBy: [MemberID],
        introduced: [VotersWord],
        statements: [SignedStatement],
        seals: SealStart,
        seed: UInt64,
        at now: Moment
    ) {
        let configuration = applied.configuration
        self.configuration = configuration
        self.member = member
        self.lineage = lineage
        self.options = options
        self.codec = codec
        self.records = records
        self.facts = facts
        self.applied = applied
        self.firstIndex = restored.firstIndex
        self.repair = LogRepair(lost: restored.lost, damage: restored.damage)
        let end = restored.entries.last?.index ?? restored.base.position.index
        self.restoredIndex = max(end, restored.lost?.last.index ?? .zero)
        self.startedAt = now.monotonic
        self.invitedBy = invitedBy
        self.introductions = Introductions(
            introduced,
            interval: Span(microseconds: 2 * options.raft.electionTimeout.microseconds),
            at: now.monotonic
        )
        self.statements = PendingStatements(statements, at: now.monotonic)
        self.hasAskedForVerdicts = statements.isEmpty
        let isProven = !isEdge || seals.memory.voters != nil
        let obstacle = Self.obstacle(in: facts, options)
        self.isServing =
            isProven && applied.position.index >= restoredIndex && seals.memory.divergence == nil && obstacle == nil
        self.haltReason = seals.memory.divergence?.reason ?? obstacle
        self.clocks = ClockJudge(
            peers: configuration.allVoters.filter { $0 != member },
            rules: options.clocks,
            sampleLife: options.clockSampleLife,
            at: now
        )
        self.raft = RaftNode(
            id: member,
            lineage: lineage,
            configuration: configuration,
            options: options.raft,
            restored: restored,
            applied: applied.position.index,
            seed: seed,
            at: now.monotonic
        )
        let point = isEdge ? nil : SealPoint(applied, root: facts.stateRoot, keys: facts.sealKeys)
        self.seals = Seals(
            seals,
            lineage: lineage,
            roots: point.map { RootHistory(at: $0, time: applied.time) },
            term: raft.term,
            at: now.monotonic
        )
        self.edge = isEdge ? EdgeLog() : nil
        self.gossipSeed = seed ^ 0x676f_7373_6970
    }

    /// Whether a proof is of a round that began after this process: it then covers whatever an earlier process of this node
    /// has shown. A proof dates itself later than it is by its time on the way, which is no longer than two good clocks may
    /// differ, each way; a late one is not taken at all.
    func isProofOfThisProcess(_ freshness: Freshness) -> Bool {
        let longestWay = Span(microseconds: 2 * options.clocks.maxClockError.microseconds)
        return freshness.anchor >= startedAt.advanced(by: longestWay)
    }

    package mutating func step(_ input: Input, at now: Moment) -> [Effect] {
        defer { checkInvariants() }
        var effects: [Effect] = []
        // Before anything is dated by a clock that has just been set.
        if clocks.observeOwnClock(now) || mayVote != repair.runs.isEmpty { judge(at: now, into: &effects) }
        handle(input, at: now, into: &effects)
        settle(at: now, into: &effects)
        return effects
    }

    private mutating func handle(_ input: Input, at now: Moment, into effects: inout [Effect]) {
        switch input {
        case .wake: advance(.wake, at: now, into: &effects)
        case .receive(let message, let sender): receive(message, from: sender, at: now, into: &effects)
        case .submit(let submissions): submit(submissions, into: &effects)
        case .awaitRevision(let id, let revision, let deadline):
            awaitRevision(id, revision, deadline: deadline, into: &effects)
        case .awaitCurrent(let id, let deadline): awaitCurrent(id, deadline: deadline, into: &effects)
        case .make(let id, let signed, let deadline): make(signed, id, deadline: deadline, at: now, into: &effects)
        case .judged(let judgements): judged(judgements, at: now, into: &effects)
        case .enforced(let ids): enforced(ids, at: now, into: &effects)
        case .link(let peer, let isOpen): setLink(to: peer, isOpen: isOpen, at: now, into: &effects)
        case .unreadableGossip(let byteCount, let sender):
            spread(.unreadable(byteCount: byteCount, from: sender), at: now, into: &effects)
        case .logRead(let peer, let index, let entries):
            logRead(for: peer, after: index, entries, at: now, into: &effects)
        case .linkClosed(let peer): advance(.linkClosed(peer), at: now, into: &effects)
        case .persisted(let id, let last): advance(.persisted(id, last: last), at: now, into: &effects)
        case .applied(let batch): applied(batch, at: now, into: &effects)
        case .entriesRead(let peer, let previous, let entries):
            advance(.entriesRead(for: peer, previous: previous, entries: entries), at: now, into: &effects)
        case .snapshotRead(let peer, let chunk):
            advance(.snapshotRead(for: peer, chunk), at: now, into: &effects)
        case .snapshotStaged(let position, let nextChunk) where edge != nil:
            stagedAtEdge(position, nextChunk, at: now, into: &effects)
        case .snapshotStaged(let position, let nextChunk):
            advance(.snapshotStaged(position, nextChunk: nextChunk), at: now, into: &effects)
        case .snapshotInstalled(let point, let facts): installed(point, facts, at: now, into: &effects)
        case .sealedSnapshotRead(let peer, let chunk, let byteCount):
            sealedSnapshotRead(for: peer, chunk, byteCount: byteCount, at: now, into: &effects)
        case .snapshotChecked(let point, let facts): snapshotChecked(point, facts, at: now, into: &effects)
        case .compacted(let firstIndex):
            isCompacting = false
            self.firstIndex = max(self.firstIndex, firstIndex)
            repair.compacted(to: firstIndex)
            advance(.compacted(firstIndex: firstIndex), at: now, into: &effects)
        case .logDamaged(let damage): damaged(damage, into: &effects)
        case .logRepaired(let isDone): repaired(isDone, into: &effects)
        case .readForRepair(let peer, let first, let last, let entries):
            answerRepair(of: peer, first, last, entries, at: now, into: &effects)
        case .storage(let isFull):
            isStorageFull = isFull
            compact(into: &effects)
        case .logSize(let isLarge):
            isLogLarge = isLarge
            compact(into: &effects)
        case .transferLeadership(let id, let target, let deadline):
            handOver(id, to: target, deadline: deadline, at: now, into: &effects)
        case .shutDown: shutDown(at: now, into: &effects)
        case .sealMarkKept(let mark): sign(.persisted(mark), at: now, into: &effects)
        case .sealSigned(let statement, let signature): sign(.signed(statement, signature), at: now, into: &effects)
        }
    }

    /// When `wake` is due, nil for never.
    package var nextWake: Instant? {
        // What a leader has in its own log it never sends again.
        let isFollowing = raft.leader != nil && raft.leader != member
        let reclaim = isFollowing ? requests.nextReclaim(interval: options.resendInterval) : nil
        let ask = repair.retryAt(interval: options.resendInterval)
        let deadline = Instant.earliest(requests.nextDeadline, handOver?.deadline)
        let question = Instant.earliest(
            Instant.earliest(ask, askForVotersAt),
            Instant.earliest(nextStatementWake, Instant.earliest(seals.wakeAt, gossip?.nextWake))
        )
        return Instant.earliest(Instant.earliest(raft.nextWake, deadline), Instant.earliest(reclaim, question))
    }

    /// What the program can apply.
    package var supportedLevel: FeatureLevel { options.supportedLevel }
    package var freshness: Freshness? { tracker.current }
    package var role: RaftNode.Role { raft.role }
    package var term: Term { raft.term }
    /// Edges follow nobody.
    package var leader: MemberID? { edge == nil ? raft.leader : nil }
    package var commitIndex: LogIndex { raft.commitIndex }
    package var lastPosition: LogPosition { raft.lastPosition }
    package var logHealth: LogHealth { LogHealth(repair) }
    package var pendingStatementCount: Int { statements.items.count }
    /// Those by which decisions go here beside the state, in the order of their ids.
    package var statementsInForce: [SignedStatement] {
        statements.items.lazy.filter { $0.stage == .inForce }.map(\.signed)
    }
    /// Of warrants under which this node has something in force, or has refused something, in the order of their names.
    package var warrantTallies: [WarrantTally] { statements.tallies(beside: refusals.tallies) }
    /// How many statements did not count here, by reason.
    package var refusedStatements: [(refusal: StatementRefusal, count: UInt64)] {
        zip(StatementRefusal.allCases, refusals.totals).map { ($0, $1) }
    }
    package var voters: [MemberID] { configuration.allVoters }

    package func clockOffsetMilliseconds(of peer: MemberID, at now: Instant) -> Int64? {
        clocks.offsetMilliseconds(of: peer, at: now)
    }

    /// The other members as this leader sees them; empty when it does not lead.
    package var followers: [FollowerStatus] { raft.followers }

    package func matchIndex(of peer: MemberID) -> LogIndex? { raft.matchIndex(of: peer) }

    package func checkInvariants() {
        invariant(
            applied.position.index <= raft.commitIndex,
            "applied \(applied.position.index) is past committed \(raft.commitIndex)"
        )
        invariant(
            facts.revision == applied.position.index,
            "facts of \(facts.revision) beside a state at \(applied.position.index)"
        )
        let unapplied = lastPosition.index.number - applied.position.index.number
        invariant(
            UInt64(forwardedCommands.count) <= unapplied,
            "\(forwardedCommands.count) forwarded commands among \(unapplied) entries"
        )
        invariant(proposers.isEmpty, "\(proposers.count) proposals were neither accepted nor refused")
        invariant(
            requests.count <= options.maxPendingRequests,
            "\(requests.count) requests wait, \(options.maxPendingRequests) may"
        )
    }
}
