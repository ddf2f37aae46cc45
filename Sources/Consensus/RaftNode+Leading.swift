import Kernel

extension RaftNode {
    mutating func propose(_ proposals: [Proposal], at now: Instant) {
        var taken: [(WallTime, Entry.Payload)] = []
        taken.reserveCapacity(proposals.count)
        var index = log.last.index
        for proposal in proposals {
            if let refusal = refusal(of: proposal) {
                out.effects.append(.refused(proposal.id, refusal))
            } else {
                index = index.next
                out.effects.append(.accepted(proposal.id, LogPosition(term: term, index: index)))
                taken.append((proposal.time, proposal.entryPayload))
                uncommittedBytes += Entry.overhead + proposal.entryPayload.byteCount
                if proposal.change != nil { pendingChangeIndex = index }
            }
        }
        guard !taken.isEmpty else { return }
        appendOwn(taken)
        broadcastAppend(sendIfEmpty: false, at: now)
    }

    private func refusal(of proposal: Proposal) -> Refusal? {
        guard role == .leader else { return .notLeader(known: leader) }
        guard transfer == nil else { return .transferring }
        guard proposal.payload.count <= options.maxEntryBytes else {
            return .entryTooLarge(byteCount: proposal.payload.count, limit: options.maxEntryBytes)
        }
        guard !isApplyingBehind else { return .applyingLags(limit: options.maxUnappliedBytes) }
        // Whatever fits by itself passes when nothing waits, so that no proposal is refused for ever.
        let bytes = Entry.overhead + proposal.entryPayload.byteCount
        guard uncommittedBytes == 0 || bytes <= options.maxUncommittedBytes - uncommittedBytes else {
            return .overloaded(uncommittedBytes: uncommittedBytes, limit: options.maxUncommittedBytes)
        }
        return proposal.change.flatMap { refusal(of: $0) }
    }

    /// Continues the chain. Time never goes back, whatever the proposers' clocks say.
    mutating func appendOwn(_ payloads: [(time: WallTime, payload: Entry.Payload)]) {
        var hash = log.lastHash
        var time = log.lastTime
        var index = log.last.index
        var new: [Entry] = []
        new.reserveCapacity(payloads.count)
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
        out.entries += new
    }

    /// Only entries of the own term are committed by counting; earlier ones follow from Log Matching. Raft section 5.4.2.
    ///
    /// - Returns: Whether more is committed than before.
    @discardableResult
    mutating func advanceCommit(at now: Instant) -> Bool {
        // Only what is durable counts, on this member as on the others.
        let reached = Quorum.reached(in: configuration) { member in
            member == id ? log.durableIndex : progress.first { $0.member == member }?.matchIndex ?? .zero
        }
        guard let reached, reached > commitIndex, log.term(at: reached) == term else { return false }
        uncommittedBytes -= log.byteCount(after: commitIndex, through: reached)
        commitIndex = reached
        // Tells the followers, so that they can apply it.
        for place in progress.indices where progress[place].couldUse(commitIndex: commitIndex) {
            sendAppend(to: place, sendIfEmpty: true, at: now)
        }
        return true
    }

    mutating func broadcastHeartbeat(at now: Instant) {
        heartbeatDeadline = now.advanced(by: options.heartbeatInterval)
        round += 1
        joinReadsToRound()
        for follower in progress {
            // Never past what the follower is known to have: its log may differ from there on.
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
        if acknowledged > progress[place].acknowledgedRound {
            progress[place].acknowledgedRound = acknowledged
            confirmRounds()
        }
        // The link works, so what is still missing may have been lost on the way. A follower that misses something
        // rejects what comes after it, which makes this leader look for the gap.
        progress[place].resume()
        if progress[place].matchIndex < log.last.index || progress[place].state == .probe {
            sendAppend(to: place, sendIfEmpty: true, at: now)
        }
        finishTransferIfCaughtUp(place)
    }

    mutating func confirmRounds() {
        let reached = Quorum.reached(in: configuration) { member in
            member == id ? round : progress.first { $0.member == member }?.acknowledgedRound ?? 0
        }
        confirmedRound = max(confirmedRound, reached ?? 0)
        finishConfirmedReads()
    }
}

extension RaftNode.Proposal {
    var entryPayload: Entry.Payload {
        if let change { .configuration(change, command: payload) } else { .command(payload) }
    }
}
