package import Kernel

extension RaftNode {
    /// Everything that can happen to a member.
    package enum Input: Hashable, Sendable {
        /// Time has passed: sent at or after `nextWake`.
        case wake
        case receive(Message)
        /// Commands for the log, in this order. Answered by `.accepted` or `.refused` for each.
        case propose([Proposal])
        /// The write is durable, and with it the log up to `last`. The term tells a late completion of an entry that
        /// was overwritten since from one that counts.
        case persisted(LogWrite.ID, last: LogPosition)
        /// The state machine holds every entry up to and including this one. `refusedChanges`: entries among them whose
        /// change of the configuration it refused, as it must then do on every member alike; such a change has no effect.
        case applied(through: LogIndex, refusedChanges: [LogIndex] = [])
        /// Answers `.readEntries`. `previous` is the position just before the first entry; nil when the store no
        /// longer has the range, so that the follower needs a snapshot. For this member itself: nil when they do not read back now.
        case entriesRead(for: MemberID, previous: LogPosition?, entries: [Entry])
        /// Answers `.readSnapshot`. Nil when it cannot be read now; tried again later.
        case snapshotRead(for: MemberID, Message.SnapshotChunk?)
        /// Answers `.stageSnapshot`: the chunk is held, and durable before the snapshot is installed. 0 for `nextChunk`:
        /// it could not be held.
        case snapshotStaged(LogPosition, nextChunk: UInt64)
        /// The shell has staged a whole snapshot that no leader sent, and somebody else vouches for: it takes the place of state and log
        /// once nothing is under way. It lies past what is committed, in no later term than this, and nobody leads or stands here.
        case snapshotHeld(SnapshotPoint)
        /// Answers `.installSnapshot`: state and log durably stand at this point.
        case snapshotInstalled(SnapshotPoint)
        /// The store has dropped what precedes `firstIndex`.
        case compacted(firstIndex: LogIndex)
        /// The operator, or a graceful shutdown, wants another leader. Nil: the most up-to-date voter.
        case transferLeadership(to: MemberID?)
        /// At which index is a read linearizable? Answered by exactly one `.readReady` or `.readRefused`, within an
        /// election timeout.
        case readIndex(ReadID)
        /// The link to a member was closed from its side, as it is when the process ends. A hint: it may be wrong.
        case linkClosed(MemberID)
        /// Whether this member may lead: false while its clock is out of bounds or its log damaged.
        case mayLead(Bool)
        /// Whether this member may vote: false while its log is damaged.
        case mayVote(Bool)
    }

    /// Everything that a member asks of its shell. Carried out in list order.
    package enum Effect: Hashable, Sendable {
        /// One durable transaction, answered by `.persisted`.
        case persist(LogWrite)
        /// With `after`, only once that write is durable.
        case send(Message, after: LogWrite.ID?)
        /// Committed and locally durable, in order and each exactly once. Answered by `.applied`; the next batch follows
        /// only then.
        case apply([Entry])
        /// The proposal stands in this member's log at the position, which says nothing yet about commitment.
        case accepted(ProposalID, LogPosition)
        case refused(ProposalID, Refusal)
        /// A state that reflects the index answers the read linearizably.
        case readReady(ReadID, LogIndex)
        case readRefused(ReadID, ReadRefusal)
        /// Another configuration is in force, so the shell needs links to its members.
        case configurationChanged(Configuration)
        /// Role, term or known leader changed.
        case roleChanged(RoleStatus)
        /// A follower needs entries that are no longer in memory, or this member does itself, to apply them.
        case readEntries(for: MemberID, from: LogIndex, maxBytes: Int)
        /// A follower needs what the log no longer has. `number` 0 opens the newest snapshot; others go on with the one at
        /// `position`.
        case readSnapshot(for: MemberID, position: LogPosition?, number: UInt64)
        /// Hold a received chunk; number 0 discards what was staged before.
        case stageSnapshot(Message.SnapshotChunk)
        /// All chunks are staged: replace state and log by them.
        case installSnapshot(SnapshotPoint)
        case note(Note)
    }

    /// A command on its way into the log.
    package struct Proposal: Hashable, Sendable {
        package let id: ProposalID
        /// The proposer's clock; the entry gets the later of this and its predecessor's time.
        package let time: WallTime
        package let payload: [UInt8]
        /// Makes the entry one that changes the configuration; the payload may then be empty.
        package let change: ConfigurationChange?

        package init(id: ProposalID, time: WallTime, payload: [UInt8], change: ConfigurationChange? = nil) {
            self.id = id
            self.time = time
            self.payload = payload
            self.change = change
        }
    }

    /// Chosen by the proposer, unique within a process.
    package struct ProposalID: Hashable, Comparable, Sendable {
        package let number: UInt64
        package init(_ number: UInt64) { self.number = number }
        package static func < (lhs: Self, rhs: Self) -> Bool { lhs.number < rhs.number }
    }

    /// Chosen by the reader, unique within a process.
    package struct ReadID: Hashable, Comparable, Sendable {
        package let number: UInt64
        package init(_ number: UInt64) { self.number = number }
        package static func < (lhs: Self, rhs: Self) -> Bool { lhs.number < rhs.number }
    }

    /// Why no index was found for a read. Trying again is always safe.
    package enum ReadRefusal: Hashable, Sendable {
        case noLeader
        /// The leader changed, or refused, before it confirmed the read.
        case leadershipLost
        case overloaded(waiting: Int)
        /// No quorum confirmed it, or no answer of the leader's came, within an election timeout.
        case timedOut
    }

    /// Why a proposal did not enter the log. None of these can have taken effect.
    package enum Refusal: Hashable, Sendable {
        case notLeader(known: MemberID?)
        /// The leader is handing over.
        case transferring
        case entryTooLarge(byteCount: Int, limit: Int)
        /// Too many bytes wait for their commit.
        case overloaded(uncommittedBytes: Int, limit: Int)
        /// More bytes than this are to be applied here.
        case applyingLags(limit: Int)
        /// Nothing of the leader's own term is committed yet, so a change could overlap one that an earlier leader
        /// left. Ongaro, "bug in single-server membership changes", raft-dev 2015.
        case noCommitInTerm
        /// An earlier change may be in the log up to this index, and is not applied.
        case changePending(through: LogIndex)
        /// The configuration in force does not admit the change.
        case invalidChange(ConfigurationChange.Flaw)
    }

    package enum Role: Hashable, Sendable { case follower, preCandidate, candidate, leader }

    package struct RoleStatus: Hashable, Sendable {
        package let role: Role
        package let term: Term
        package let leader: MemberID?

        package init(role: Role, term: Term, leader: MemberID?) {
            self.role = role
            self.term = term
            self.leader = leader
        }
    }
}
