import Kernel

extension GossipNode {
    mutating func receive(_ records: [LogRecord], from place: Int, at now: Instant) {
        guard let first = records.first, let last = records.last, Self.isConsecutive(records) else {
            counters.malformed += 1
            return
        }
        guard now >= neighbours[place].distrustedUntil else {
            counters.entriesRefused += UInt64(records.count)
            return
        }
        neighbours[place].head = max(neighbours[place].head, last.index)
        guard takesLog else { return }
        let known = expectedIndex
        guard last.index > known else {
            counters.entriesRepeated += UInt64(records.count)
            return
        }
        guard first.index <= known.next else {
            // What lies between was sent while this node was not among the few.
            return receive(LogHead(index: last.index, hash: .zero, epoch: 0), from: place, at: now)
        }
        let news = records.filter { $0.index > known }
        counters.entriesRepeated += UInt64(records.count - news.count)
        take(news, through: last.index, from: place, at: now)
    }

    private mutating func take(_ news: [LogRecord], through last: LogIndex, from place: Int, at now: Instant) {
        let byteCount = news.reduce(offer?.byteCount ?? 0) { $0 + $1.byteCount }
        guard byteCount <= options.offerByteLimit else {
            counters.entriesUnkept += UInt64(news.count)
            return
        }
        offer = Offer(through: last, byteCount: byteCount, since: now)
        out.append(.offerLog(news, from: neighbours[place].id))
        pullOn(at: now)
    }

    private static func isConsecutive(_ records: [LogRecord]) -> Bool {
        guard let first = records.first, first.index > .zero, first.index.number < .max - UInt64(records.count) else {
            return false
        }
        return zip(records, records.dropFirst()).allSatisfy { $0.index.next == $1.index }
    }

    /// What was offered is not the log's, so others are asked for the same.
    mutating func logRefused(from neighbour: MemberID, at now: Instant) {
        counters.entriesRefused += 1
        offer = nil
        if let place = place(of: neighbour) {
            neighbours[place].head = .zero
            neighbours[place].distrust(options, at: now)
        }
        askOthers(at: now)
    }

    /// All that was offered may be wrong from here on: it is asked for again, and nobody is blamed.
    mutating func logDoubted(at now: Instant) {
        counters.entriesDoubted += 1
        offer = nil
        askOthers(at: now)
    }

    /// Nobody could prove it: whatever comes next is taken again.
    mutating func giveUpOffer(at now: Instant) {
        guard let offer, now.elapsed(since: offer.since) >= options.offerPatience else { return }
        self.offer = nil
    }

    private mutating func askOthers(at now: Instant) {
        let highest = openPlaces.map { neighbours[$0].head }.max() ?? .zero
        guard highest > head.index else {
            pulling = nil
            return
        }
        pulling = Pulling(target: highest, askAt: now, attempts: pulling?.attempts ?? 0, asked: pulling?.asked)
        pullAgain(at: now)
    }

    mutating func receivePull(after index: LogIndex, from place: Int, at now: Instant) {
        neighbours[place].head = index
        // One answer at a time, or askings would cost more to answer than to send.
        guard index < head.index, neighbours[place].bulk.isEmpty else { return }
        if let records = window.records(after: index, byteLimit: options.entriesByteLimit) {
            send(.entries(records), to: [place], at: now)
        } else if !neighbours[place].isReading {
            neighbours[place].isReading = true
            out.append(.readLog(for: neighbours[place].id, after: index, maxBytes: options.entriesByteLimit))
        }
    }

    mutating func logRead(for neighbour: MemberID, after index: LogIndex, _ records: [LogRecord], at now: Instant) {
        guard let place = place(of: neighbour), neighbours[place].isReading else { return }
        neighbours[place].isReading = false
        send(records.isEmpty ? .unavailable(after: index) : .entries(records), to: [place], at: now)
    }

    mutating func receiveUnavailable(after index: LogIndex, from place: Int, at now: Instant) {
        counters.entriesUnavailable += 1
        neighbours[place].lacksAfter = index
        lackingSince = lackingSince ?? now
        defer { considerSnapshot(at: now) }
        if !isLackNoted {
            isLackNoted = true
            let neighbour = Note.Field("neighbour", "\(neighbours[place].id)")
            let message = "a neighbour does not keep the entries any more that follow here"
            out.append(.note(Note(.warning, message, neighbour, .init("after", "\(index)"))))
        }
        if let pulling, pulling.asked == neighbours[place].id { askOthers(at: now) }
    }
}
