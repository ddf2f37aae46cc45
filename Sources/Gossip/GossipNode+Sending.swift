import Kernel

extension GossipNode {
    /// At once as far as budgets allow; else in the order of the lanes once they do. What does not fit into a queue is dropped: anti-entropy
    /// makes up for it.
    mutating func send(_ message: Message, to places: [Int], at now: Instant) {
        var receivers: [MemberID] = []
        receivers.reserveCapacity(places.count)
        let byteCount = message.byteCount
        for place in places where neighbours[place].isOpen {
            if mayPassNow(message, to: place), neighbours[place].outgoing.take(byteCount, of: options.outgoing, at: now)
            {
                receivers.append(neighbours[place].id)
            } else {
                queue(message, for: place)
            }
        }
        if !receivers.isEmpty { out.append(.send(message, to: receivers)) }
    }

    /// Whether nothing that waits comes first.
    private func mayPassNow(_ message: Message, to place: Int) -> Bool {
        neighbours[place].urgent.isEmpty && (message.lane == .urgent || neighbours[place].bulk.isEmpty)
    }

    private mutating func queue(_ message: Message, for place: Int) {
        guard message.byteCount <= options.outgoing.burst else {
            // It would wait for ever, and all that is behind it.
            counters.notSent += 1
            return
        }
        let wasQueued = neighbours[place].isQueued
        let fitted =
            switch message.lane {
            case .urgent: neighbours[place].urgent.append(message, limit: options.queueByteLimit)
            case .bulk: neighbours[place].bulk.append(message, limit: options.queueByteLimit)
            }
        if !fitted { counters.notSent += 1 }
        if !wasQueued, neighbours[place].isQueued { queuedCount += 1 }
    }

    mutating func sendQueued(at now: Instant) {
        guard queuedCount > 0 else { return }
        for place in neighbours.indices where neighbours[place].isQueued {
            while let first = neighbours[place].urgent.first,
                neighbours[place].outgoing.take(first.byteCount, of: options.outgoing, at: now)
            {
                neighbours[place].urgent.popFirst()
                out.append(.send(first, to: [neighbours[place].id]))
            }
            while neighbours[place].urgent.isEmpty, let first = neighbours[place].bulk.first,
                neighbours[place].outgoing.take(first.byteCount, of: options.outgoing, at: now)
            {
                neighbours[place].bulk.popFirst()
                out.append(.send(first, to: [neighbours[place].id]))
            }
            if !neighbours[place].isQueued { queuedCount -= 1 }
        }
    }

    /// When the next of what is queued can be paid for.
    var nextSending: Instant? {
        var next: Instant?
        for neighbour in neighbours where neighbour.isQueued {
            guard let first = neighbour.urgent.first ?? neighbour.bulk.first else { continue }
            next = Instant.earliest(next, neighbour.outgoing.ready(for: first.byteCount, of: options.outgoing))
        }
        return next
    }
}
