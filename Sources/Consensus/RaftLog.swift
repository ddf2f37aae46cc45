import DequeModule
import Kernel

/// The part of the log that is kept in memory: everything not yet committed and durable, and a bounded tail of what is.
///
/// Indexes may come from other members, so each lookup is checked, and answers nil outside of the window.
struct RaftLog: Sendable {
    /// What precedes the first entry in memory.
    private(set) var base: LogPosition
    private var baseHash: Digest
    private var baseTime: WallTime
    private var entries: Deque<Entry>
    /// Hash of the last entry, or of the base. The hash of any other stands in its successor.
    private(set) var lastHash: Digest
    /// Everything up to here is durable on this member.
    private(set) var durableIndex: LogIndex
    /// The first entry that the store has.
    private(set) var storeFirstIndex: LogIndex
    private(set) var byteCount: Int
    /// The last entry that was let go and changes the configuration; where what was let go is not known, the last of it.
    private(set) var lastChangeLetGo: LogIndex

    init(_ restored: RestoredLog) {
        self.init(base: restored.base)
        entries = Deque(restored.entries)
        lastHash = restored.entries.last?.hash ?? lastHash
        durableIndex = restored.entries.last?.index ?? durableIndex
        storeFirstIndex = restored.firstIndex
        byteCount = restored.entries.reduce(0) { $0 + $1.byteCount }
        lastChangeLetGo = base.index
        var previous = base
        for entry in restored.entries {
            invariant(entry.index == previous.index.next, "the restored log has a gap after \(previous)")
            invariant(entry.term >= previous.term, "the restored log goes back from \(previous) to \(entry.term)")
            previous = entry.position
        }
    }

    /// Nothing but a snapshot.
    init(base point: SnapshotPoint) {
        base = point.position
        baseHash = point.hash
        baseTime = point.time
        entries = []
        lastHash = point.hash
        durableIndex = point.position.index
        storeFirstIndex = point.position.index.next
        byteCount = 0
        lastChangeLetGo = .zero
    }

    var last: LogPosition { entries.last?.position ?? base }
    var lastTime: WallTime { entries.last?.time ?? baseTime }

    func entry(at index: LogIndex) -> Entry? { offset(of: index).map { entries[$0] } }

    /// Also knows the base, as the next two do.
    func position(at index: LogIndex) -> LogPosition? {
        index == base.index ? base : offset(of: index).map { entries[$0].position }
    }

    func time(at index: LogIndex) -> WallTime? {
        index == base.index ? baseTime : offset(of: index).map { entries[$0].time }
    }

    func hash(at index: LogIndex) -> Digest? {
        if index == last.index { return lastHash }
        if index == base.index { return baseHash }
        return offset(of: index).map { entries[$0 + 1].previousHash }
    }

    func term(at index: LogIndex) -> Term? { position(at: index)?.term }
    func holds(_ position: LogPosition) -> Bool { self.position(at: position.index) == position }

    /// Entries from `first` on that fit both bounds, at least one if there is any.
    func entries(
        from first: LogIndex,
        through end: LogIndex,
        maxBytes: Int,
        maxCount: Int = .max
    ) -> [Entry] {
        guard first <= end, let start = offset(of: first), let last = offset(of: min(end, last.index)) else {
            return []
        }
        var stop = start
        var bytes = 0
        while stop <= last, stop - start < maxCount {
            bytes += entries[stop].byteCount
            if bytes > maxBytes, stop > start { break }
            stop += 1
        }
        return Array(entries[start..<stop])
    }

    /// Bytes of the entries after `lower`, up to and including `upper`.
    func byteCount(after lower: LogIndex, through upper: LogIndex) -> Int {
        guard lower < upper, let start = offset(of: lower.next), let last = offset(of: upper) else { return 0 }
        var bytes = 0
        for place in start...last { bytes += entries[place].byteCount }
        return bytes
    }

    /// The highest position at or below `index` whose term is at most `term`: the last at which a log with `term` at
    /// `index` can equal this one. Nil when that lies before what is in memory. etcd's `findConflictByTerm`.
    func position(atOrBelow index: LogIndex, termAtMost term: Term) -> LogPosition? {
        guard index >= base.index else { return nil }
        // Terms never go back along a log, so the first entry past `term` is found by bisection.
        var low = 0
        var high = Int(min(index, last.index).number - base.index.number)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].term > term { high = middle } else { low = middle + 1 }
        }
        if low > 0 { return entries[low - 1].position }
        return base.term <= term ? base : nil
    }

    /// - Parameter lastHash: Hash of the last of `new`, which the caller has from checking or making the chain.
    mutating func append(_ new: [Entry], lastHash: Digest) {
        guard let first = new.first else { return }
        invariant(first.index == last.index.next, "entry \(first.position) does not follow \(last)")
        entries.append(contentsOf: new)
        for entry in new { byteCount += entry.byteCount }
        self.lastHash = lastHash
    }

    /// Drops every entry after `index`.
    mutating func truncate(after index: LogIndex) {
        guard let start = offset(of: index.next) else { return }
        lastHash = entries[start].previousHash
        for place in start..<entries.count { byteCount -= entries[place].byteCount }
        entries.removeLast(entries.count - start)
        durableIndex = min(durableIndex, index)
    }

    mutating func markDurable(through index: LogIndex) { durableIndex = max(durableIndex, min(index, last.index)) }

    /// The store keeps nothing before `index`.
    mutating func compacted(to index: LogIndex) { storeFirstIndex = max(storeFirstIndex, index) }

    /// Lets go of entries at or below `index` while they take more than `maxBytes`.
    mutating func trim(through index: LogIndex, maxBytes: Int) {
        while byteCount > maxBytes, let first = entries.first, first.index <= index {
            baseHash = hash(at: first.index) ?? baseHash
            if first.change != nil { lastChangeLetGo = first.index }
            base = first.position
            baseTime = first.time
            byteCount -= first.byteCount
            entries.removeFirst()
        }
    }

    /// Looks at the ends alone, since it runs with every step.
    func checkInvariants() {
        invariant(durableIndex <= last.index, "durable \(durableIndex) is past the end \(last)")
        invariant(base.index <= durableIndex, "\(base) in memory is past durable \(durableIndex)")
        let (first, end) = (entries.first, base.index.number + UInt64(entries.count))
        invariant(first.map { $0.index == base.index.next } ?? true, "\(String(describing: first)) follows \(base)")
        invariant(last.index.number == end, "\(entries.count) entries after \(base) end with \(last)")
        invariant(first?.previousHash ?? lastHash == baseHash, "what follows \(base) does not continue its hash")
        invariant(!entries.isEmpty || byteCount == 0, "no entries count \(byteCount) bytes")
    }

    private func offset(of index: LogIndex) -> Int? {
        guard index > base.index else { return nil }
        let distance = index.number - base.index.number - 1
        return distance < UInt64(entries.count) ? Int(distance) : nil
    }
}
