package import Kernel

extension GossipNode {
    /// Everything that can happen to a node.
    package enum Input: Hashable, Sendable {
        /// Time has passed: sent at or after `nextWake`.
        case wake
        /// The link vouches for the sender.
        case receive(Message, from: MemberID)
        /// A frame that does not decode, or is of a kind that this version does not know.
        case unreadable(byteCount: Int, from: MemberID)
        case linkOpened(MemberID)
        case linkClosed(MemberID)
        /// The list of nodes changed. `streams`: of records that supersede each other, as seals do; no more than
        /// `Message.streamsLimit` count.
        case overlay(Overlay, streams: [MemberID])
        /// A record that the shell has judged already, as one that was made here.
        case publish(Record)
        /// Answers `.judge`.
        case judged(Digest, Verdict)
        /// The log has judged these, so they need not be kept.
        case settled([Digest])
        /// The shell has the log up to `head`, proved by a seal. `records`: the newest of it, consecutive up to the head; empty
        /// where the log came as a snapshot.
        case logAdvanced(LogHead, records: [LogRecord])
        /// What this neighbour offered contradicts a seal, or is no entry.
        case logRefused(from: MemberID)
        /// What was offered last does not follow on what others offered, and nobody knows which is right.
        case logDoubted
        /// Answers `.readLog`. Empty where the log no longer has the range.
        case logRead(for: MemberID, after: LogIndex, [LogRecord])
        /// Answers `.readSnapshot`. Nil where there is none, or it is not to be had now.
        case snapshotRead(for: MemberID, SnapshotPart?)
        /// Answers `.takeSnapshot` for a piece that is not the last: the next is wanted. After the last one follows `.logAdvanced`, once
        /// the whole is in the place of the log.
        case snapshotTaken(number: UInt64)
        /// Answers `.takeSnapshot`, at any time until then: nothing comes of this state. `isLie`: what its neighbour sent is no state that
        /// a seal proves.
        case snapshotGivenUp(isLie: Bool)
    }

    /// Everything that a node asks of its shell. Carried out in list order.
    package enum Effect: Hashable, Sendable {
        /// Links are wanted to these, and to no others. In order of their ids.
        case connect([MemberID])
        /// The same to each.
        case send(Message, to: [MemberID])
        /// Does it count? Answered by `.judged`; only then is it passed on, so that nothing travels that a node in good
        /// order would not take. Whoever judges also makes it durable and enforces it.
        case judge(Record, from: MemberID)
        /// Entries that follow on the head, or on what was offered before; from their first index on they take the place of what
        /// was. Answered by `.logAdvanced`, once a seal proves them, or by `.logRefused`.
        case offerLog([LogRecord], from: MemberID)
        /// A neighbour is behind what is in memory. Answered by `.logRead`.
        case readLog(for: MemberID, after: LogIndex, maxBytes: Int)
        /// A neighbour lacks more than its neighbours have of the log. `number` 0 opens a state past `index`, others go on with it.
        /// Answered by `.snapshotRead`.
        case readSnapshot(for: MemberID, at: LogIndex, number: UInt64)
        /// The neighbour needs that state no more.
        case closeSnapshot(for: MemberID)
        /// Piece 0 begins anew. Answered by `.snapshotTaken` or `.snapshotGivenUp`.
        case takeSnapshot(SnapshotPart, from: MemberID)
        /// What this node thinks of another changed.
        case reachabilityChanged(MemberID, Reachability)
        case note(Note)
    }

    package enum Verdict: Hashable, Sendable {
        /// Kept and passed on. Also for what this node cannot judge yet and another may.
        case counts
        /// Garbage, or a forgery: neither kept nor passed on.
        case refused
        /// Neither kept nor passed on, and no fault of whoever sent it: the log has judged it, or this node cannot yet.
        case passedOver
    }

    package enum Reachability: Hashable, Sendable {
        case reachable
        case suspected
        /// It did not refute a suspicion in time.
        case unreachable
    }
}
