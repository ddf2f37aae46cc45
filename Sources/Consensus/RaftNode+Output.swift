import Kernel

/// What a step has decided, in the making.
struct Outbox: Sendable {
    var effects: [RaftNode.Effect] = []
    /// Sent once everything written so far is durable.
    var durableMessages: [Message] = []
    var entries: [Entry] = []
    var mustWriteHardState = false
    var announced: RaftNode.RoleStatus?
}

extension RaftNode {
    func message(_ body: Message.Body, to peer: MemberID, term: Term? = nil) -> Message {
        Message(lineage: lineage, group: group, from: id, to: peer, term: term ?? self.term, body: body)
    }

    mutating func send(_ body: Message.Body, to peer: MemberID, term: Term? = nil) {
        out.effects.append(.send(message(body, to: peer, term: term), after: nil))
    }

    /// For what promises something that must be durable: votes, requests for them, acceptance of entries.
    mutating func sendWhenDurable(_ body: Message.Body, to peer: MemberID) {
        out.durableMessages.append(message(body, to: peer))
    }

    mutating func note(_ level: Note.Level, _ message: String, _ fields: Note.Field...) {
        out.effects.append(.note(Note(level, message, fields)))
    }

    /// One write a step: hard state and entries together, so that no crash can come between them. It comes first, since
    /// a disk takes longest.
    mutating func flush(at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        effects.reserveCapacity(out.effects.count + out.durableMessages.count + 2)
        if isWriting {
            lastWrite = thisWrite
            writesUnderWay.append(IssuedWrite(id: lastWrite, issuedAt: now))
            let hardState = HardState(term: term, vote: vote, commitIndex: commitIndex)
            effects.append(.persist(LogWrite(id: lastWrite, hardState: hardState, entries: out.entries)))
        }
        effects += out.effects
        // Writes are carried out in order, so what waits for any of them may wait for the newest.
        let after = lastWrite > completedWrite ? lastWrite : nil
        for message in out.durableMessages { effects.append(.send(message, after: after)) }
        let status = RoleStatus(role: role, term: term, leader: leader)
        if status != out.announced { effects.append(.roleChanged(status)) }
        out = Outbox(announced: status)
        return effects
    }

    private var isWriting: Bool { out.mustWriteHardState || !out.entries.isEmpty }
    /// Whether everything that was ever to be written is durable.
    var isDurable: Bool { !isWriting && completedWrite == lastWrite }

    /// The write that the current step will make.
    var thisWrite: LogWrite.ID { LogWrite.ID(lastWrite.number + 1) }

    mutating func persisted(_ id: LogWrite.ID, last: LogPosition, at now: Instant) {
        invariant(id <= lastWrite, "told that \(id) is durable, \(lastWrite) was the last issued")
        completedWrite = max(completedWrite, id)
        while let first = writesUnderWay.first, first.id <= completedWrite { writesUnderWay.removeFirst() }
        // A completion from before a cut may name a position that was cut off and has come back since, of which the
        // disk knows nothing yet:
        // 1. follower writes 5..7 of t2; 2. a leader of t3 makes it cut them; 3. a leader of t4 sends 5..7 of t2 again;
        // 4. the first write completes. Only the third write's completion may count.
        if id >= lastCut, last != .zero, log.holds(last) {
            log.markDurable(through: last.index)
            if role == .leader { advanceCommit(at: now) }
        }
        if let ownVoteWrite, id >= ownVoteWrite {
            self.ownVoteWrite = nil
            if role == .candidate { countVote(of: self.id, granted: true, at: now) }
        }
    }

    /// When the disk will have been silent for as long as a follower bears with a silent leader; nil while nothing is
    /// asked of it.
    var diskDeadline: Instant? { writesUnderWay.first?.issuedAt.advanced(by: options.electionTimeout) }
    func isDiskStalled(at now: Instant) -> Bool { diskDeadline.map { now >= $0 } ?? false }

    /// A leader with a hung disk could go on forever by its followers' disks, but it would not survive a restart as what
    /// it claims to be, and what it should apply waits for its own disk. It neither leads nor stands until that answers.
    mutating func checkDisk(at now: Instant) {
        guard isDiskStalled(at: now) else { return }
        note(.error, "stepped down: the disk does not answer", .init("term", "\(term)"))
        becomeFollower(in: term, of: nil, at: now)
    }
}
