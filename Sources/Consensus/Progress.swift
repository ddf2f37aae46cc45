import DequeModule
package import Kernel

/// What a leader knows of one follower. etcd's `tracker.Progress`.
///
/// Invariant: `matchIndex` < `nextIndex`. What is up to `matchIndex` is durable at the follower.
struct Progress: Sendable {
    enum State: Hashable, Sendable {
        /// Where the logs part is not known: one append at a time, the next after an answer.
        case probe
        /// Appends are sent without waiting, within the bounds on what is in flight.
        case replicate
        /// What the follower needs is not in the log any more: nothing is appended before it has a snapshot.
        case snapshot
    }

    let member: MemberID
    private(set) var state = State.probe
    private(set) var matchIndex = LogIndex.zero
    private(set) var nextIndex: LogIndex
    /// The highest commit index told, and not known to be lost.
    private(set) var sentCommit = LogIndex.zero
    /// Nothing is sent before an answer, or the answer to a heartbeat, comes.
    private(set) var isPaused = false
    private(set) var inflight = Inflight()
    /// Where the last append ended.
    private(set) var sentPosition = LogPosition.zero
    /// Heard from since the last check of the quorum.
    private(set) var isHeardSinceCheck = false
    /// Heard from between the two checks before.
    private var wasHeardBeforeCheck = false
    var acknowledgedRound: UInt64 = 0
    /// Where the one read under way from the store begins.
    var pendingRead: LogIndex?
    /// Present in state `snapshot` alone.
    var transfer: SnapshotTransfer?

    init(member: MemberID, nextIndex: LogIndex) {
        self.member = member
        self.nextIndex = nextIndex
    }

    /// Heard from within the last one to two election timeouts. A check of the quorum does not change it: right behind one,
    /// before the next answers come, nobody has been heard since.
    var isRecentlyActive: Bool { isHeardSinceCheck || wasHeardBeforeCheck }

    mutating func heard() { isHeardSinceCheck = true }

    mutating func quorumChecked() {
        (wasHeardBeforeCheck, isHeardSinceCheck) = (isHeardSinceCheck, false)
    }

    /// The caller has checked that the leader's log reaches `index`.
    ///
    /// - Returns: Whether this is news.
    mutating func advance(to index: LogIndex) -> Bool {
        guard index > matchIndex else { return false }
        matchIndex = index
        nextIndex = max(nextIndex, index.next)
        isPaused = false
        inflight.remove(through: index)
        return true
    }

    /// The follower has nothing that equals `rejected`, and could have what equals `hint`.
    ///
    /// - Returns: False for an answer that is late.
    mutating func retreat(from rejected: LogIndex, hint: LogIndex) -> Bool {
        switch state {
        case .snapshot:
            return false
        case .replicate:
            guard rejected > matchIndex, rejected < nextIndex else { return false }
            becomeProbe()
        case .probe:
            guard rejected == nextIndex.previous else { return false }
            // Compared with `rejected` first: a hint from outside may have no successor.
            nextIndex = max(hint < rejected ? hint.next : rejected, matchIndex.next)
            restart(.probe)
        }
        sentCommit = min(sentCommit, nextIndex.previous)
        return true
    }

    mutating func becomeProbe() {
        restart(.probe)
        nextIndex = matchIndex.next
        sentCommit = min(sentCommit, matchIndex)
    }

    mutating func becomeReplicate() {
        restart(.replicate)
        nextIndex = matchIndex.next
    }

    mutating func becomeSnapshot(_ new: SnapshotTransfer) {
        restart(.snapshot)
        transfer = new
    }

    mutating func noteSent(
        _ entries: [Entry],
        after previous: LogPosition,
        commitIndex: LogIndex,
        _ options: RaftOptions
    ) {
        switch state {
        case .probe:
            isPaused = true
        case .replicate:
            if let last = entries.last {
                nextIndex = last.index.next
                inflight.append(last: last.index, byteCount: entries.reduce(0) { $0 + $1.byteCount })
            }
            // A full pipeline lets one empty append through after each heartbeat's answer. If all that filled it was
            // lost, its rejection makes the leader look for the gap. etcd, `Progress.SentEntries`.
            isPaused = inflight.isFull(options)
        case .snapshot:
            break
        }
        sentPosition = entries.last?.position ?? previous
        sentCommit = max(sentCommit, commitIndex)
    }

    /// What a snapshot stands for is committed, as its receiver knows.
    mutating func noteCommitIsKnown(through index: LogIndex) { sentCommit = max(sentCommit, index) }

    mutating func resume() { isPaused = false }

    /// Whether the follower could commit more if it were told of `index`. etcd, `Progress.CanBumpCommit`.
    func couldUse(commitIndex index: LogIndex) -> Bool { index > sentCommit && sentCommit < nextIndex.previous }

    private mutating func restart(_ new: State) {
        state = new
        isPaused = false
        pendingRead = nil
        transfer = nil
        inflight = Inflight()
    }
}

extension [Progress] {
    /// The followers in another configuration. Whoever stays is known as before, whether with a vote or without; nothing
    /// is known of who is new, other than that it cannot have been silent for long.
    func changed(to configuration: Configuration, of leader: MemberID, last: LogIndex) -> [Progress] {
        configuration.members.filter { $0 != leader }.map { member in
            if let known = first(where: { $0.member == member }) { return known }
            var new = Progress(member: member, nextIndex: Swift.max(last, LogIndex(1)))
            new.heard()
            return new
        }
    }
}

/// Appends under way to a follower, oldest first.
struct Inflight: Sendable {
    private var appends: Deque<(last: LogIndex, byteCount: Int)> = []
    private var byteCount = 0

    var count: Int { appends.count }

    func isFull(_ options: RaftOptions) -> Bool {
        appends.count >= options.maxInflightAppends || byteCount >= options.maxInflightBytes
    }

    mutating func append(last: LogIndex, byteCount: Int) {
        appends.append((last, byteCount))
        self.byteCount += byteCount
    }

    /// An answer to an append answers for all before it.
    mutating func remove(through index: LogIndex) {
        while let first = appends.first, first.last <= index {
            byteCount -= first.byteCount
            appends.removeFirst()
        }
    }
}

/// A snapshot on its way to one follower.
struct SnapshotTransfer: Sendable {
    enum Phase: Hashable, Sendable {
        /// The store was asked for chunk `wanted`.
        case reading
        /// The store had none; asked again later.
        case unavailable
        /// `chunk` is under way.
        case sent
        /// The follower holds all chunks, and installs them.
        case delivered
    }

    var phase = Phase.reading
    var wanted: UInt64 = 0
    /// The last that was sent, kept to be sent again.
    var chunk: Message.SnapshotChunk?
    var retryAt: Instant
    /// How often the follower has asked for the first chunk again after a later one.
    var restarts = 0
}

/// A follower as its leader sees it, for display.
package struct FollowerStatus: Hashable, Sendable {
    package enum State: Hashable, Sendable { case probe, replicate, snapshot }

    package let id: MemberID
    /// False for a learner.
    package let isVoter: Bool
    package let matchIndex: LogIndex
    package let nextIndex: LogIndex
    package let isRecentlyActive: Bool
    package let state: State
}
