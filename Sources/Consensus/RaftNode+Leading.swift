import Kernel

extension RaftNode {
    mutating func propose(_ proposals: [Proposal], at now: Instant) {
        var taken: [(WallTime, Entry.Payload)] = []
        var acceptedIDs: [ProposalID] = []
        for proposal in proposals {
            if let refusal = refusal(of: proposal) {
                out.effects.append(.refused(proposal.id, refusal))
            } else {
                taken.append((proposal.time, .command(proposal.payload)))
                acceptedIDs.append(proposal.id)
                uncommittedBytes += Entry.overhead + proposal.payload.count
            }
        }
        guard !taken.isEmpty else { return }
        let first = log.last.index.number + 1
        for (place, id) in acceptedIDs.enumerated() {
            let position = LogPosition(term: term, index: LogIndex(first + UInt64(place)))
            out.effects.append(.accepted(id, position))
        }
        appendOwn(taken)
        broadcastAppend(sendIfEmpty: false, at: now)
    }

    private func refusal(of proposal: Proposal) -> Refusal? {
        guard role == .leader else { return .notLeader(known: leader) }
        guard transfer == nil else { return .transferring }
        guard proposal.payload.count <= options.maxEntryBytes else {
            return .entryTooLarge(byteCount: proposal.payload.count, limit: options.maxEntryBytes)
        }
        guard uncommittedBytes < options.maxUncommittedBytes else {
            return .overloaded(uncommittedBytes: uncommittedBytes, limit: options.maxUncommittedBytes)
        }
        return nil
    }

    /// Continues the chain. Time never goes back, whatever the proposers' clocks say.
    mutating func appendOwn(_ payloads: [(time: WallTime, payload: Entry.Payload)]) {
        var hash = log.lastHash
        var time = log.lastTime
        var index = log.last.index
        var new: [Entry] = []
        for payload in payloads {
            index = index.next
            time = max(time, payload.time)
            let entry = Entry(
                position: LogPosition(term: term, index: index),
                time: time,
                previousHash: hash,
                payload: payload.payload
            )
            hash = entry.hash
            new.append(entry)
        }
        log.append(new, lastHash: hash)
        out.entries = new
    }

    mutating func broadcastAppend(sendIfEmpty: Bool, at now: Instant) {
        for place in progress.indices { sendAppend(to: place, sendIfEmpty: sendIfEmpty, at: now) }
    }

    mutating func sendAppend(to place: Int, sendIfEmpty: Bool, at now: Instant) {
        guard progress[place].canSend(within: options) else { return }
        let next = progress[place].nextIndex
        guard let previousTerm = log.term(at: next.previous) else { return fetchOlder(for: place, from: next, at: now) }
        let entries = log.entries(from: next, through: log.last.index, maxBytes: options.maxAppendBytes)
        guard sendIfEmpty || !entries.isEmpty else { return }
        send(entries, after: LogPosition(term: previousTerm, index: next.previous), to: place)
        // A batch is bounded; what is left goes right after it, as far as the window allows.
        if let last = entries.last, last.index < log.last.index { sendAppend(to: place, sendIfEmpty: false, at: now) }
    }

    private mutating func send(_ entries: [Entry], after previous: LogPosition, to place: Int) {
        let append = Message.Append(previous: previous, entries: entries, commitIndex: commitIndex)
        send(.append(append), to: progress[place].member)
        progress[place].noteSent(entries)
    }

    /// What is no longer in memory is read from the store, or, if it is not there either, replaced by a snapshot.
    private mutating func fetchOlder(for place: Int, from index: LogIndex, at now: Instant) {
        guard index >= log.storeFirstIndex else { return beginSnapshot(for: place, at: now) }
        progress[place].isReading = true
        out.effects.append(
            .readEntries(for: progress[place].member, from: index, maxBytes: options.maxAppendBytes))
    }

    mutating func entriesRead(for peer: MemberID, previous: LogPosition?, entries: [Entry], at now: Instant) {
        guard let place = progress.firstIndex(where: { $0.member == peer }) else { return }
        progress[place].isReading = false
        guard role == .leader, progress[place].canSend(within: options) else { return }
        guard let previous, let first = entries.first else { return beginSnapshot(for: place, at: now) }
        // The follower may have moved on, or this may answer a question of an earlier leadership.
        guard first.index == progress[place].nextIndex, previous.index == first.index.previous else {
            return sendAppend(to: place, sendIfEmpty: false, at: now)
        }
        let inMemory = entries.last.map { log.term(at: $0.index) == $0.term || $0.index < log.base.position.index }
        guard inMemory == true else { return }
        send(entries, after: previous, to: place)
        sendAppend(to: place, sendIfEmpty: false, at: now)
    }

    mutating func accepted(through matchIndex: LogIndex, by place: Int, at now: Instant) {
        guard matchIndex <= log.last.index else {
            counters.malformed += 1
            return
        }
        let isNews = progress[place].noteMatch(matchIndex)
        switch progress[place].state {
        case .probe: progress[place].becomeReplicate()
        case .snapshot(let snapshot) where matchIndex >= (snapshot.position?.index ?? .zero) && isNews:
            progress[place].becomeReplicate()
        case .snapshot, .replicate: break
        }
        if isNews { advanceCommit(at: now) }
        sendAppend(to: place, sendIfEmpty: false, at: now)
        finishTransferIfCaughtUp(place)
    }

    mutating func rejected(_ previous: LogIndex, hint: LogPosition, by place: Int, at now: Instant) {
        switch progress[place].state {
        case .snapshot: return
        case .replicate:
            // An answer from before the last acceptance says nothing new.
            guard previous > progress[place].matchIndex else { return }
            progress[place].becomeProbe()
        case .probe:
            guard previous == progress[place].nextIndex.previous else { return }
            let common = log.position(atOrBelow: hint.index, termAtMost: hint.term).index
            progress[place].becomeProbe(next: min(previous, common.next))
        }
        sendAppend(to: place, sendIfEmpty: true, at: now)
    }

    mutating func broadcastHeartbeat(at now: Instant) {
        heartbeatDeadline = now.advanced(by: options.heartbeatInterval)
        round += 1
        for follower in progress {
            let known = min(commitIndex, follower.matchIndex)
            send(.heartbeat(commitIndex: known, round: round), to: follower.member)
        }
        confirmRounds()
    }

    mutating func acknowledged(round acknowledged: UInt64, by place: Int, at now: Instant) {
        guard acknowledged <= round else {
            counters.malformed += 1
            return
        }
        progress[place].acknowledgedRound = max(progress[place].acknowledgedRound, acknowledged)
        confirmRounds()
        progress[place].resume()
        retrySnapshot(for: place, at: now)
        // The link works, so what is still missing may have been lost on the way.
        guard progress[place].matchIndex < log.last.index else { return }
        // A follower that misses something rejects what comes after it, which makes this leader look for the gap.
        progress[place].freeOneInflight(within: options)
        sendAppend(to: place, sendIfEmpty: true, at: now)
    }

    private mutating func confirmRounds() {
        let rounds = progress.map(\.acknowledgedRound) + [round]
        if let reached = Quorum.reached(rounds) { confirmedRound = max(confirmedRound, reached) }
    }

    /// Only entries of the own term are committed by counting; earlier ones follow from Log Matching. Raft section 5.4.2.
    mutating func advanceCommit(at now: Instant) {
        let matches = progress.map(\.matchIndex) + [log.durableIndex]
        guard let reached = Quorum.reached(matches), reached > commitIndex, log.term(at: reached) == term else { return }
        let committed = log.entries(from: commitIndex.next, through: reached, maxBytes: .max)
        uncommittedBytes = max(0, uncommittedBytes - committed.reduce(0) { $0 + $1.byteCount })
        commitIndex = reached
        // Tells the followers, so that they can apply it.
        broadcastAppend(sendIfEmpty: true, at: now)
    }
}
