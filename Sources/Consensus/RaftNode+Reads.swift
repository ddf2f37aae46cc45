import DequeModule
import Kernel

// Linearizable reads without the log. 6.4. A read is answered with a commit index that the leader knew when a round of
// heartbeats began after the question was asked, once a quorum has acknowledged that round: so the leader still led
// then, and no other can have committed more before the question.
extension RaftNode {
    mutating func readIndex(_ origin: WaitingRead.Origin, at now: Instant) {
        guard reads.count < options.maxWaitingReads else {
            return refuseRead(origin, .overloaded(waiting: reads.count))
        }
        let deadline = now.advanced(by: options.electionTimeout)
        if role == .leader {
            reads.append(WaitingRead(origin: origin, deadline: deadline, stage: .queued))
        } else if role == .follower, let leader, case .own = origin {
            let context = contexts.next()
            reads.append(WaitingRead(origin: origin, deadline: deadline, stage: .forwarded(context: context)))
            send(.readIndexRequest(context: context), to: leader)
        } else {
            refuseRead(origin, .noLeader)
        }
    }

    /// Begins a round for what waits, unless one is under way: then the next begins when that is confirmed, for all that
    /// were asked meanwhile.
    mutating func confirmReads(at now: Instant) {
        // Before a commit in its own term a leader does not know what is committed.
        guard hasCommittedInTerm, let first = reads.first, first.stage == .queued else { return }
        broadcastHeartbeat(at: now)
    }

    /// A round begins.
    mutating func joinReadsToRound() {
        guard hasCommittedInTerm else { return }
        for place in reads.indices.reversed() {
            guard reads[place].stage == .queued else { return }
            reads[place].stage = .confirming(round: round, commitIndex)
        }
    }

    mutating func finishConfirmedReads() {
        while let first = reads.first, case .confirming(let round, let index) = first.stage, round <= confirmedRound {
            reads.removeFirst()
            switch first.origin {
            case .own(let id): out.effects.append(.readReady(id, index))
            case .member(let peer, let context): send(.readIndexResponse(context: context, index: index), to: peer)
            }
        }
    }

    /// The leader's answer. One to an earlier attempt, or to an earlier process, finds nobody waiting.
    mutating func readAnswered(_ context: UInt64, _ index: LogIndex?, by peer: MemberID) {
        guard role == .follower, peer == leader,
            let place = reads.firstIndex(where: { $0.stage == .forwarded(context: context) })
        else { return }
        let read = reads.remove(at: place)
        guard case .own(let id) = read.origin else { return }
        out.effects.append(index.map { .readReady(id, $0) } ?? .readRefused(id, .leadershipLost))
    }

    mutating func refuseReads(_ refusal: ReadRefusal) {
        let refused = reads
        reads = []
        for read in refused { refuseRead(read.origin, refusal) }
    }

    mutating func expireReads(at now: Instant) {
        while let first = reads.first, first.deadline <= now {
            reads.removeFirst()
            refuseRead(first.origin, .timedOut)
        }
    }

    private mutating func refuseRead(_ origin: WaitingRead.Origin, _ refusal: ReadRefusal) {
        switch origin {
        case .own(let id): out.effects.append(.readRefused(id, refusal))
        case .member(let peer, let context): send(.readIndexResponse(context: context, index: nil), to: peer)
        }
    }
}

/// A read that waits for its index.
struct WaitingRead: Hashable, Sendable {
    enum Origin: Hashable, Sendable {
        case own(RaftNode.ReadID)
        case member(MemberID, context: UInt64)
    }

    enum Stage: Hashable, Sendable {
        /// On a leader: no round has begun since it was asked.
        case queued
        /// On a leader: committed up to the index when the round began.
        case confirming(round: UInt64, LogIndex)
        /// On a follower: asked of the leader.
        case forwarded(context: UInt64)
    }

    let origin: Origin
    let deadline: Instant
    var stage: Stage
}
