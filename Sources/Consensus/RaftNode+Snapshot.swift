import Kernel

// Leader's part: one chunk in flight, read from the store as it is needed, sent again when no answer comes.
extension RaftNode {
    mutating func beginSnapshot(for place: Int, at now: Instant) {
        progress[place].becomeSnapshot(at: now)
        out.effects.append(.readSnapshot(for: progress[place].member, position: nil, number: 0))
    }

    mutating func snapshotRead(for peer: MemberID, _ chunk: Message.SnapshotChunk?, at now: Instant) {
        guard role == .leader, let place = progress.firstIndex(where: { $0.member == peer }),
            case .snapshot(var snapshot) = progress[place].state
        else { return }
        guard let chunk, chunk.number == snapshot.number else {
            // Cannot be read now: look again, as if nothing had been begun, with the next heartbeat's answer.
            progress[place].becomeProbe()
            progress[place].state = .probe(isPaused: true)
            return
        }
        snapshot.position = chunk.point.position
        snapshot.isLast = chunk.isLast
        snapshot.sentAt = now
        progress[place].state = .snapshot(snapshot)
        send(.snapshot(chunk), to: peer)
    }

    mutating func chunkAcknowledged(_ position: LogPosition, nextChunk: UInt64, by place: Int, at now: Instant) {
        guard case .snapshot(var snapshot) = progress[place].state, snapshot.position == position else { return }
        if nextChunk == snapshot.number + 1 {
            // After the last chunk comes the acceptance, once it is installed.
            guard !snapshot.isLast else { return }
            snapshot.number = nextChunk
            snapshot.sentAt = now
            progress[place].state = .snapshot(snapshot)
            out.effects.append(
                .readSnapshot(for: progress[place].member, position: position, number: nextChunk))
        } else if nextChunk == 0 {
            // The receiver has lost what it had staged.
            beginSnapshot(for: place, at: now)
        }
    }

    /// Called when the link has shown that it works.
    mutating func retrySnapshot(for place: Int, at now: Instant) {
        guard case .snapshot(var snapshot) = progress[place].state,
            now.elapsed(since: snapshot.sentAt) >= options.electionTimeout
        else { return }
        snapshot.sentAt = now
        progress[place].state = .snapshot(snapshot)
        out.effects.append(
            .readSnapshot(for: progress[place].member, position: snapshot.position, number: snapshot.number))
    }
}

// Receiver's part. Raft section 7; chunks are bound to a term, since a new leader starts over.
extension RaftNode {
    mutating func receiveChunk(_ chunk: Message.SnapshotChunk, from leader: MemberID) {
        guard staging?.isInstalling != true else { return }
        guard chunk.point.position.index > commitIndex else {
            staging = nil
            return sendWhenDurable(.appendAccepted(matchIndex: min(commitIndex, log.last.index)), to: leader)
        }
        guard Digest.of(chunk.bytes) == chunk.digest else {
            counters.malformed += 1
            return
        }
        if chunk.number == 0, staging?.point != chunk.point {
            staging = Staging(point: chunk.point)
        } else if let held = staging, held.point == chunk.point, chunk.number == held.nextChunk, !held.isBusy {
            staging?.isBusy = true
        } else {
            return answerUnexpected(chunk, from: leader)
        }
        if chunk.isLast { staging?.endsWith = chunk.number }
        out.effects.append(.stageSnapshot(chunk))
    }

    /// A repeated chunk, or one out of order: say what is needed, unless that is being stored already.
    private mutating func answerUnexpected(_ chunk: Message.SnapshotChunk, from leader: MemberID) {
        let held = staging.flatMap { $0.point == chunk.point ? $0 : nil }
        if held?.isBusy == true { return }
        send(.snapshotAcknowledged(position: chunk.point.position, nextChunk: held?.nextChunk ?? 0), to: leader)
    }

    mutating func snapshotStaged(_ position: LogPosition, nextChunk: UInt64) {
        guard var held = staging, held.point.position == position, !held.isInstalling else { return }
        if nextChunk == 0 {
            // It could not be held: from the start, then.
            staging = nil
            if let leader { send(.snapshotAcknowledged(position: position, nextChunk: 0), to: leader) }
            return
        }
        held.nextChunk = nextChunk
        held.isBusy = false
        if held.endsWith.map({ $0 + 1 == nextChunk }) == true, held.point.position.index > commitIndex {
            held.isInstalling = true
            out.effects.append(.installSnapshot(held.point))
        }
        staging = held
        if let leader { send(.snapshotAcknowledged(position: position, nextChunk: nextChunk), to: leader) }
    }

    mutating func snapshotInstalled(_ point: SnapshotPoint) {
        invariant(
            staging?.point == point && staging?.isInstalling == true,
            "a snapshot at \(point.position) was installed unasked"
        )
        staging = nil
        log.reset(to: point)
        // Completions of writes made before the log was replaced say nothing about the new one.
        lastCut = thisWrite
        commitIndex = point.position.index
        appliedIndex = point.position.index
        applyingIndex = point.position.index
        if let leader { sendWhenDurable(.appendAccepted(matchIndex: point.position.index), to: leader) }
    }
}
