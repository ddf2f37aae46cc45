package import Kernel

/// A neighbour that is being sent a state.
struct Serving: Hashable, Sendable {
    let to: MemberID
    let beganAt: Instant
    var askedAt: Instant
    /// What the state reflects; nil until it is open.
    var index: LogIndex?
}

/// A state on its way in.
package struct Fetching: Hashable, Sendable {
    package let from: MemberID
    let beganAt: Instant
    /// Nil until its first piece is here.
    package internal(set) var index: LogIndex?
    /// Of all pieces together, by its sender's word.
    package internal(set) var expectedByteCount: UInt64 = 0
    package internal(set) var byteCount: UInt64 = 0
    /// The next piece.
    var number: UInt64 = 0
    /// Until when that is waited for; nil while the shell is at work on one.
    var deadline: Instant?
    /// When it is asked for again: a question that comes while something else is being sent finds nobody to answer it.
    var askAgainAt: Instant?
}

// Who lacks more than its neighbours have of the log is given the state. docs/decisions/0039.
extension GossipNode {
    /// Where the log is to be had from nobody, the state is wanted; where somebody says that it has the log, and what it sends comes to
    /// nothing, some time later.
    mutating func considerSnapshot(at now: Instant) {
        guard takesLog, fetching == nil else { return }
        let ahead = placesAhead(at: now)
        guard let lackingSince, ahead.contains(where: lacksNext) else {
            snapshotAt = nil
            return
        }
        let start = ahead.allSatisfy(lacksNext) ? now : max(now, lackingSince.advanced(by: options.entriesPatience))
        let delay = Span(microseconds: options.snapshotDelay.microseconds << UInt64(min(snapshotAttempts, 2)))
        let due = start.advanced(by: delayed(delay))
        snapshotAt = min(snapshotAt ?? due, due)
    }

    /// A neighbour that has not what comes next has not what comes before it either.
    func lacksNext(_ place: Int) -> Bool { neighbours[place].lacksAfter.map { $0 >= head.index } ?? false }

    mutating func askForSnapshot(at now: Instant) {
        snapshotAt = nil
        let able = placesAhead(at: now).filter(lacksNext)
        guard fetching == nil, !able.isEmpty else { return }
        let others = able.filter { neighbours[$0].id != snapshotAskedOf }
        let choice = others.isEmpty ? able : others
        let place = choice[draw(below: choice.count)]
        let neighbour = neighbours[place].id
        snapshotAskedOf = neighbour
        counters.snapshotsAsked += 1
        fetching = Fetching(from: neighbour, beganAt: now, deadline: now.advanced(by: options.snapshotPatience))
        send(.snapshotPull(at: head.index, number: 0), to: [place], at: now)
    }

    mutating func receive(_ part: SnapshotPart, from place: Int, at now: Instant) {
        guard let fetching, fetching.from == neighbours[place].id, fetching.deadline != nil,
            fetching.number == part.number, fetching.index.map({ $0 == part.index }) ?? true
        else {
            counters.unasked += 1
            return
        }
        guard (part.number == 0) == (part.opening != nil) else {
            counters.malformed += 1
            return giveUpSnapshot(isLie: true, at: now)
        }
        guard part.index > head.index else { return giveUpSnapshot(isLie: false, at: now) }
        if let opening = part.opening, !begin(opening, of: part.index, at: now) { return }
        take(part, at: now)
    }

    /// Whether it is short enough.
    private mutating func begin(_ opening: SnapshotPart.Opening, of index: LogIndex, at now: Instant) -> Bool {
        guard opening.byteCount <= snapshotByteLimit else {
            snapshotByteLimit = min(2 * snapshotByteLimit, options.snapshotMaxBytes)
            if opening.byteCount > options.snapshotMaxBytes {
                noteSnapshot(.warning, "a neighbour's state is too long to be taken", bytes: opening.byteCount)
            }
            giveUpSnapshot(isLie: false, at: now)
            return false
        }
        fetching?.index = index
        fetching?.expectedByteCount = opening.byteCount
        noteSnapshot(.info, "takes a state in place of the log", bytes: opening.byteCount)
        return true
    }

    private mutating func take(_ part: SnapshotPart, at now: Instant) {
        let byteCount = UInt64(part.bytes.count)
        counters.snapshotBytesTaken += byteCount
        fetching?.byteCount += byteCount
        fetching?.deadline = nil
        fetching?.askAgainAt = nil
        guard let fetching, fetching.byteCount <= fetching.expectedByteCount else {
            return giveUpSnapshot(isLie: true, at: now)
        }
        out.append(.takeSnapshot(part, from: fetching.from))
    }

    mutating func snapshotTaken(_ number: UInt64, at now: Instant) {
        guard let fetching, fetching.number == number, fetching.deadline == nil, let index = fetching.index else {
            return
        }
        guard let place = place(of: fetching.from), neighbours[place].isOpen else {
            return giveUpSnapshot(isLie: false, at: now)
        }
        self.fetching?.number = number + 1
        // As a whole, too, or one that sends each piece late could hold this node up for hours.
        let longest = Span.seconds(fetching.byteCount / options.snapshotBytesPerSecond)
        let end = fetching.beganAt.advanced(by: options.snapshotPatience).advanced(by: longest)
        self.fetching?.deadline = max(now, min(now.advanced(by: options.snapshotPatience), end))
        pullPiece(number + 1, at: index, from: place, at: now)
    }

    private mutating func pullPiece(_ number: UInt64, at index: LogIndex, from place: Int, at now: Instant) {
        fetching?.askAgainAt = now.advanced(by: options.snapshotAskInterval)
        send(.snapshotPull(at: index, number: number), to: [place], at: now)
    }

    /// The same piece once more, of the same neighbour, within the time that there is for it.
    mutating func pullPieceAgain(at now: Instant) {
        guard let fetching, let index = fetching.index, let place = place(of: fetching.from) else { return }
        pullPiece(fetching.number, at: index, from: place, at: now)
    }

    /// Of this one; another may be asked.
    mutating func giveUpSnapshot(isLie: Bool, at now: Instant) {
        guard let fetching else { return }
        if isLie {
            counters.snapshotsRefused += 1
            noteSnapshot(.warning, "a neighbour's state is not what voters have sealed", bytes: fetching.byteCount)
            if let place = place(of: fetching.from) { neighbours[place].distrust(options, at: now) }
        }
        if !isLie { snapshotAttempts += 1 }
        self.fetching = nil
        considerSnapshot(at: now)
    }

    /// The log has gone past it, by it or otherwise.
    mutating func endSnapshot() {
        if let fetching, fetching.index == head.index { counters.snapshotsTaken += 1 }
        fetching = nil
    }

    mutating func receiveSnapshotUnavailable(from place: Int, at now: Instant) {
        guard let fetching, fetching.from == neighbours[place].id, fetching.deadline != nil else {
            counters.unasked += 1
            return
        }
        giveUpSnapshot(isLie: false, at: now)
    }

    private mutating func noteSnapshot(_ level: Note.Level, _ message: String, bytes: UInt64) {
        guard let fetching else { return }
        let index = fetching.index.map { "\($0)" } ?? "unknown"
        out.append(
            .note(
                Note(
                    level,
                    message,
                    .init("neighbour", "\(fetching.from)"),
                    .init("at", index),
                    .init("bytes", "\(bytes)")
                )
            )
        )
    }
}

// What others are sent.
extension GossipNode {
    mutating func receiveSnapshotPull(at index: LogIndex, number: UInt64, from place: Int, at now: Instant) {
        // One answer at a time, as of the log.
        guard neighbours[place].bulk.isEmpty, !neighbours[place].isReading else { return }
        let isServed = number == 0 ? beginServing(place, past: index, at: now) : goOnServing(place, at: index, at: now)
        guard isServed else { return send(.snapshotUnavailable(at: index), to: [place], at: now) }
        neighbours[place].isReading = true
        out.append(.readSnapshot(for: neighbours[place].id, at: index, number: number))
    }

    private mutating func beginServing(_ place: Int, past index: LogIndex, at now: Instant) -> Bool {
        let neighbour = neighbours[place].id
        endServings(at: now)
        endServing(of: neighbour)
        let isDue = neighbours[place].servedAt.map { now.elapsed(since: $0) >= options.servingPause } ?? true
        guard index < head.index, isDue, servings.count < options.servedLimit else { return false }
        neighbours[place].servedAt = now
        servings.append(Serving(to: neighbour, beganAt: now, askedAt: now))
        counters.snapshotsServed += 1
        return true
    }

    private mutating func goOnServing(_ place: Int, at index: LogIndex, at now: Instant) -> Bool {
        endServings(at: now)
        guard let serving = servings.firstIndex(where: { $0.to == neighbours[place].id && $0.index == index }) else {
            return false
        }
        servings[serving].askedAt = now
        return true
    }

    mutating func snapshotRead(for neighbour: MemberID, _ part: SnapshotPart?, at now: Instant) {
        guard let place = place(of: neighbour), neighbours[place].isReading else { return }
        neighbours[place].isReading = false
        guard let serving = servings.firstIndex(where: { $0.to == neighbour }) else { return }
        guard let part else {
            endServing(of: neighbour)
            return send(.snapshotUnavailable(at: head.index), to: [place], at: now)
        }
        servings[serving].index = part.index
        if part.number == 0 { neighbours[place].servedAt = now }
        counters.snapshotBytesSent += UInt64(part.bytes.count)
        send(.snapshotPart(part), to: [place], at: now)
        if part.isLast { endServing(of: neighbour) }
    }

    /// Of those that ask no more, or have asked for long enough.
    mutating func endServings(at now: Instant) {
        for serving in servings
        where now.elapsed(since: serving.askedAt) >= options.snapshotPatience
            || now.elapsed(since: serving.beganAt) >= options.snapshotLife
        { endServing(of: serving.to) }
    }

    mutating func endServing(of neighbour: MemberID) {
        guard let serving = servings.firstIndex(where: { $0.to == neighbour }) else { return }
        servings.remove(at: serving)
        out.append(.closeSnapshot(for: neighbour))
    }
}
