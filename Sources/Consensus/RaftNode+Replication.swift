import Kernel

// The flow of entries from a leader to each follower. Semantics of etcd's raft library, with entries that left memory
// read back from the store.
extension RaftNode {
    mutating func broadcastAppend(sendIfEmpty: Bool, at now: Instant) {
        for place in progress.indices { sendAppend(to: place, sendIfEmpty: sendIfEmpty, at: now) }
    }

    /// Sends what the follower lacks, as far as its flow control lets it.
    mutating func sendAppend(to place: Int, sendIfEmpty: Bool, at now: Instant) {
        var mustSend = sendIfEmpty
        // A batch is bounded; what is left goes right after it.
        while sendOneAppend(to: place, sendIfEmpty: mustSend, at: now) { mustSend = false }
    }

    /// - Returns: Whether entries were sent, so that there may be more to send.
    private mutating func sendOneAppend(to place: Int, sendIfEmpty: Bool, at now: Instant) -> Bool {
        guard progress[place].state != .snapshot, !progress[place].isPaused, progress[place].pendingRead == nil else {
            return false
        }
        let next = progress[place].nextIndex
        let isFull = progress[place].state == .replicate && progress[place].inflight.isFull(options)
        guard let previous = log.position(at: next.previous) else {
            guard isFull else {
                fetchOlder(for: place, from: next, at: now)
                return false
            }
            if sendIfEmpty { sendEmpty(to: place) }
            return false
        }
        var entries: [Entry] = []
        if !isFull { entries = log.entries(from: next, through: log.last.index, maxBytes: options.maxAppendBytes) }
        guard sendIfEmpty || !entries.isEmpty else { return false }
        send(entries, after: previous, to: place)
        return !entries.isEmpty
    }

    /// For a follower whose pipeline is full of what has left memory since: asks whether the last of it arrived.
    private mutating func sendEmpty(to place: Int) {
        let previous = progress[place].sentPosition
        guard previous.index == progress[place].nextIndex.previous else { return progress[place].becomeProbe() }
        send([], after: previous, to: place)
    }

    private mutating func send(_ entries: [Entry], after previous: LogPosition, to place: Int) {
        let append = Message.Append(previous: previous, entries: entries, commitIndex: commitIndex)
        send(.append(append), to: progress[place].member)
        progress[place].noteSent(entries, after: previous, commitIndex: commitIndex, options)
    }

    /// What is no longer in memory is read from the store, or, if it is not there either, replaced by a snapshot.
    private mutating func fetchOlder(for place: Int, from index: LogIndex, at now: Instant) {
        guard index >= log.storeFirstIndex else { return beginSnapshot(for: place, at: now) }
        progress[place].pendingRead = index
        out.effects.append(
            .readEntries(for: progress[place].member, from: index, maxBytes: options.maxAppendBytes)
        )
    }

    mutating func entriesRead(for peer: MemberID, previous: LogPosition?, entries: [Entry], at now: Instant) {
        guard peer != id else { return readToApply(previous: previous, entries, at: now) }
        // Without a read under way this answers a question of an earlier leadership.
        guard role == .leader, let place = progress.firstIndex(where: { $0.member == peer }),
            let wanted = progress[place].pendingRead
        else { return }
        progress[place].pendingRead = nil
        guard let previous else { return beginSnapshot(for: place, at: now) }
        // The store may still hold what was cut off in memory and is being overwritten.
        let whole = entries.prefix { $0.index <= log.base.index || log.holds($0.position) }
        guard wanted == progress[place].nextIndex, whole.first?.index == wanted, previous.index == wanted.previous
        else {
            // The follower has moved on, or there was nothing: the next answer to a heartbeat looks again.
            return
        }
        send(Array(whole), after: previous, to: place)
        sendAppend(to: place, sendIfEmpty: false, at: now)
    }

    mutating func accepted(through matchIndex: LogIndex, by place: Int, at now: Instant) {
        guard matchIndex <= log.last.index else {
            counters.malformed += 1
            return
        }
        let isNews = progress[place].advance(to: matchIndex)
        switch progress[place].state {
        case .probe:
            // The answer to a probe, and not an older one: where the logs are equal is known.
            guard isNews || matchIndex == progress[place].matchIndex else { return }
            progress[place].becomeReplicate()
        case .snapshot:
            guard isNews, leaveSnapshot(place, at: now) else { return }
        case .replicate:
            break
        }
        let isCommitting = isNews && advanceCommit(at: now)
        if !isCommitting, progress[place].couldUse(commitIndex: commitIndex) {
            sendAppend(to: place, sendIfEmpty: true, at: now)
        }
        sendAppend(to: place, sendIfEmpty: false, at: now)
        finishTransferIfCaughtUp(place)
    }

    mutating func rejected(_ rejected: LogIndex, hint: LogPosition, by place: Int, at now: Instant) {
        if rejected == .zero {
            guard progress[place].matchIndex == .zero, progress[place].state != .snapshot else { return }
            return beginSnapshot(for: place, at: now)
        }
        // What this log has at or below the hint, of a term that the follower could have there. Before what is in
        // memory terms are not known, so the hint itself is tried.
        let common = log.position(atOrBelow: hint.index, termAtMost: hint.term)?.index ?? hint.index
        guard progress[place].retreat(from: rejected, hint: common) else { return }
        sendAppend(to: place, sendIfEmpty: true, at: now)
    }
}
