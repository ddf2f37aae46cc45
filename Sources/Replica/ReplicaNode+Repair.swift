import Consensus
import Gossip
package import Kernel

/// How a node with a damaged log comes to have a whole one. Until then it does not lead, and while stored entries are
/// damaged it does not vote either.
extension ReplicaNode {
    mutating func damaged(_ damage: [LogDamage], into effects: inout [Effect]) {
        // Between the read and this, the log may have been compacted.
        let current = damage.filter { $0.last >= firstIndex }
        guard repair.found(current), let first = current.first?.first, let last = current.last?.last else { return }
        effects.append(
            .note(
                Note(
                    .error,
                    "the log is damaged: this node neither votes nor leads until its peers have repaired it",
                    .init("first", "\(first)"),
                    .init("last", "\(last)"),
                    .init("entries", "\(repair.damagedCount)")
                )
            )
        )
    }

    /// The next thing to do for the log, if it is not whole.
    mutating func mend(at now: Moment, into effects: inout [Effect]) {
        if let lost = repair.makeGood(durable: raft.durablePosition) {
            effects.append(.forgetLostTail)
            noteRepair("the end of the log that was cut has been replaced", lost.first, lost.last.index, into: &effects)
        }
        repair.truncated(after: raft.lastPosition.index)
        guard let run = repair.run, !repair.isWriting else { return }
        if let hash = raft.hash(at: run.last) ?? hashOfApplied(at: run.last), hash != run.hash { repair.learn(hash) }
        let first = LogIndex(max(run.first.number, run.last.number - min(run.last.number, LogRepair.maxEntries - 1)))
        if let patch = repair.recalled(raft.recentEntries(from: first, endingAt: run.last)) {
            return put(patch, into: &effects)
        }
        guard let peers = repairPeers else { return }
        if let (peer, request) = repair.ask(peers, at: now.monotonic, interval: options.resendInterval) {
            let body = PeerMessage.Body.entriesWanted(first: request.first, last: request.last)
            effects.append(.send(PeerMessage(stamp: now.wall, body: body), to: peer, after: nil))
        } else if repair.isGivenUp(by: peers) {
            doWithout(run, into: &effects)
        }
    }

    /// Those with whom this node has links in both directions: of an edge, its neighbours. Nil while it knows none.
    private var repairPeers: [MemberID]? {
        edge == nil ? applied.configuration.members.filter { $0 != member } : gossip?.neighbourIDs
    }

    private func hashOfApplied(at index: LogIndex) -> Digest? {
        index == applied.position.index ? applied.hash : nil
    }

    /// Nobody has the entries any more, but this node's state has their effect: the log goes on after them.
    private mutating func doWithout(_ run: LogDamage, into effects: inout [Effect]) {
        guard run.last <= applied.position.index, !isCompacting else { return }
        isCompacting = true
        noteRepair(
            "no other node has the damaged entries: the log is shortened past them",
            run.first,
            run.last,
            into: &effects
        )
        // The entry after the run is whole, so that the log can begin after that.
        effects.append(.compact(before: run.last.next.next))
    }

    private mutating func put(_ patch: LogRepair.Patch, into effects: inout [Effect]) {
        repairing = patch.entries
        effects.append(.repairLog(patch.entries, hash: patch.hash))
    }

    mutating func repaired(_ isDone: Bool, into effects: inout [Effect]) {
        guard let first = repairing.first, let last = repairing.last else { return }
        repair.written(repairing, isDone: isDone)
        repairing = []
        if isDone { noteRepair("damaged entries repaired", first.index, last.index, into: &effects) }
        if repair.isWhole { effects.append(.note(Note(.info, "the log is whole again"))) }
    }

    private func noteRepair(
        _ message: String,
        _ first: LogIndex,
        _ last: LogIndex,
        into effects: inout [Effect]
    ) {
        effects.append(.note(Note(.warning, message, .init("first", "\(first)"), .init("last", "\(last)"))))
    }

    mutating func receiveRepair(
        _ entries: [Entry],
        _ first: LogIndex,
        _ last: LogIndex,
        from sender: MemberID,
        into effects: inout [Effect]
    ) {
        let request = LogRepair.Request(first: first, last: last)
        if let patch = repair.received(entries, for: request, from: sender) { put(patch, into: &effects) }
    }

    /// Any node may answer, whatever its role, and its own log may be damaged elsewhere. One read at a time for a member, and for an
    /// edge, which may ask for no good reason, one a second.
    mutating func readForRepair(
        of peer: MemberID,
        _ first: LogIndex,
        _ last: LogIndex,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        guard first <= last, !repairReaders.contains(peer) else { return }
        if facts.isEdge(peer) {
            guard repairPace.isDue(peer, at: now.monotonic) else { return }
            repairPace.answered(peer, at: now.monotonic)
        }
        repairReaders.append(peer)
        let lowest = LogIndex(last.number - min(last.number - first.number, LogRepair.maxEntries - 1))
        effects.append(.readForRepair(for: peer, first: lowest, last: last, maxBytes: options.raft.maxAppendBytes))
    }

    mutating func answerRepair(
        of peer: MemberID,
        _ first: LogIndex,
        _ last: LogIndex,
        _ entries: [Entry],
        at now: Moment,
        into effects: inout [Effect]
    ) {
        guard let place = repairReaders.firstIndex(of: peer) else { return }
        repairReaders.remove(at: place)
        let body = PeerMessage.Body.entriesFound(first: first, last: last, entries: entries)
        effects.append(.send(PeerMessage(stamp: now.wall, body: body), to: peer, after: nil))
    }
}

/// How a node's log is, for display.
package struct LogHealth: Hashable, Sendable {
    /// Entries that are known to be damaged and not repaired yet.
    package let damagedEntries: UInt64
    /// Since the start.
    package let repairedEntries: UInt64
    /// What was cut off the end and has not come back yet.
    package let lostFrom: LogIndex?
    package let lostThrough: LogIndex?

    init(_ repair: LogRepair) {
        damagedEntries = repair.damagedCount
        repairedEntries = repair.repairedCount
        lostFrom = repair.lost?.first
        lostThrough = repair.lost?.last.index
    }

    package var isWhole: Bool { damagedEntries == 0 && lostThrough == nil }
}
