import DequeModule
import Directory
import Kernel

/// The client requests of this node that wait for their outcome.
///
/// A write is known by the digest of its command. The command carries an idempotency key, so it may be proposed again
/// whenever its fate is in doubt: the state machine applies it once and gives every copy the same result.
struct RequestTable: Sendable {
    struct Write: Sendable {
        let command: [UInt8]
        let change: MemberChange?
        let digest: Digest
        var stage: Stage
        /// How often the write was handed over, without the times that this member itself did not take it.
        var attempts = 0
        /// Why it was not taken the last time.
        var refusal: PeerMessage.ForwardRefusal?

        var isCertainlyLost: Bool {
            switch stage {
            case .waiting: attempts == 0
            case .refused(_, _, _, let isOwn): attempts == (isOwn ? 0 : 1)
            case .sent: false
            }
        }
    }

    enum Stage: Hashable, Sendable {
        /// Nobody has it: certain not to take effect.
        case waiting
        /// On its way to the leader of a term, or in its log.
        case sent(to: MemberID, in: Term, at: Instant)
        /// The leader of a term did not take it; to be sent again after a while, or to the next leader.
        case refused(by: MemberID, in: Term, at: Instant, isOwn: Bool)
    }

    private var writes: [RequestID: Write] = [:]
    private var idsByDigest: [Digest: [RequestID]] = [:]
    /// Writes to hand to a leader when there is one, in order of arrival. May name writes that have ended.
    private var unsent: Deque<RequestID> = []
    /// Writes handed over, oldest first. May name writes that have ended or were sent again.
    private var sent: Deque<RequestID> = []
    /// Leader and term at the last look over the writes handed over, and when the next is due while they stay.
    private var looked: (leader: MemberID, term: Term, next: Instant)?
    /// By revision; ties in order of arrival.
    private var waiters: [(revision: LogIndex, id: RequestID)] = []
    private var waiting: Set<RequestID> = []
    /// Reads whose revision is not known yet. Membership and counting only.
    private var unplaced: Set<RequestID> = []
    /// Earliest first. May name requests that have ended.
    private var deadlines: Deque<(at: Instant, id: RequestID)> = []

    var count: Int { writes.count + waiters.count + unplaced.count }
    var hasUnsent: Bool { !unsent.isEmpty }

    mutating func add(_ submission: ReplicaNode.Submission) {
        let id = submission.id
        let digest = Digest.of(submission.command)
        writes[id] = Write(command: submission.command, change: submission.change, digest: digest, stage: .waiting)
        idsByDigest[digest, default: []].append(id)
        unsent.append(id)
        schedule(id, at: submission.deadline)
    }

    mutating func addWaiter(_ id: RequestID, revision: LogIndex, deadline: Instant) {
        wait(id, for: revision)
        schedule(id, at: deadline)
    }

    private mutating func wait(_ id: RequestID, for revision: LogIndex) {
        // Nearly always the highest so far, hence from the back.
        var place = waiters.endIndex
        while place > waiters.startIndex, waiters[place - 1].revision > revision { place -= 1 }
        waiters.insert((revision, id), at: place)
        waiting.insert(id)
    }

    /// A read that is to learn which revision it waits for.
    mutating func addRead(_ id: RequestID, deadline: Instant) {
        unplaced.insert(id)
        schedule(id, at: deadline)
    }

    func isUnplaced(_ id: RequestID) -> Bool { unplaced.contains(id) }

    /// The read waits for this revision, until the deadline that it came with.
    mutating func place(_ id: RequestID, at revision: LogIndex) {
        guard unplaced.remove(id) != nil else { return }
        wait(id, for: revision)
    }

    mutating func finishRead(_ id: RequestID) {
        unplaced.remove(id)
        dropEnded()
    }

    /// Takes all writes that nobody has, oldest first.
    mutating func takeUnsent() -> [(id: RequestID, write: Write)] {
        defer { unsent.removeAll(keepingCapacity: true) }
        return unsent.compactMap { id in
            guard let write = writes[id], write.stage == .waiting else { return nil }
            return (id, write)
        }
    }

    mutating func markSent(_ id: RequestID, to leader: MemberID, in term: Term, at now: Instant) {
        guard writes[id] != nil else { return }
        writes[id]?.stage = .sent(to: leader, in: term, at: now)
        writes[id]?.attempts += 1
        sent.append(id)
    }

    func contains(_ id: RequestID) -> Bool { writes[id] != nil }
    /// Whether a member was handed the write last, and has not refused it since.
    func wasSent(_ id: RequestID, to member: MemberID) -> Bool {
        if case .sent(let leader, _, _)? = writes[id]?.stage { leader == member } else { false }
    }

    /// Whether a refusal of the latest attempt is the last word, since no earlier copy can be under way.
    func wasSentOnce(_ id: RequestID) -> Bool { writes[id]?.attempts == 1 }

    /// Notes that a leader did not take a write, which is tried again when the interval is over or there is another leader.
    ///
    /// - Parameter isOwn: This member is that leader, and so it is sure that this attempt has left no copy. From another member it
    ///   may be the answer to an earlier one.
    mutating func markRefused(
        _ id: RequestID,
        _ refusal: PeerMessage.ForwardRefusal,
        isOwn: Bool,
        at now: Instant
    ) {
        switch writes[id]?.stage {
        case .sent(let leader, let term, _), .refused(let leader, let term, _, _):
            writes[id]?.stage = .refused(by: leader, in: term, at: now, isOwn: isOwn)
            writes[id]?.refusal = refusal
            if isOwn { writes[id]?.attempts -= 1 }
        case .waiting, nil: return
        }
    }

    /// Writes whose fate is in doubt become unsent again: all that went to another leader or term, or were refused there,
    /// those forwarded to this one that have not been heard of for `interval`, and those refused that long ago.
    mutating func reclaim(leader: MemberID, term: Term, isSelf: Bool, now: Instant, interval: Span) {
        guard !sent.isEmpty else { return }
        if let looked, looked.leader == leader, looked.term == term, now < looked.next { return }
        // What is handed over from now on is due later than what is kept.
        var next = now.advanced(by: interval)
        var kept: Deque<RequestID> = []
        for id in sent {
            guard let write = writes[id] else { continue }
            let due: Instant? =
                switch write.stage {
                case .waiting: nil
                // What stands in our own log in our own term cannot be lost.
                case .sent(let to, let sentTerm, let at):
                    to != leader || sentTerm != term ? now : isSelf ? nil : at.advanced(by: interval)
                case .refused(let by, let itsTerm, let at, _):
                    by != leader || itsTerm != term ? now : at.advanced(by: interval)
                }
            if let due, due <= now {
                writes[id]?.stage = .waiting
                unsent.append(id)
            } else {
                kept.append(id)
                if let due { next = min(next, due) }
            }
        }
        sent = kept
        looked = (leader, term, next)
    }

    mutating func finish(_ id: RequestID) {
        guard let write = writes.removeValue(forKey: id) else { return }
        idsByDigest[write.digest]?.removeAll { $0 == id }
        if idsByDigest[write.digest]?.isEmpty == true { idsByDigest[write.digest] = nil }
    }

    /// Ends the writes with this command and names them in order of arrival.
    mutating func finish(command: Digest) -> [RequestID] {
        guard let ids = idsByDigest.removeValue(forKey: command) else { return [] }
        for id in ids { writes[id] = nil }
        dropEnded()
        return ids
    }

    /// Ends the waits for a revision at or below `applied`.
    mutating func finishWaiters(through applied: LogIndex) -> [RequestID] {
        let end = waiters.firstIndex { $0.revision > applied } ?? waiters.endIndex
        guard end > 0 else { return [] }
        let ids = waiters[..<end].map(\.id)
        waiters.removeFirst(end)
        waiting.subtract(ids)
        dropEnded()
        return ids
    }

    enum Expired: Hashable, Sendable {
        /// Nobody has it, and why, if it was refused.
        case lostWrite(RequestID, PeerMessage.ForwardRefusal?)
        case sentWrite(RequestID)
        case wait(RequestID)
        case read(RequestID)
    }

    /// Ends what is past its deadline.
    mutating func expire(at now: Instant) -> [Expired] {
        var expired: [Expired] = []
        while let next = deadlines.first, next.at <= now {
            deadlines.removeFirst()
            if let write = writes[next.id] {
                expired.append(write.isCertainlyLost ? .lostWrite(next.id, write.refusal) : .sentWrite(next.id))
                finish(next.id)
            } else if waiting.remove(next.id) != nil {
                waiters.removeAll { $0.id == next.id }
                expired.append(.wait(next.id))
            } else if unplaced.remove(next.id) != nil {
                expired.append(.read(next.id))
            }
        }
        dropEnded()
        return expired
    }

    /// Every write and wait, ended now, for a node that can go no further.
    mutating func expireAll() -> [Expired] { expire(at: Instant(microseconds: .max)) }

    var nextDeadline: Instant? { deadlines.first?.at }

    /// When the oldest write that was handed over should be looked at again.
    func nextReclaim(interval: Span) -> Instant? {
        switch sent.first.flatMap({ writes[$0]?.stage }) {
        case .sent(_, _, let at), .refused(_, _, let at, _): at.advanced(by: interval)
        case .waiting, nil: nil
        }
    }

    private mutating func schedule(_ id: RequestID, at deadline: Instant) {
        // Nearly always the latest deadline so far, hence from the back.
        var place = deadlines.endIndex
        while place > deadlines.startIndex, deadlines[place - 1].at > deadline { place -= 1 }
        deadlines.insert((deadline, id), at: place)
    }

    /// Keeps the queues from growing with names of requests that have ended.
    private mutating func dropEnded() {
        while let first = sent.first, writes[first] == nil { sent.removeFirst() }
        while let first = unsent.first, writes[first] == nil { unsent.removeFirst() }
        while let first = deadlines.first, writes[first.id] == nil, !waiting.contains(first.id),
            !unplaced.contains(first.id)
        {
            deadlines.removeFirst()
        }
    }
}
