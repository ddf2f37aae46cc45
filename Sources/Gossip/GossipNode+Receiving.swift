import Kernel

extension GossipNode {
    mutating func receive(_ message: Message, from sender: MemberID, at now: Instant) {
        guard let place = admit(message.byteCount, from: sender, at: now) else { return }
        switch message {
        case .record(let record): receive(record, from: place, at: now)
        case .probe(let probe): receive(probe, from: place, at: now)
        case .probeAnswer(let probe): receiveAnswer(probe, from: place, at: now)
        case .probePassedOn(let sequence): probePassedOn(sequence, by: sender)
        case .claims(let claims): receive(claims, from: place, at: now)
        case .summary(let summary): receive(summary, from: place, at: now)
        case .held(let ids): receiveHeld(ids, from: place, at: now)
        case .want(let ids): receiveWant(ids, from: place, at: now)
        case .announcement(let head): receive(head, from: place, at: now)
        case .entries(let records): receive(records, from: place, at: now)
        case .pull(let index): receivePull(after: index, from: place, at: now)
        case .unavailable(let index): receiveUnavailable(after: index, from: place, at: now)
        case .snapshotPull(let index, let number): receiveSnapshotPull(at: index, number: number, from: place, at: now)
        case .snapshotPart(let part): receive(part, from: place, at: now)
        case .snapshotUnavailable: receiveSnapshotUnavailable(from: place, at: now)
        }
    }

    mutating func unreadable(_ byteCount: Int, from sender: MemberID, at now: Instant) {
        if admit(byteCount, from: sender, at: now) != nil { counters.unreadable += 1 }
    }

    /// Nil for what is not looked at: of strangers, and above what is taken from a neighbour.
    private mutating func admit(_ byteCount: Int, from sender: MemberID, at now: Instant) -> Int? {
        guard let place = place(of: sender), neighbours[place].isOpen else {
            counters.fromStrangers += 1
            return nil
        }
        guard neighbours[place].incoming.take(max(0, byteCount), of: options.incoming, at: now) else {
            counters.overBudget += 1
            return nil
        }
        return place
    }
}
