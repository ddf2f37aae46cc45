import Kernel

// Chunks are bound to a leader and its term: a new leader starts over. Raft section 7.
extension RaftNode {
    /// From here on the log is neither read nor written, but for the hard state.
    var isReplacingLog: Bool { staging?.phase == .complete || staging?.phase == .installing }

    mutating func receiveChunk(_ chunk: Message.SnapshotChunk, from leader: MemberID) {
        // A leader has nothing of a later term than its own.
        guard Digest.of(chunk.bytes) == chunk.digest, chunk.point.position.term <= term,
            chunk.point.configuration.contains(id), chunk.point.configuration.flaw == nil
        else {
            counters.malformed += 1
            return note(.error, "snapshot chunk is damaged", .init("snapshot", "\(chunk.point.position)"))
        }
        // Says nothing of chunks while it installs: the acceptance will.
        guard !isReplacingLog else { return }
        guard chunk.point.position.index > commitIndex else {
            return sendWhenDurable(.appendAccepted(matchIndex: commitIndex), to: leader)
        }
        guard !log.holds(chunk.point.position) else { return skip(chunk.point, from: leader) }
        if staging?.point != chunk.point, !restage(for: chunk, from: leader) { return }
        stage(chunk, from: leader)
    }

    /// The log has what the snapshot stands for, which is committed.
    private mutating func skip(_ point: SnapshotPoint, from leader: MemberID) {
        guard log.hash(at: point.position.index) == point.hash else {
            counters.brokenChains += 1
            return note(.error, "log and snapshot differ", .init("snapshot", "\(point.position)"))
        }
        staging = nil
        verifiedIndex = max(verifiedIndex, point.position.index)
        commitIndex = max(commitIndex, point.position.index)
        sendWhenDurable(.appendAccepted(matchIndex: commitIndex), to: leader)
    }

    /// - Returns: Whether this chunk begins a snapshot that replaces what was held.
    private mutating func restage(for chunk: Message.SnapshotChunk, from leader: MemberID) -> Bool {
        // A chunk of an older snapshot is late.
        if let staging, staging.point.position.index > chunk.point.position.index { return false }
        guard chunk.number == 0 else {
            send(.snapshotAcknowledged(position: chunk.point.position, nextChunk: 0), to: leader)
            return false
        }
        staging = Staging(point: chunk.point)
        return true
    }

    private mutating func stage(_ chunk: Message.SnapshotChunk, from leader: MemberID) {
        guard let held = staging, held.phase == .receiving else { return }
        guard chunk.number == held.nextChunk else {
            // Repeated, or out of order: say what is needed.
            return send(.snapshotAcknowledged(position: held.point.position, nextChunk: held.nextChunk), to: leader)
        }
        // It will be sent again.
        guard !isStoringChunk else { return }
        isStoringChunk = true
        staging?.phase = .storing(isLast: chunk.isLast)
        out.effects.append(.stageSnapshot(chunk))
    }

    mutating func snapshotStaged(_ position: LogPosition, nextChunk: UInt64) {
        isStoringChunk = false
        guard let held = staging, held.point.position == position, case .storing(let isLast) = held.phase else {
            return
        }
        if nextChunk == 0 {
            // It could not be held: from the start, then.
            staging = nil
        } else {
            guard nextChunk == held.nextChunk + 1 else { return }
            staging?.nextChunk = nextChunk
            staging?.phase = isLast ? .complete : .receiving
        }
        if let leader { send(.snapshotAcknowledged(position: position, nextChunk: nextChunk), to: leader) }
    }

    mutating func snapshotHeld(_ point: SnapshotPoint) {
        invariant(role == .follower, "\(id) takes a snapshot as \(role)")
        invariant(point.position.term <= term, "a snapshot at \(point.position), past \(term)")
        invariant(point.position.index > commitIndex, "a snapshot at \(point.position), committed \(commitIndex)")
        invariant(!isReplacingLog, "a snapshot at \(point.position) beside another")
        staging = Staging(point: point, phase: .complete)
    }

    /// Writes and applies under way concern the log as it was: none may end after it was replaced.
    mutating func installWhenIdle() {
        guard let held = staging, held.phase == .complete, isDurable, applyingIndex == appliedIndex else { return }
        guard held.point.position.index > commitIndex else { return staging = nil }
        staging?.phase = .installing
        out.effects.append(.installSnapshot(held.point))
    }

    mutating func snapshotInstalled(_ point: SnapshotPoint, at now: Instant) {
        invariant(
            staging?.point == point && staging?.phase == .installing,
            "a snapshot at \(point.position) was installed unasked"
        )
        staging = nil
        log = RaftLog(base: point)
        // Completions of writes made before say nothing about the new log.
        lastCut = thisWrite
        commitIndex = point.position.index
        applied(point)
        verifiedIndex = point.position.index
        adopt(point.configuration, at: now)
        resetProgress()
        resetElectionTimer(at: now)
        note(.info, "snapshot installed", .init("at", "\(point.position)"))
        if let leader { sendWhenDurable(.appendAccepted(matchIndex: point.position.index), to: leader) }
    }
}
