import DequeModule
import Kernel

/// What a leader knows of one follower. etcd's `tracker.Progress`.
struct Progress: Sendable {
    enum State: Hashable, Sendable {
        /// Where the logs part is not known: one append at a time, the next after an answer.
        case probe(isPaused: Bool)
        /// Appends are sent without waiting, within the bounds on what is in flight.
        case replicate
        /// The follower is so far behind that it gets a snapshot.
        case snapshot(SnapshotTransfer)
    }

    struct SnapshotTransfer: Hashable, Sendable {
        /// Nil until the first chunk is read.
        var position: LogPosition?
        var number: UInt64 = 0
        var isLast = false
        var sentAt: Instant
    }

    let member: MemberID
    /// Invariant: matchIndex < nextIndex.
    private(set) var matchIndex = LogIndex.zero
    private(set) var nextIndex: LogIndex
    var state = State.probe(isPaused: false)
    /// Heard from since the last check of the quorum.
    var isRecentlyActive = false
    var acknowledgedRound: UInt64 = 0
    var isReading = false
    private var inflight: Deque<(last: LogIndex, bytes: Int)> = []
    private var inflightBytes = 0

    init(member: MemberID, nextIndex: LogIndex) {
        self.member = member
        self.nextIndex = nextIndex
    }

    func canSend(within options: RaftOptions) -> Bool {
        guard !isReading else { return false }
        switch state {
        case .probe(let isPaused): return !isPaused
        case .replicate: return inflight.count < options.maxInflightAppends && inflightBytes < options.maxInflightBytes
        case .snapshot: return false
        }
    }

    mutating func noteSent(_ entries: [Entry]) {
        switch state {
        case .probe: state = .probe(isPaused: true)
        case .replicate:
            guard let last = entries.last else { return }
            let bytes = entries.reduce(0) { $0 + $1.byteCount }
            inflight.append((last.index, bytes))
            inflightBytes += bytes
            nextIndex = last.index.next
        case .snapshot: break
        }
    }

    /// - Returns: Whether this is news.
    mutating func noteMatch(_ index: LogIndex) -> Bool {
        while let first = inflight.first, first.last <= index {
            inflightBytes -= first.bytes
            inflight.removeFirst()
        }
        let isNews = index > matchIndex
        if isNews { matchIndex = index }
        nextIndex = max(nextIndex, index.next)
        return isNews
    }

    mutating func becomeProbe(next: LogIndex? = nil) {
        state = .probe(isPaused: false)
        nextIndex = max(next ?? matchIndex.next, matchIndex.next)
        forgetInflight()
    }

    mutating func becomeReplicate() {
        state = .replicate
        nextIndex = matchIndex.next
        forgetInflight()
    }

    mutating func becomeSnapshot(at now: Instant) {
        state = .snapshot(SnapshotTransfer(sentAt: now))
        forgetInflight()
    }

    /// A heartbeat's answer proves that the link works: what is still unacknowledged may have been lost.
    mutating func resume() {
        if case .probe = state { state = .probe(isPaused: false) }
    }

    /// Makes room for one append when the bounds are reached, in case all that is in flight was lost.
    mutating func freeOneInflight(within options: RaftOptions) {
        guard case .replicate = state, !canSend(within: options), let first = inflight.popFirst() else { return }
        inflightBytes -= first.bytes
    }

    private mutating func forgetInflight() {
        inflight = []
        inflightBytes = 0
    }
}
