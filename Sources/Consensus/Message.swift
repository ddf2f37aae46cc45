package import Kernel

/// Which of the Raft groups that share a lineage and its links a message belongs to.
package struct GroupID: Hashable, Comparable, Sendable {
    package let number: UInt32
    package init(_ number: UInt32) { self.number = number }
    package static let first = GroupID(0)
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.number < rhs.number }
}

/// What one Raft member tells another. A message of a wrong lineage, group, sender or receiver is counted and dropped.
package struct Message: Hashable, Sendable {
    package let lineage: Lineage
    package let group: GroupID
    package let from: MemberID
    package let to: MemberID
    package let term: Term
    package let body: Body

    package init(
        lineage: Lineage,
        group: GroupID = .first,
        from: MemberID,
        to: MemberID,
        term: Term,
        body: Body
    ) {
        self.lineage = lineage
        self.group = group
        self.from = from
        self.to = to
        self.term = term
        self.body = body
    }

    package enum Body: Hashable, Sendable {
        /// Would you vote for me in `term`? Changes no state of the receiver. Raft dissertation section 9.6.
        case preVoteRequest(last: LogPosition)
        case preVoteResponse(granted: Bool)
        /// `isTransfer`: sent at the old leader's wish, so members that still hear a leader answer too.
        /// Raft dissertation section 3.10.
        case voteRequest(last: LogPosition, isTransfer: Bool)
        case voteResponse(granted: Bool)
        case append(Append)
        /// The log is equal to the leader's up to and including `matchIndex`, durably.
        case appendAccepted(matchIndex: LogIndex)
        /// No entry at `previous`. `hint` is the receiver's highest position that could match. Raft section 5.3.
        /// A `previous` of zero: the receiver waits to be added, and needs a snapshot, since it knows no configuration
        /// that entries could change.
        case appendRejected(previous: LogIndex, hint: LogPosition)
        /// `round` grows by one with each broadcast of a leader; its acknowledgement by a quorum proves that the
        /// leader still led when the round began.
        case heartbeat(commitIndex: LogIndex, round: UInt64)
        case heartbeatAcknowledged(round: UInt64)
        /// Indirect, since it is rare and five times the size of the others.
        indirect case snapshot(SnapshotChunk)
        /// Chunks below `nextChunk` are staged. When the snapshot is installed, `appendAccepted` follows.
        case snapshotAcknowledged(position: LogPosition, nextChunk: UInt64)
        /// Campaign at once. Raft dissertation section 3.10.
        case timeoutNow
        /// A follower asks at which index a read is linearizable. `context` is never used twice, across restarts
        /// neither, so that no late answer can pass for that to a later question. 6.4.
        case readIndexRequest(context: UInt64)
        /// Nil: refused, since the receiver does not lead, or has too many reads waiting.
        case readIndexResponse(context: UInt64, index: LogIndex?)
    }

    package struct Append: Hashable, Sendable {
        package let previous: LogPosition
        package let entries: [Entry]
        package let commitIndex: LogIndex

        package init(previous: LogPosition, entries: [Entry], commitIndex: LogIndex) {
            self.previous = previous
            self.entries = entries
            self.commitIndex = commitIndex
        }
    }

    /// A piece of a snapshot. Chunks are numbered from 0, and sent one after the other.
    package struct SnapshotChunk: Hashable, Sendable {
        package let point: SnapshotPoint
        package let number: UInt64
        package let isLast: Bool
        package let bytes: [UInt8]
        /// SHA-256 of `bytes`.
        package let digest: Digest

        package init(point: SnapshotPoint, number: UInt64, isLast: Bool, bytes: [UInt8], digest: Digest) {
            self.point = point
            self.number = number
            self.isLast = isLast
            self.bytes = bytes
            self.digest = digest
        }
    }
}
