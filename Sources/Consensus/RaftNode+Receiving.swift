import Kernel

extension RaftNode {
    mutating func receive(_ message: Message, at now: Instant) {
        guard admits(message) else {
            counters.misdirected += 1
            return
        }
        guard message.isPlausible else {
            counters.malformed += 1
            return
        }
        guard adjustTerm(to: message, at: now) else { return }
        switch message.body {
        case .preVoteRequest(let last):
            preVoteRequested(by: message.from, in: message.term, last: last, at: now)
        case .preVoteResponse(let granted):
            if role == .preCandidate, !granted || message.term == term.next {
                countVote(of: message.from, granted: granted, at: now)
            }
        case .voteRequest(let last, _): voteRequested(by: message.from, last: last, at: now)
        case .voteResponse(let granted):
            if role == .candidate { countVote(of: message.from, granted: granted, at: now) }
        case .append, .heartbeat, .snapshot, .timeoutNow:
            receiveFromLeader(message, at: now)
        case .appendAccepted, .appendRejected, .heartbeatAcknowledged, .snapshotAcknowledged:
            receiveFromFollower(message, at: now)
        case .readIndexRequest(let context): readIndex(.member(message.from, context: context), at: now)
        case .readIndexResponse(let context, let index): readAnswered(context, index, by: message.from)
        }
    }

    /// A member that lags may not know yet of those that lead or stand, or may know them for members no more: neither may
    /// keep it from following them (4.2.2), and pre-vote and sticky leaders keep it from being disturbed. What answers a
    /// question comes from those that were asked.
    private func admits(_ message: Message) -> Bool {
        guard message.lineage == lineage, message.group == group, message.to == id, message.from != id else {
            return false
        }
        if configuration.contains(message.from) { return true }
        guard !configuration.members.contains(where: { $0.supersedes(message.from) }) else { return false }
        switch message.body {
        case .preVoteRequest, .voteRequest, .append, .heartbeat, .snapshot: return true
        // A leader that was removed hands over.
        case .timeoutNow, .readIndexResponse: return message.from == leader
        case .preVoteResponse, .voteResponse, .appendAccepted, .appendRejected, .heartbeatAcknowledged,
            .snapshotAcknowledged, .readIndexRequest:
            return false
        }
    }

    /// Raft section 5.1, "terms act as a logical clock", with the exceptions that pre-vote makes.
    ///
    /// - Returns: Whether the message is to be looked at.
    private mutating func adjustTerm(to message: Message, at now: Instant) -> Bool {
        if message.term == term { return true }
        guard message.term > term else {
            answerOldTerm(message)
            return false
        }
        switch message.body {
        case .preVoteRequest:
            return listensToCandidates(at: now)
        case .voteRequest(_, let isTransfer):
            guard isTransfer || listensToCandidates(at: now) else { return false }
            becomeFollower(in: message.term, of: nil, at: now)
        case .preVoteResponse(granted: true):
            // It answers for the term that we would campaign in.
            break
        case .append, .heartbeat, .snapshot:
            becomeFollower(in: message.term, of: message.from, at: now)
        default:
            becomeFollower(in: message.term, of: nil, at: now)
        }
        return true
    }

    private mutating func listensToCandidates(at now: Instant) -> Bool {
        guard hearsLeader(at: now) else { return true }
        counters.ignoredCandidates += 1
        return false
    }

    private mutating func answerOldTerm(_ message: Message) {
        switch message.body {
        case .preVoteRequest:
            send(.preVoteResponse(granted: false), to: message.from)
        case .append, .heartbeat, .snapshot:
            // A leader of an old term that we may not listen to would never learn of ours while it hears a quorum of
            // others, and this member would stay out for ever. etcd, `raft.Step`.
            send(.heartbeatAcknowledged(round: 0), to: message.from)
        default:
            counters.stale += 1
        }
    }

    private mutating func receiveFromLeader(_ message: Message, at now: Instant) {
        // Two leaders of one term cannot be; a message that says so is a forgery or a bug elsewhere.
        guard role != .leader, leader == nil || leader == message.from else {
            counters.malformed += 1
            return note(.error, "two leaders in one term", .init("term", "\(term)"), .init("other", "\(message.from)"))
        }
        if case .timeoutNow = message.body {
            return campaignAtOnce(at: now)
        }
        if role != .follower || leader == nil { becomeFollower(in: term, of: message.from, at: now) }
        leaderHeardAt = now
        resetElectionTimer(at: now)
        switch message.body {
        case .append(let append): receiveAppend(append, from: message.from)
        case .heartbeat(let commitIndex, let round):
            followCommit(to: commitIndex)
            send(.heartbeatAcknowledged(round: round), to: message.from)
        case .snapshot(let chunk): receiveChunk(chunk, from: message.from)
        default: break
        }
    }

    private mutating func receiveFromFollower(_ message: Message, at now: Instant) {
        guard role == .leader, let place = progress.firstIndex(where: { $0.member == message.from }) else { return }
        progress[place].heard()
        switch message.body {
        case .appendAccepted(let matchIndex): accepted(through: matchIndex, by: place, at: now)
        case .appendRejected(let previous, let hint): rejected(previous, hint: hint, by: place, at: now)
        case .heartbeatAcknowledged(let round): acknowledged(round: round, by: place, at: now)
        case .snapshotAcknowledged(let position, let nextChunk):
            chunkAcknowledged(position, nextChunk: nextChunk, by: place, at: now)
        default: break
        }
    }
}

extension Message {
    /// Numbers near the end of their range come from a damaged message; their successors would not exist.
    fileprivate var isPlausible: Bool {
        let bound: UInt64 = 1 << 62
        guard term.number < bound else { return false }
        guard case .snapshot(let chunk) = body else { return true }
        return chunk.point.position.index.number < bound && chunk.number < bound
    }
}

extension MemberID {
    /// The same node, after its disk was wiped.
    fileprivate func supersedes(_ other: MemberID) -> Bool {
        (high, low) == (other.high, other.low) && incarnation > other.incarnation
    }
}
