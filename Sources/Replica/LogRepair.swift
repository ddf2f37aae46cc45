import Consensus
import Kernel

/// What of this node's log is damaged or lost, and how the node gets it back.
///
/// A run of damaged entries is mended from its last entry down: the hash of that one is known, and each entry names the
/// hash of the one before it. So whoever sends the entries need not be trusted. What was cut off the end comes back by
/// replication; `LostTail` says when it is there.
struct LogRepair: Sendable {
    /// Sorted, apart from each other.
    private(set) var runs: [LogDamage] = []
    private(set) var lost: LostTail?
    private(set) var repairedCount: UInt64 = 0
    private var work = Work.idle
    /// Who did not have the entries that are asked for.
    private var unable: Set<MemberID> = []
    private var lastAsked: MemberID?

    private enum Work: Hashable, Sendable {
        case idle
        case asked(MemberID, Request, at: Instant)
        /// The store has been given entries.
        case writing
    }

    /// Entries that a peer is asked for: those up to `last`, none below `first`.
    struct Request: Hashable, Sendable {
        let first: LogIndex
        let last: LogIndex
    }

    /// Entries to be put in the place of damaged ones; the last hashes to `hash`.
    struct Patch: Hashable, Sendable {
        let entries: [Entry]
        let hash: Digest
    }

    /// Entries of one request and one write.
    static let maxEntries: UInt64 = 64
    /// A log with more runs than this needs a new disk rather than repair: the rest is found by a later scrub.
    static let maxRuns = 256

    init(lost: LostTail?, damage: [LogDamage]) {
        self.lost = lost
        found(damage)
    }

    var isWhole: Bool { runs.isEmpty && lost == nil }
    var isWriting: Bool { work == .writing }
    var damagedCount: UInt64 { runs.reduce(0) { $0 + $1.last.number - $1.first.number + 1 } }
    /// What is repaired next.
    var run: LogDamage? { runs.last }

    /// Takes up what a scrub, a read or the start has found.
    ///
    /// - Returns: Whether any of it is news.
    @discardableResult
    mutating func found(_ damage: [LogDamage]) -> Bool {
        let before = runs
        for run in damage where runs.count < Self.maxRuns || runs.contains(where: { $0.touches(run) }) { add(run) }
        if runs.last != before.last { askAnew() }
        return runs != before
    }

    private mutating func add(_ new: LogDamage) {
        let joined = runs.filter { $0.touches(new) }.reduce(new) { $0.joined(with: $1) }
        runs.removeAll { $0.touches(new) }
        let place = runs.firstIndex { $0.first > joined.last } ?? runs.endIndex
        runs.insert(joined, at: place)
    }

    /// What the last entry of the next run must hash to, from who knows better than the damaged log.
    mutating func learn(_ hash: Digest) {
        guard let run else { return }
        keep(runs.dropLast() + [LogDamage(first: run.first, last: run.last, hash: hash)])
    }

    /// Whom to ask for what, if it is time. One question at a time, to each peer in turn.
    mutating func ask(_ peers: [MemberID], at now: Instant, interval: Span) -> (peer: MemberID, Request)? {
        guard let run, run.hash != nil, !isWriting else { return nil }
        if case .asked(_, _, let time) = work, now.elapsed(since: time) < interval { return nil }
        let able = peers.filter { !unable.contains($0) }
        let next = lastAsked.flatMap { last in able.first { $0 > last } }
        guard let peer = next ?? able.first else {
            // Who was asked last is no member any more, and will not answer.
            work = .idle
            return nil
        }
        let span = min(run.last.number - run.first.number, Self.maxEntries - 1)
        let request = Request(first: LogIndex(run.last.number - span), last: run.last)
        lastAsked = peer
        work = .asked(peer, request, at: now)
        return (peer, request)
    }

    /// Whether every peer said that it does not have what is asked for.
    func isGivenUp(by peers: [MemberID]) -> Bool {
        run != nil && !isWriting && peers.allSatisfy { unable.contains($0) }
    }

    /// When the question is to be asked again.
    func retryAt(interval: Span) -> Instant? {
        guard run != nil, case .asked(_, _, let time) = work else { return nil }
        return time.advanced(by: interval)
    }

    /// A peer's answer to the question under way. Whatever else comes is ignored.
    ///
    /// - Returns: What to write; nil when it is not what was lost.
    mutating func received(_ entries: [Entry], for request: Request, from peer: MemberID) -> Patch? {
        guard case .asked(peer, request, _) = work else { return nil }
        work = .idle
        guard let patch = patch(entries) else {
            unable.insert(peer)
            return nil
        }
        work = .writing
        return patch
    }

    /// Entries that this node still has in memory.
    mutating func recalled(_ entries: [Entry]) -> Patch? {
        guard !isWriting, let patch = patch(entries) else { return nil }
        work = .writing
        return patch
    }

    /// Nil unless the entries end the next run and chain back from its hash.
    private func patch(_ entries: [Entry]) -> Patch? {
        guard let run, let hash = run.hash, entries.last?.index == run.last, entries.count <= Self.maxEntries else {
            return nil
        }
        var expected = (index: run.last, hash: hash)
        for entry in entries.reversed() {
            guard entry.index >= run.first, entry.index == expected.index, entry.hash == expected.hash else {
                return nil
            }
            expected = (entry.index.previous, entry.previousHash)
        }
        return Patch(entries: entries, hash: hash)
    }

    /// The store has answered. It may have refused the entries, since the log is another by now: a later scrub will say
    /// what is still damaged.
    mutating func written(_ entries: [Entry], isDone: Bool) {
        guard isWriting, let first = entries.first, let last = entries.last else { return }
        work = .idle
        unable = []
        runs = runs.flatMap { run -> [LogDamage] in
            guard run.first <= last.index, run.last >= first.index else { return [run] }
            let below = LogDamage(first: run.first, last: first.index.previous, hash: first.previousHash)
            let above = LogDamage(first: last.index.next, last: run.last, hash: run.hash)
            return (run.first < first.index && isDone ? [below] : []) + (run.last > last.index ? [above] : [])
        }
        if isDone { repairedCount += UInt64(entries.count) }
    }

    /// The log begins later now: what was damaged before is gone.
    mutating func compacted(to firstIndex: LogIndex) {
        keep(runs.filter { $0.last >= firstIndex }.map { $0.first >= firstIndex ? $0 : $0.beginning(at: firstIndex) })
    }

    /// The log ends earlier now: what was damaged after that is gone.
    mutating func truncated(after last: LogIndex) {
        keep(
            runs.filter { $0.first <= last }.map { run in
                run.last <= last ? run : LogDamage(first: run.first, last: last, hash: nil)
            }
        )
    }

    private mutating func keep(_ rest: [LogDamage]) {
        guard rest != runs else { return }
        runs = rest
        askAnew()
    }

    /// What was asked, and who could not answer, is of no interest any more.
    private mutating func askAnew() {
        if !isWriting { work = .idle }
        unable = []
    }

    /// - Returns: What is made good now, if so.
    mutating func makeGood(durable: LogPosition) -> LostTail? {
        guard let lost, lost.isMadeGood(by: durable) else { return nil }
        self.lost = nil
        return lost
    }
}

extension LogDamage {
    fileprivate func touches(_ other: LogDamage) -> Bool { first <= other.last.next && other.first <= last.next }

    fileprivate func beginning(at index: LogIndex) -> LogDamage { LogDamage(first: index, last: last, hash: hash) }

    /// Of the hashes, that of the farther end; of two at one end, the one that is known.
    fileprivate func joined(with other: LogDamage) -> LogDamage {
        let farther = last == other.last ? hash ?? other.hash : last > other.last ? hash : other.hash
        return LogDamage(first: min(first, other.first), last: max(last, other.last), hash: farther)
    }
}
