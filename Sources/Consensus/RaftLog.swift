import DequeModule
import Kernel

/// The part of the log that is kept in memory: everything not yet applied, and a bounded tail of what was.
struct RaftLog: Sendable {
    /// What precedes the first entry in memory.
    private(set) var base: SnapshotPoint
    private(set) var entries: Deque<Entry>
    /// Hash of the last entry, or of the base.
    private(set) var lastHash: Digest
    /// Everything up to here is durable on this member.
    private(set) var durableIndex: LogIndex
    /// The first entry that the store has.
    var storeFirstIndex: LogIndex
    private var byteCount = 0

    init(_ restored: RestoredLog) {
        base = restored.base
        entries = Deque(restored.entries)
        lastHash = restored.entries.last?.hash ?? restored.base.hash
        durableIndex = restored.entries.last?.index ?? restored.base.position.index
        storeFirstIndex = restored.firstIndex
        byteCount = restored.entries.reduce(0) { $0 + $1.byteCount }
        invariant(
            restored.entries.first.map { $0.index == base.position.index.next } ?? true,
            "the restored log has a gap after \(base.position)"
        )
    }

    var last: LogPosition { entries.last?.position ?? base.position }
    var lastTime: WallTime { entries.last?.time ?? base.time }

    /// Nil when the entry is not in memory and not the base.
    func term(at index: LogIndex) -> Term? {
        if index == base.position.index { return base.position.term }
        return entry(at: index)?.term
    }

    func entry(at index: LogIndex) -> Entry? {
        guard index > base.position.index, index <= last.index else { return nil }
        return entries[offset(of: index)]
    }

    func hash(at index: LogIndex) -> Digest? {
        if index == last.index { return lastHash }
        if index == base.position.index { return base.hash }
        return entry(at: index)?.hash
    }

    /// Entries from `index` on that fit, at least one if there is any.
    func entries(from index: LogIndex, through end: LogIndex, maxBytes: Int) -> [Entry] {
        guard index > base.position.index, index <= end, end <= last.index else { return [] }
        var found: [Entry] = []
        var bytes = 0
        for entry in entries[offset(of: index)...offset(of: end)] {
            bytes += entry.byteCount
            guard found.isEmpty || bytes <= maxBytes else { break }
            found.append(entry)
        }
        return found
    }

    /// The highest position at or below `index` whose term is at most `term`, as far as memory tells: below it, what one
    /// member has cannot equal what the other has. etcd's `findConflictByTerm`.
    func position(atOrBelow index: LogIndex, termAtMost term: Term) -> LogPosition {
        var candidate = min(index, last.index)
        while let entry = entry(at: candidate), entry.term > term { candidate = candidate.previous }
        guard let found = self.term(at: candidate) else { return LogPosition(term: .zero, index: candidate) }
        return LogPosition(term: found, index: candidate)
    }

    /// - Parameter lastHash: Hash of the last of `new`, which the caller has from checking or making the chain.
    mutating func append(_ new: [Entry], lastHash: Digest) {
        guard let first = new.first else { return }
        invariant(first.index == last.index.next, "entry \(first.position) does not follow \(last)")
        entries.append(contentsOf: new)
        byteCount += new.reduce(0) { $0 + $1.byteCount }
        self.lastHash = lastHash
    }

    /// Drops every entry after `index`.
    mutating func truncate(after index: LogIndex, hash: Digest) {
        while let last = entries.last, last.index > index {
            byteCount -= last.byteCount
            entries.removeLast()
        }
        lastHash = hash
        durableIndex = min(durableIndex, index)
    }

    mutating func markDurable(through index: LogIndex) { durableIndex = max(durableIndex, min(index, last.index)) }

    /// Lets go of entries at or below `index` while they take more than `maxBytes`.
    mutating func trim(through index: LogIndex, maxBytes: Int) {
        while byteCount > maxBytes, entries.count > 1, let first = entries.first, first.index <= index {
            let hash = entries[1].previousHash
            base = SnapshotPoint(
                position: first.position,
                hash: hash,
                time: first.time,
                configuration: base.configuration
            )
            byteCount -= first.byteCount
            entries.removeFirst()
        }
    }

    /// Replaces everything by a snapshot.
    mutating func reset(to point: SnapshotPoint) {
        base = point
        entries = []
        byteCount = 0
        lastHash = point.hash
        durableIndex = point.position.index
        storeFirstIndex = point.position.index.next
    }

    private func offset(of index: LogIndex) -> Int { Int(index.number - base.position.index.number - 1) }
}
