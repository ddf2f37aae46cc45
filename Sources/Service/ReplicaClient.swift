package import Decision
package import Directory
package import Kernel

/// A node as the use cases see it: one that decides, takes writes and can be read.
///
/// `Host` conforms with a real node; tests conform with a state in memory.
package protocol ReplicaClient: Sendable {
    var member: MemberID { get }

    /// What decisions are made from right now. Costs nanoseconds; safe from any thread.
    var decisionState: DecisionState { get }

    /// Both clocks of this node, now.
    func now() -> Moment

    /// Sends a command through the log and waits until this node has applied it.
    ///
    /// - Throws: `ServiceError` when the command was refused, or when its outcome is not known at the deadline.
    func submit(_ command: Command, within timeout: Span) async throws(ServiceError) -> CommandResult

    /// Has a statement that was made outside the log count, here at once and elsewhere as it spreads.
    ///
    /// - Throws: `ServiceError` when it was not confirmed by the deadline.
    func make(_ signed: SignedStatement, within timeout: Span) async throws(ServiceError) -> StatementOutcome

    /// Statements that count here and that the log has not judged yet.
    func pendingStatements() async -> [SignedStatement]

    /// Of warrants under which this node has something in force, or has refused something since it began, in the order of their names.
    func warrantTallies() async -> [WarrantTally]

    /// Nil for a statement that has not come into force in this process, or long ago.
    func containment(of statement: Digest) async -> Containment?

    /// Hands this node's leadership to a voter, nil for the one most up to date, and gives who leads then.
    func transferLeadership(to target: MemberID?, within timeout: Span) async throws(ServiceError) -> MemberID

    /// Waits until this node's state reflects the revision.
    func wait(until revision: LogIndex, within timeout: Span) async throws(ServiceError)

    /// Waits until this node's state reflects every write that anybody was told of before the call.
    func waitUntilCurrent(within timeout: Span) async throws(ServiceError)

    /// Reads one consistent state.
    func read<Result: Sendable>(
        _ body: @Sendable (any KeyValueView) throws(ServiceError) -> Result
    ) async throws(ServiceError) -> Result

    /// Fixes the newest state of this node for a copy. Whoever asks lets go of it by letting go of the source.
    func backup(_ kind: BackupKind) async throws(ServiceError) -> BackupSource

    /// What was sealed newest, for an edge to begin from, as `Checkpoint.bytes` has it; nil while this node knows no seal.
    func checkpoint() async -> [UInt8]?

    func status() async -> NodeStatus
}

/// What a node says to whoever brings a statement.
package enum StatementOutcome: Hashable, Sendable {
    /// It counts at this node, durably, and is on its way to the others and the log.
    case enforced
    /// The log has it.
    case recorded(LogIndex)
    /// It does not count by what the node knows; another one may know of a warrant that is new.
    case refused(StatementRefusal)
}

/// How new the state must be that a read is answered from.
package enum ReadConsistency: Hashable, Sendable {
    /// Reflects at least this revision.
    case atLeast(LogIndex)
    /// Reflects every write that anybody was told of before the read was asked; a quorum has confirmed it.
    case linearizable

    /// Whatever the node has.
    package static let local = ReadConsistency.atLeast(.zero)
}

/// A snapshot with what dates it. An object, so that each request takes hold of it by one reference.
package final class DecisionState: Sendable {
    package let snapshot: DecisionSnapshot
    /// Nil until this process has had a proof.
    package let freshness: Freshness?
    /// False while the node has not caught up with what it may have served before a restart.
    package let isServing: Bool
    /// One for each roll-out whose version is in force here.
    package let comparisons: [RolloutComparison]

    package init(snapshot: DecisionSnapshot, freshness: Freshness?, isServing: Bool) {
        self.snapshot = snapshot
        self.comparisons = snapshot.rolloutComparisons
        self.freshness = freshness
        self.isServing = isServing
    }
}

/// A node and its cluster at a glance.
package struct NodeStatus: Hashable, Sendable {
    package struct Peer: Hashable, Sendable {
        package let member: MemberID
        package let name: String
        package let apiAddress: String
        /// Otherwise a learner.
        package let isVoter: Bool
        package let isConnected: Bool
        /// What the leader knows that this peer holds; nil on other nodes.
        package let matchIndex: LogIndex?
        /// Wall clock of the peer less ours when last heard, in milliseconds.
        package let clockOffsetMilliseconds: Int64?

        package init(
            member: MemberID,
            name: String,
            apiAddress: String,
            isVoter: Bool,
            isConnected: Bool,
            matchIndex: LogIndex?,
            clockOffsetMilliseconds: Int64?
        ) {
            self.member = member
            self.name = name
            self.apiAddress = apiAddress
            self.isVoter = isVoter
            self.isConnected = isConnected
            self.matchIndex = matchIndex
            self.clockOffsetMilliseconds = clockOffsetMilliseconds
        }
    }

    /// Whether what the log's disk holds is what was written to it.
    package struct Log: Hashable, Sendable {
        /// Entries known to be damaged and not repaired yet.
        package let damagedEntries: UInt64
        /// What was cut off the end because it did not read back, and has not come back from the leader yet.
        package let lostFrom: LogIndex?
        package let lostThrough: LogIndex?
        /// How far the scrub under way has come, or where the last one ended.
        package let scrubbedThrough: LogIndex
        package let scrubPasses: UInt64

        package init(
            damagedEntries: UInt64 = 0,
            lostFrom: LogIndex? = nil,
            lostThrough: LogIndex? = nil,
            scrubbedThrough: LogIndex = .zero,
            scrubPasses: UInt64 = 0
        ) {
            self.damagedEntries = damagedEntries
            self.lostFrom = lostFrom
            self.lostThrough = lostThrough
            self.scrubbedThrough = scrubbedThrough
            self.scrubPasses = scrubPasses
        }

        package var isWhole: Bool { damagedEntries == 0 && lostThrough == nil }
    }

    /// The newest seal that the node has verified.
    package struct Seal: Hashable, Sendable {
        package let index: LogIndex
        /// By the clock of the leader that asked for it.
        package let time: WallTime
        package let signerCount: Int

        package init(index: LogIndex, time: WallTime, signerCount: Int) {
            self.index = index
            self.time = time
            self.signerCount = signerCount
        }
    }

    /// Where the node is among the others, as gossip has measured: `Gossip.NetworkCoordinate`.
    package struct Coordinate: Hashable, Sendable {
        /// In microseconds, as the height.
        package let position: [Int32]
        package let height: Int32
        /// Parts per million.
        package let error: Int32

        package init(position: [Int32], height: Int32, error: Int32) {
            self.position = position
            self.height = height
            self.error = error
        }
    }

    /// A node that gossip finds not to be reachable: `Replica.UnreachedNode`.
    package struct Unreached: Hashable, Sendable {
        package let member: MemberID
        package let name: String
        /// Otherwise it is suspected.
        package let isUnreachable: Bool
        /// Since it was suspected first.
        package let duration: Span

        package init(member: MemberID, name: String, isUnreachable: Bool, duration: Span) {
            self.member = member
            self.name = name
            self.isUnreachable = isUnreachable
            self.duration = duration
        }

        package var state: String { isUnreachable ? "unreachable" : "suspected" }
    }

    /// A state that an edge takes from a neighbour in the place of the log.
    package struct Snapshot: Hashable, Sendable {
        /// The neighbour's name; its UUID where it has none.
        package let from: String
        /// Nil until its first piece is here.
        package let index: LogIndex?
        package let byteCount: UInt64
        /// Of the whole, at most.
        package let expectedByteCount: UInt64

        package init(from: String, index: LogIndex?, byteCount: UInt64, expectedByteCount: UInt64) {
            self.from = from
            self.index = index
            self.byteCount = byteCount
            self.expectedByteCount = expectedByteCount
        }
    }

    package let lineage: Lineage
    package let member: MemberID
    package let name: String
    /// "leader", "follower", "candidate", "preCandidate", "learner" or `edge`.
    package let role: String
    package static let edge = "edge"
    package let term: Term
    package let leader: MemberID?
    package let lastIndex: LogIndex
    package let commitIndex: LogIndex
    package let revision: LogIndex
    package let epoch: UInt64
    package let stateRoot: Digest
    package let firstIndex: LogIndex
    package let isServing: Bool
    package let haltReason: String?
    /// Why a peer does not let this node in as the member that it says it is, if so.
    package let exclusion: String?
    package let log: Log
    /// Nil while the voters cannot seal, and before the first one after a start.
    package let seal: Seal?
    /// Nil in a cluster without edges, and before anything was measured.
    package let coordinate: Coordinate?
    /// Members and edges, in order of their ids. Nil in a cluster without edges, in which nobody looks.
    package let unreached: [Unreached]?
    /// Nil while none is on its way.
    package let snapshot: Snapshot?
    package let logBytes: UInt64
    package let stateBytes: UInt64
    package let certificateExpiresAt: WallTime
    /// Sorted by name, this node included.
    package let peers: [Peer]
    /// Monotonic counters by name, for metrics.
    package let counters: [Counter]

    /// What gossip says of a node; nil where it says nothing.
    package func reachability(of member: MemberID) -> String? {
        unreached.map { nodes in nodes.first { $0.member == member }?.state ?? "reachable" }
    }

    package struct Counter: Hashable, Sendable {
        package let name: String
        package let value: UInt64
        package init(_ name: String, _ value: UInt64) {
            self.name = name
            self.value = value
        }
    }

    package init(
        lineage: Lineage,
        member: MemberID,
        name: String,
        role: String,
        term: Term,
        leader: MemberID?,
        lastIndex: LogIndex,
        commitIndex: LogIndex,
        revision: LogIndex,
        epoch: UInt64,
        stateRoot: Digest,
        firstIndex: LogIndex,
        isServing: Bool,
        haltReason: String?,
        exclusion: String? = nil,
        log: Log,
        seal: Seal? = nil,
        coordinate: Coordinate? = nil,
        unreached: [Unreached]? = nil,
        snapshot: Snapshot? = nil,
        logBytes: UInt64,
        stateBytes: UInt64,
        certificateExpiresAt: WallTime,
        peers: [Peer],
        counters: [Counter]
    ) {
        self.lineage = lineage
        self.member = member
        self.name = name
        self.role = role
        self.term = term
        self.leader = leader
        self.lastIndex = lastIndex
        self.commitIndex = commitIndex
        self.revision = revision
        self.epoch = epoch
        self.stateRoot = stateRoot
        self.firstIndex = firstIndex
        self.isServing = isServing
        self.haltReason = haltReason
        self.exclusion = exclusion
        self.log = log
        self.seal = seal
        self.coordinate = coordinate
        self.unreached = unreached
        self.snapshot = snapshot
        self.logBytes = logBytes
        self.stateBytes = stateBytes
        self.certificateExpiresAt = certificateExpiresAt
        self.peers = peers
        self.counters = counters
    }
}
