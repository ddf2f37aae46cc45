import Kernel

extension GossipNode {
    mutating func summary(isAnswer: Bool) -> Message.Summary {
        let streams = book.newest.compactMap { record in
            record.stream.map { Message.StreamPosition(stream: $0.member, sequence: $0.sequence) }
        }
        return Message.Summary(
            head: head,
            held: book.digest(),
            streams: streams,
            departures: departures.fingerprint,
            isAnswer: isAnswer
        )
    }

    /// With each open neighbour once in a round, so that one which keeps things back delays, and hides nothing.
    mutating func compareWithNext(at now: Instant) {
        let interval = options.antiEntropyInterval.microseconds
        // Apart by chance, so that nodes which started together do not stay in step.
        antiEntropyAt = now.advanced(by: Span(microseconds: interval * 9 / 10))
            .advanced(by: draw(upTo: Span(microseconds: interval / 5)))
        giveUpOffer(at: now)
        endServings(at: now)
        considerSnapshot(at: now)
        drawEager()
        if antiEntropyTurns.isEmpty { antiEntropyTurns = shuffled(neighbourIDs) }
        while let member = antiEntropyTurns.popLast() {
            guard let place = place(of: member), neighbours[place].isOpen else { continue }
            return askForSummary(of: place, at: now)
        }
    }

    mutating func askForSummary(of place: Int, at now: Instant) {
        neighbours[place].awaited.formUnion([.summary, .held])
        send(.summary(summary(isAnswer: false)), to: [place], at: now)
    }

    mutating func receive(_ summary: Message.Summary, from place: Int, at now: Instant) {
        guard summary.streams.count <= Message.streamsLimit else {
            counters.malformed += 1
            return
        }
        guard summary.isAnswer ? isAwaited(.summary, of: place) : mayAnswer(place, at: now) else { return }
        counters.exchanges += 1
        let own = self.summary(isAnswer: true)
        if !summary.isAnswer { answer(summary, own, to: place, at: now) }
        if summary.departures != own.departures { sendAccusations(to: place, at: now) }
        sendNewer(than: summary.streams, to: place, at: now)
        compare(summary.head, of: place, at: now)
    }

    private mutating func answer(_ summary: Message.Summary, _ own: Message.Summary, to place: Int, at now: Instant) {
        neighbours[place].answeredAt = now
        send(.summary(own), to: [place], at: now)
        guard summary.held != own.held else { return }
        // One side's ids are enough for both to learn what they lack.
        neighbours[place].awaited.insert(.want)
        send(.held(book.heldIDs), to: [place], at: now)
    }

    private mutating func mayAnswer(_ place: Int, at now: Instant) -> Bool {
        let readyAt = neighbours[place].answeredAt?.advanced(by: options.comparisonPause) ?? now
        if now < readyAt { counters.overBudget += 1 }
        return now >= readyAt
    }

    /// Each answer counts once.
    private mutating func isAwaited(_ answer: Neighbour.Awaited, of place: Int) -> Bool {
        let isAwaited = neighbours[place].awaited.remove(answer) != nil
        if !isAwaited { counters.unasked += 1 }
        return isAwaited
    }

    /// What both know the other ignores. As many as fit one message, from a place that is drawn, so that the next time
    /// others have their turn.
    private mutating func sendAccusations(to place: Int, at now: Instant) {
        let claims = accusations
        let batch = Self.some(of: claims, from: draw(below: claims.count), limit: Message.claimsLimit)
        if !batch.isEmpty { send(.claims(batch), to: [place], at: now) }
    }

    private mutating func sendNewer(than positions: [Message.StreamPosition], to place: Int, at now: Instant) {
        for record in book.newest {
            guard let stream = record.stream else { continue }
            let theirs = positions.first { $0.stream == stream.member }
            if theirs.map({ $0.sequence < stream.sequence }) ?? true { send(.record(record), to: [place], at: now) }
        }
    }

    mutating func receiveHeld(_ ids: [Digest], from place: Int, at now: Instant) {
        guard ids.count <= options.heldLimit, zip(ids, ids.dropFirst()).allSatisfy({ $0 < $1 }) else {
            counters.malformed += 1
            return
        }
        guard isAwaited(.held, of: place) else { return }
        let unknown = ids.filter { book.isUnknown($0) }
        if !unknown.isEmpty { send(.want(unknown), to: [place], at: now) }
        let surplus = book.held.filter { record in
            let index = ids.partitioningIndex { $0 >= record.id }
            return index == ids.count || ids[index] != record.id
        }
        sendSome(of: surplus, to: place, at: now)
    }

    mutating func receiveWant(_ ids: [Digest], from place: Int, at now: Instant) {
        guard ids.count <= options.heldLimit else {
            counters.malformed += 1
            return
        }
        guard isAwaited(.want, of: place) else { return }
        sendSome(of: ids.compactMap { book.heldRecord($0) }, to: place, at: now)
    }

    private mutating func sendSome(of records: [Record], to place: Int, at now: Instant) {
        var byteCount = 0
        for record in Self.some(of: records, from: draw(below: records.count), limit: records.count) {
            byteCount += record.byteCount
            // The first always, or one that is longer than the bound would never be sent.
            guard byteCount <= options.exchangeByteLimit || byteCount == record.byteCount else { return }
            send(.record(record), to: [place], at: now)
        }
    }

    /// From a place on, and around.
    private static func some<Element>(of elements: [Element], from start: Int, limit: Int) -> [Element] {
        Array((elements[start...] + elements[..<start]).prefix(limit))
    }
}
