import Consensus
import Kernel

/// The obvious version of what a log store is.
struct ModelLog {
    var standing: LogStanding
    /// After the base, contiguous.
    var entries: [Entry]
    var damaged: Set<LogIndex> = []

    var firstIndex: LogIndex { standing.base.position.index.next }

    func entry(_ index: LogIndex) -> Entry? {
        index >= firstIndex && index <= standing.last.index ? entries[Int(index.number - firstIndex.number)] : nil
    }

    func point(_ index: LogIndex) -> SnapshotPoint? {
        if index == standing.base.position.index { return standing.base }
        return entry(index).map { entry in
            SnapshotPoint(
                position: entry.position,
                hash: entry.hash,
                time: entry.time,
                configuration: standing.base.configuration
            )
        }
    }

    mutating func write(_ new: [Entry], _ hardState: HardState?) {
        if let first = new.first { drop(from: first.index) }
        entries += new
        standing.last = entries.last?.position ?? standing.base.position
        guard let hardState else { return }
        standing.hardState = HardState(
            term: hardState.term,
            vote: hardState.vote,
            commitIndex: max(hardState.commitIndex, standing.hardState.commitIndex)
        )
    }

    mutating func drop(from index: LogIndex) {
        entries.removeAll { $0.index >= index }
        damaged = damaged.filter { $0 < index }
        standing.last = entries.last?.position ?? standing.base.position
    }

    /// The log can begin only after an entry that is known: a whole one, or the one that the state reflects.
    mutating func compact(before index: LogIndex, applied: SnapshotPoint) {
        var end = min(index.previous, standing.last.index, applied.position.index)
        while end > standing.base.position.index, damaged.contains(end), end != applied.position.index {
            end = end.previous
        }
        guard let base = point(end) else { return }
        entries.removeAll { $0.index <= end }
        damaged = damaged.filter { $0 > end }
        standing.base = base
    }

    mutating func reset(to point: SnapshotPoint) {
        let old = standing.hardState
        entries = []
        damaged = []
        standing.base = point
        standing.last = point.position
        standing.hardState = HardState(
            term: max(old.term, point.position.term),
            vote: point.position.term > old.term ? nil : old.vote,
            commitIndex: max(old.commitIndex, point.position.index)
        )
        if let lost = standing.lost, point.position.isUpToDate(with: lost.last) {
            standing.lost = nil
        }
    }

    /// The first entry after the applied one that is damaged; everything from there on goes.
    mutating func cut(after applied: LogIndex) -> Bool {
        guard let first = damaged.filter({ $0 > applied }).min() else { return false }
        let (term, last) = (standing.hardState.term, standing.last)
        let earlier = standing.lost
        standing.lost = LostTail(
            first: min(first, earlier?.first ?? first),
            last: earlier.map { last.isUpToDate(with: $0.last) ? last : $0.last } ?? last
        )
        drop(from: first)
        standing.hardState = HardState(term: term.next, vote: nil, commitIndex: standing.hardState.commitIndex)
        return true
    }

    /// Neighbours that are damaged make one run, which ends with the hash that its successor names.
    var runs: [LogDamage] {
        var runs: [LogDamage] = []
        for entry in entries where damaged.contains(entry.index) {
            let first = runs.last?.last.next == entry.index ? runs.removeLast().first : entry.index
            runs.append(LogDamage(first: first, last: entry.index, hash: entry.hash))
        }
        return runs
    }
}
