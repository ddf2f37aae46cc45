import Kernel

/// That others have more of the log than this node.
struct Pulling: Hashable, Sendable {
    var target: LogIndex
    var askAt: Instant
    var attempts = 0
    var asked: MemberID?
}

/// Entries that the shell proves.
struct Offer: Hashable, Sendable {
    let through: LogIndex
    var byteCount: Int
    /// Of the last of them.
    let since: Instant

    mutating func proved(_ records: [LogRecord]) {
        byteCount = max(0, records.reduce(byteCount) { $0 - $1.byteCount })
    }
}

extension GossipNode {
    mutating func logAdvanced(to head: LogHead, _ records: [LogRecord], at now: Instant) {
        invariant(records.last.map { $0.index == head.index } ?? true, "entries do not end at the head \(head.index)")
        guard head.index > self.head.index else { return }
        self.head = head
        isLackNoted = false
        // They were asked for what follows on all that was offered: what they said then may hold of this head too, and nobody asks anew.
        lackingSince = neighbours.indices.contains(where: lacksNext) ? now : nil
        snapshotAt = nil
        snapshotAttempts = 0
        counters.entriesTaken += UInt64(records.count)
        window.append(records)
        if let offer, offer.through <= head.index { self.offer = nil }
        offer?.proved(records)
        if bulkAt == nil { bulkAt = now.advanced(by: options.bulkDelay) }
        pullOn(at: now)
        if let index = fetching?.index, index <= head.index { endSnapshot() }
    }

    /// What was asked for came: the rest at once.
    mutating func pullOn(at now: Instant) {
        guard let pulling else { return }
        self.pulling = pulling.target > expectedIndex ? Pulling(target: pulling.target, askAt: now) : nil
    }

    mutating func drawEager() {
        eager = Array(openPlaces.map { neighbours[$0].id }.shuffled(using: &random).prefix(options.eagerCount)).sorted()
    }

    /// The entries since the last time to a few, and to the rest that there are some.
    mutating func spreadLog(at now: Instant) {
        bulkAt = nil
        if eager.isEmpty { drawEager() }
        let behind = openPlaces.filter { neighbours[$0].head < head.index }
        let few = behind.filter { eager.contains(neighbours[$0].id) }
        let rest = behind.filter { !eager.contains(neighbours[$0].id) }
        var from = spreadThrough
        while from < head.index, let records = window.records(after: from, byteLimit: options.entriesByteLimit) {
            send(.entries(records), to: few, at: now)
            from = records.last?.index ?? head.index
        }
        // Where the log came as a snapshot there is nothing to send, and those few hear of it like the rest.
        send(.announcement(head), to: from == head.index ? rest : behind, at: now)
        spreadThrough = head.index
    }

    mutating func receive(_ announced: LogHead, from place: Int, at now: Instant) {
        neighbours[place].head = announced.index
        // It may be on its way from somebody else.
        if announced.index > expectedIndex {
            wantLog(through: announced.index, after: delayed(options.pullDelay), at: now)
        }
    }

    /// A head that came with a comparison: whoever is behind then is not about to be sent it.
    mutating func compare(_ theirs: LogHead, of place: Int, at now: Instant) {
        neighbours[place].head = theirs.index
        if theirs.index > expectedIndex {
            wantLog(through: theirs.index, after: .zero, at: now)
        } else if theirs.index == head.index, theirs.hash != head.hash {
            counters.forks += 1
            noteFork(of: place)
        }
    }

    private mutating func noteFork(of place: Int) {
        guard !neighbours[place].isForkNoted else { return }
        neighbours[place].isForkNoted = true
        let neighbour = Note.Field("neighbour", "\(neighbours[place].id)")
        out.append(.note(Note(.error, "a neighbour has another log", neighbour, .init("index", "\(head.index)"))))
    }

    /// Up to where entries are here or with the shell.
    var expectedIndex: LogIndex { max(head.index, offer?.through ?? .zero) }

    mutating func delayed(_ span: Span) -> Span {
        Span(microseconds: span.microseconds + draw(upTo: span).microseconds)
    }

    private mutating func wantLog(through target: LogIndex, after delay: Span, at now: Instant) {
        guard takesLog else { return }
        let askAt = now.advanced(by: delay)
        guard let pulling else {
            self.pulling = Pulling(target: target, askAt: askAt)
            return
        }
        self.pulling?.target = max(pulling.target, target)
        // Not sooner than what was asked for may take to come.
        if pulling.attempts == 0 { self.pulling?.askAt = min(pulling.askAt, askAt) }
    }

    /// Those that are listened to and say that they have more.
    func placesAhead(at now: Instant) -> [Int] {
        openPlaces.filter { neighbours[$0].head > expectedIndex && now >= neighbours[$0].distrustedUntil }
    }

    mutating func pullAgain(at now: Instant) {
        guard let pulling else { return }
        guard pulling.target > expectedIndex, pulling.attempts < options.pullAttempts else {
            self.pulling = nil
            return
        }
        let ahead = placesAhead(at: now).filter { !lacksNext($0) }
        let others = ahead.filter { neighbours[$0].id != pulling.asked }
        let choice = others.isEmpty ? ahead : others
        guard !choice.isEmpty else {
            self.pulling = nil
            return
        }
        let place = choice[draw(below: choice.count)]
        let attempts = pulling.attempts + 1
        let pause = delayed(Span(microseconds: options.pullDelay.microseconds << UInt64(min(attempts, 16))))
        self.pulling?.attempts = attempts
        self.pulling?.askAt = now.advanced(by: pause)
        self.pulling?.asked = neighbours[place].id
        counters.pulls += 1
        send(.pull(after: expectedIndex), to: [place], at: now)
    }
}
