package import Consensus
package import Decision
package import Directory
package import Kernel
package import Sealing

extension ReplicaNode {
    /// Everything that can happen to a node.
    package enum Input: Sendable {
        /// Time has passed: sent at or after `nextWake`.
        case wake
        /// `from` is the member that the link authenticated, whatever the message says.
        case receive(PeerMessage, from: MemberID)
        /// Clients' commands, in this order. Each is answered by exactly one `.reply`, at its deadline at the latest.
        case submit([Submission])
        /// Answered by `.reply(_, .reached)` once the state reflects the revision.
        case awaitRevision(RequestID, LogIndex, deadline: Instant)
        /// Answered by `.reply(_, .reached)` once the state reflects every write that was acknowledged to anybody before
        /// this input: what is read then is linearizable.
        case awaitCurrent(RequestID, deadline: Instant)
        /// A revoker's statement, made outside the log. Answered by one `.reply`, at its deadline at the latest.
        case make(RequestID, SignedStatement, deadline: Instant)
        /// Answers `.judge`, in its order.
        case judged([(SignedStatement, StatementJudgement)])
        /// Answers `.enforce`.
        case enforced([Digest])
        /// The link to a member was closed from its side, as it is when its process ends. A hint: it may be wrong.
        case linkClosed(MemberID)
        /// Frames for this node are sent from now on, or are dropped. For gossip, which speaks over open links alone.
        case link(MemberID, isOpen: Bool)
        /// Gossip that does not decode, or is of a kind that this version does not know.
        case unreadableGossip(byteCount: Int, from: MemberID)
        /// Answers `.readLog`: entries that follow on the index, as they read back verified. Empty where the log no longer has the
        /// first.
        case logRead(for: MemberID, after: LogIndex, entries: [Entry])
        case persisted(LogWrite.ID, last: LogPosition)
        /// Answers `.apply`, once decisions and reads go by it. Its commit to the store may come later (decision 19).
        case applied(AppliedBatch)
        case entriesRead(for: MemberID, previous: LogPosition?, entries: [Entry])
        case snapshotRead(for: MemberID, Message.SnapshotChunk?)
        case snapshotStaged(LogPosition, nextChunk: UInt64)
        case snapshotInstalled(SnapshotPoint, DirectoryFacts)
        /// Answers `.readSealedSnapshot`. Nil where the state cannot be had at that index now. `byteCount`: of all chunks together, at
        /// most.
        case sealedSnapshotRead(for: MemberID, Message.SnapshotChunk?, byteCount: UInt64)
        /// Answers `.checkSnapshot`. Nil where the rows are no state with its tree.
        case snapshotChecked(SnapshotPoint, DirectoryFacts?)
        case compacted(firstIndex: LogIndex)
        /// Stored entries do not read back: found at a read, or by a scrub.
        case logDamaged([LogDamage])
        /// Answers `.repairLog`. False when the log no longer wants these entries.
        case logRepaired(Bool)
        /// Answers `.readForRepair`. Empty when this node does not have the last entry.
        case readForRepair(for: MemberID, first: LogIndex, last: LogIndex, entries: [Entry])
        /// Whether something on the disk lacks room, so that no client's write is taken.
        case storage(isFull: Bool)
        /// Whether the log takes so much of the room that it may have that it is to be cut, however few its entries are.
        case logSize(isLarge: Bool)
        /// Hand the leadership over to a voter, nil for the one most up to date. Answered by `.reply(_, .handedOver)`.
        case transferLeadership(RequestID, to: MemberID?, deadline: Instant)
        /// Hand over the leadership, if this node has it, and take no more writes. Answered by `.readyToStop`.
        case shutDown
        /// Answers `.keepSealMark`.
        case sealMarkKept(SealMark)
        /// Answers `.signSeal`. Nil where this node has not the key that the log names for it.
        case sealSigned(SealStatement, signature: [UInt8]?)
    }

    /// Everything that a node asks of its shell. Carried out in list order.
    package enum Effect: Sendable {
        /// One durable transaction, answered by `.persisted`.
        case persist(LogWrite)
        /// With `after`, only once that write is durable. Dropped without an answer when the link is down or full.
        case send(PeerMessage, to: MemberID, after: LogWrite.ID?)
        /// To be given to an `Applier` in one transaction of the state store; answered by `.applied`.
        case apply([Entry])
        case reply(RequestID, Reply)
        case readEntries(for: MemberID, from: LogIndex, maxBytes: Int)
        case readSnapshot(for: MemberID, position: LogPosition?, number: UInt64)
        case stageSnapshot(Message.SnapshotChunk)
        case installSnapshot(SnapshotPoint)
        /// Read a chunk of the state as it was at that index, which this node has applied and a quorum of voters has sealed. Chunk 0 opens
        /// it. Answered by `.sealedSnapshotRead`.
        case readSealedSnapshot(for: MemberID, StateClaim, number: UInt64, maxBytes: Int)
        /// That neighbour needs no more of it. Not answered.
        case closeSealedSnapshot(for: MemberID)
        /// All chunks are staged: compute the root of what they hold, see that the tree's rows follow from the others and that there is
        /// nothing else, and read the facts. Answered by `.snapshotChecked`.
        case checkSnapshot(SnapshotPoint)
        /// Drop the log before this entry, after forcing the state store to disk; answered by `.compacted`.
        case compact(before: LogIndex)
        /// Put these in the place of damaged entries, as one durable transaction; the last is to hash to `hash`. Answered by
        /// `.logRepaired`.
        case repairLog([Entry], hash: Digest)
        /// Read verified entries for a member whose log is damaged; answered by `.readForRepair`.
        case readForRepair(for: MemberID, first: LogIndex, last: LogIndex, maxBytes: Int)
        /// Send this member `.voters`, with what the state says of these; whom it does not name is left out.
        case introduce([MemberID], to: MemberID, stamp: WallTime)
        /// Links are needed to these too, unless the state says that they were removed. Replaces what was said before, and
        /// is to be kept for the next process.
        case introduced([VotersWord])
        /// Look up in the newest state what these come to; `broughtAt` is the earliest that it can be when their revoker does,
        /// nil when another member does. Answered by `.judged`.
        case judge([SignedStatement], broughtAt: WallTime?)
        /// Make these durable, and let decisions go by them as well as by the state, also those of the next process. Answered
        /// by `.enforced` after both.
        case enforce([SignedStatement])
        /// The log has judged these: decisions go by the state alone. Not answered.
        case release([Digest])
        /// Links are needed to these as well: the neighbours in the overlay. In order of their ids; replaces what was said before.
        case neighbours([MemberID])
        /// Read verified entries for a neighbour that lags; answered by `.logRead`.
        case readLog(for: MemberID, after: LogIndex, maxBytes: Int)
        /// What was cut off the log is made good: take it off the record. Not answered.
        case forgetLostTail
        /// How fresh this node's knowledge is: decisions from now on are dated by it.
        case publish(Freshness)
        /// Whether decisions may be answered at all: false after a restart until the node has caught up with what it
        /// may have served before.
        case serving(Bool)
        case roleChanged(RaftNode.RoleStatus)
        /// Links are needed to the members of this configuration, to those introduced, and to nobody else.
        case configurationChanged(Configuration)
        /// Make this durable, for this process and the next; answered by `.sealMarkKept`.
        case keepSealMark(SealMark)
        /// Sign it with this member's seal key; answered by `.sealSigned`.
        case signSeal(SealStatement)
        /// What the next process is to know of seals. Not answered.
        case keepSealMemory(SealMemory)
        case readyToStop
        case note(Note)
    }

    /// A client's command on its way into the log.
    package struct Submission: Hashable, Sendable {
        package let id: RequestID
        /// As the codec encodes it.
        package let command: [UInt8]
        /// What the cluster must have been raised to for it.
        package let level: FeatureLevel
        /// What the command means to do to who votes.
        package let change: MemberChange?
        package let deadline: Instant

        package init(
            id: RequestID,
            command: [UInt8],
            level: FeatureLevel,
            change: MemberChange? = nil,
            deadline: Instant
        ) {
            self.id = id
            self.command = command
            self.level = level
            self.change = change
            self.deadline = deadline
        }
    }

    package enum Reply: Hashable, Sendable {
        /// The command was applied, or had been before under the same idempotency key.
        case applied(CommandResult)
        /// The state reflects at least the revision that was awaited.
        case reached(LogIndex)
        /// Not taken, and certain not to take effect.
        case refused(SubmitRefusal)
        /// The statement counts here from now on, and is on its way to the others and the log.
        case inForce(Digest)
        case statementRecorded(Digest, LogIndex)
        /// It does not count by what this node knows.
        case statementRefused(StatementRefusal)
        /// This member leads now.
        case handedOver(to: MemberID)
        /// The deadline passed after the command had been sent on its way: it may or may not take effect. A retry
        /// with the same idempotency key is safe.
        case outcomeUnknown
    }

    package enum SubmitRefusal: Hashable, Sendable {
        /// No leader was known until the deadline.
        case noLeader
        /// The state did not reach the awaited revision in time.
        case behind(applied: LogIndex)
        case tooManyRequests(limit: Int)
        case entryTooLarge(byteCount: Int, limit: Int)
        case overloaded
        case storageFull
        case shuttingDown
        /// A learner lacks so many entries that its vote would hold up the others.
        case notCaughtUp(missing: UInt64)
        case invalidChange(reason: String)
        /// The members are being changed, or those who vote have to be sealed before others may take their place.
        case notYet
        /// Only the leader hands over.
        case notLeader(leader: MemberID?)
        /// No other voter took over in time.
        case notHandedOver
        /// This node cannot apply the log any further.
        case halted(reason: String)
        /// An edge takes no writes, and cannot say what is current: a voter can.
        case edge
        /// The cluster has yet to be raised to that level: in the log the command would end every node of an older program.
        case featureLevel(FeatureLevel, inForce: FeatureLevel)
    }
}

/// What applying a batch of entries did.
package struct AppliedBatch: Sendable {
    package struct Outcome: Hashable, Sendable {
        /// SHA-256 of the encoded command.
        package let command: Digest
        package let result: CommandResult

        package init(command: Digest, result: CommandResult) {
            self.command = command
            self.result = result
        }
    }

    /// The state reflects the log up to here.
    package let point: SnapshotPoint
    package let outcomes: [Outcome]
    /// Entries whose change of the configuration has no effect, since the command with it was refused or is a copy.
    package let refusedChanges: [LogIndex]
    /// Of the state after each run of entries, ascending; none where the voters cannot seal.
    package let roots: [RecordedRoot]
    package let events: [DirectoryEvent]
    package let facts: DirectoryFacts
    /// Why the entry after `point` cannot be applied by this node, if so.
    package let halt: String?

    package init(
        point: SnapshotPoint,
        outcomes: [Outcome],
        refusedChanges: [LogIndex] = [],
        roots: [RecordedRoot] = [],
        events: [DirectoryEvent],
        facts: DirectoryFacts,
        halt: String?
    ) {
        self.point = point
        self.outcomes = outcomes
        self.refusedChanges = refusedChanges
        self.roots = roots
        self.events = events
        self.facts = facts
        self.halt = halt
    }
}

extension AppliedBatch {
    package func halted(because reason: String) -> AppliedBatch {
        AppliedBatch(
            point: point,
            outcomes: outcomes,
            refusedChanges: refusedChanges,
            roots: roots,
            events: events,
            facts: facts,
            halt: reason
        )
    }
}

/// What is worth knowing of a state as a whole.
package struct DirectoryFacts: Hashable, Sendable {
    package let revision: LogIndex
    package let epoch: UInt64
    package let stateRoot: Digest
    /// What the cluster has been raised to. The first while it has not been initialised.
    package let featureLevel: FeatureLevel
    package let sealKeys: SealKeys
    /// As the state names them, in order of their ids: voters and learners.
    package let members: [MemberID]
    /// In order of their ids.
    package let edges: [MemberID]
    /// Of those that are labelled with one.
    package let zones: [MemberID: String]

    package init(
        revision: LogIndex,
        epoch: UInt64,
        stateRoot: Digest,
        featureLevel: FeatureLevel = .first,
        sealKeys: SealKeys = SealKeys(),
        members: [MemberID] = [],
        edges: [MemberID] = [],
        zones: [MemberID: String] = [:]
    ) {
        self.revision = revision
        self.epoch = epoch
        self.stateRoot = stateRoot
        self.featureLevel = featureLevel
        self.sealKeys = sealKeys
        self.members = members
        self.edges = edges
        self.zones = zones
    }

    func isEdge(_ id: MemberID) -> Bool { Self.contains(edges, id) }
    func isMember(_ id: MemberID) -> Bool { Self.contains(members, id) }

    /// Looked up for each message, and there may be a thousand.
    private static func contains(_ ids: [MemberID], _ id: MemberID) -> Bool {
        let place = ids.partitioningIndex { $0 >= id }
        return place < ids.count && ids[place] == id
    }
}
