import Kernel

// One chunk is in flight to a follower, and is sent again when no answer comes. Raft section 7.
extension RaftNode {
    mutating func beginSnapshot(for place: Int, at now: Instant) {
        // A follower that is away needs none yet. Its answer to a heartbeat comes back here.
        guard progress[place].isRecentlyActive else { return }
        note(.info, "follower needs a snapshot", .init("follower", "\(progress[place].member)"))
        progress[place].becomeSnapshot(SnapshotTransfer(retryAt: now))
        readChunk(0, for: place)
    }

    private mutating func readChunk(_ number: UInt64, for place: Int) {
        let position = number == 0 ? nil : progress[place].transfer?.chunk?.point.position
        progress[place].transfer?.phase = .reading
        progress[place].transfer?.wanted = number
        out.effects.append(.readSnapshot(for: progress[place].member, position: position, number: number))
    }

    mutating func snapshotRead(for peer: MemberID, _ chunk: Message.SnapshotChunk?, at now: Instant) {
        guard role == .leader, let place = progress.firstIndex(where: { $0.member == peer }),
            let transfer = progress[place].transfer, transfer.phase == .reading
        else { return }
        let retryAt = now.advanced(by: options.snapshotRetryInterval)
        if let chunk, isUsable(chunk, in: transfer, for: place) {
            progress[place].transfer = SnapshotTransfer(
                phase: .sent,
                wanted: chunk.number,
                chunk: chunk,
                retryAt: retryAt,
                restarts: transfer.restarts
            )
            progress[place].noteCommitIsKnown(through: chunk.point.position.index)
            send(.snapshot(chunk), to: peer)
        } else {
            // The next attempt starts over with the newest snapshot.
            progress[place].transfer = SnapshotTransfer(
                phase: .unavailable,
                retryAt: retryAt,
                restarts: transfer.restarts
            )
        }
    }

    private func isUsable(_ chunk: Message.SnapshotChunk, in transfer: SnapshotTransfer, for place: Int) -> Bool {
        guard chunk.number == transfer.wanted, chunk.point.configuration.contains(progress[place].member) else {
            return false
        }
        if chunk.number > 0 { return chunk.point == transfer.chunk?.point }
        let index = chunk.point.position.index
        // It must help the follower, and leave no gap between itself and the log. The state may be ahead of what this
        // member was told of it, though not of the batch that it is applying.
        return index > progress[place].matchIndex && index <= applyingIndex && index.next >= log.storeFirstIndex
    }

    mutating func chunkAcknowledged(_ position: LogPosition, nextChunk: UInt64, by place: Int, at now: Instant) {
        guard let transfer = progress[place].transfer, let chunk = transfer.chunk,
            chunk.point.position == position, transfer.phase == .sent || transfer.phase == .delivered
        else { return }
        if nextChunk == chunk.number {
            // The chunk is still under way, or lost: time will tell.
            return
        }
        if nextChunk == chunk.number + 1, chunk.isLast {
            // The acceptance follows once it is installed.
            progress[place].transfer?.phase = .delivered
            progress[place].transfer?.retryAt = now.advanced(by: options.snapshotRetryInterval)
        } else if nextChunk == 0 {
            startOver(transfer, for: place, at: now)
        } else {
            // Usually the next. Another when the receiver still holds it from an earlier try.
            readChunk(nextChunk, for: place)
        }
    }

    /// The follower has lost what it held, or cannot hold what comes: then another attempt may end as this one, after as many
    /// chunks. Each waits twice as long as the one before.
    private mutating func startOver(_ transfer: SnapshotTransfer, for place: Int, at now: Instant) {
        let restarts = transfer.restarts + 1
        let pause = Span(microseconds: options.snapshotRetryInterval.microseconds << UInt64(min(restarts - 1, 6)))
        progress[place].transfer = SnapshotTransfer(
            phase: .unavailable,
            retryAt: now.advanced(by: pause),
            restarts: restarts
        )
        note(
            .warning,
            "follower begins a snapshot anew",
            .init("follower", "\(progress[place].member)"),
            .init("restarts", "\(restarts)")
        )
    }

    mutating func retrySnapshots(at now: Instant) {
        for place in progress.indices {
            guard let transfer = progress[place].transfer, let due = transfer.retryDeadline, now >= due else {
                continue
            }
            progress[place].transfer?.retryAt = now.advanced(by: options.snapshotRetryInterval)
            // Chunks are large: none for a follower that is away.
            guard progress[place].isRecentlyActive else { continue }
            switch transfer.phase {
            case .reading: break
            case .unavailable: readChunk(0, for: place)
            case .sent, .delivered:
                if let chunk = transfer.chunk { send(.snapshot(chunk), to: progress[place].member) }
            }
        }
    }

    /// After news of what the follower holds, whether by this snapshot or otherwise.
    ///
    /// - Returns: Whether it can go on by entries.
    mutating func leaveSnapshot(_ place: Int, at now: Instant) -> Bool {
        let match = progress[place].matchIndex
        if match.next >= log.storeFirstIndex {
            progress[place].becomeReplicate()
            return true
        }
        // The log was compacted past the snapshot meanwhile.
        if let point = progress[place].transfer?.chunk?.point, match >= point.position.index {
            beginSnapshot(for: place, at: now)
        }
        return false
    }
}

extension SnapshotTransfer {
    /// Nil while the store is reading.
    var retryDeadline: Instant? { phase == .reading ? nil : retryAt }
}
