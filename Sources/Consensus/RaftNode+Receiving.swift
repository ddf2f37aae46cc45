import Kernel

extension RaftNode {
    mutating func receive(_ message: Message, at now: Instant) {
        guard message.lineage == lineage, message.to == id, message.from != id,
            configuration.voters.contains(message.from)
        else {
            counters.misdirected += 1
            return
        }
        guard adjustTerm(to: message, at: now) else { return }
        switch message.body {
        case .preVoteRequest(let last): preVoteRequested(by: message.from, in: message.term, last: last)
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
            return !hearsLeader(at: now)
        case .voteRequest(_, let isTransfer):
            guard isTransfer || !hearsLeader(at: now) else { return false }
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

    private mutating func answerOldTerm(_ message: Message) {
        switch message.body {
        case .preVoteRequest:
            send(.preVoteResponse(granted: false), to: message.from)
        case .append, .heartbeat:
            // A leader of an old term that we may not listen to would never learn of ours while it hears a quorum of
            // others, and this member would stay out for ever. etcd, `raft.Step`.
            send(.heartbeatAcknowledged(round: 0), to: message.from)
        default:
            break
        }
    }

    private mutating func receiveFromLeader(_ message: Message, at now: Instant) {
        if case .timeoutNow = message.body {
            if role == .follower, mayLead { campaign(.candidate, isTransfer: true, at: now) }
            return
        }
        // Two leaders of one term cannot be; a message that says so is a forgery or a bug elsewhere.
        guard role != .leader else {
            counters.malformed += 1
            return
        }
        if role != .follower || leader != message.from {
            becomeFollower(in: term, of: message.from, at: now)
        }
        leaderHeardAt = now
        resetElectionTimer(at: now)
        switch message.body {
        case .append(let append): receiveAppend(append, from: message.from)
        case .heartbeat(let commitIndex, let round):
            if staging?.isInstalling != true { advanceCommit(to: commitIndex) }
            send(.heartbeatAcknowledged(round: round), to: message.from)
        case .snapshot(let chunk): receiveChunk(chunk, from: message.from)
        default: break
        }
    }

    private mutating func receiveFromFollower(_ message: Message, at now: Instant) {
        guard role == .leader, let place = progress.firstIndex(where: { $0.member == message.from }) else { return }
        progress[place].isRecentlyActive = true
        switch message.body {
        case .appendAccepted(let matchIndex): accepted(through: matchIndex, by: place, at: now)
        case .appendRejected(let previous, let hint): rejected(previous, hint: hint, by: place, at: now)
        case .heartbeatAcknowledged(let round): acknowledged(round: round, by: place, at: now)
        case .snapshotAcknowledged(let position, let nextChunk):
            chunkAcknowledged(position, nextChunk: nextChunk, by: place, at: now)
        default: break
        }
    }

    /// Commits what a leader says is committed, as far as this log is known to be equal to the leader's.
    mutating func advanceCommit(to index: LogIndex) { commitIndex = max(commitIndex, min(index, log.last.index)) }
}
