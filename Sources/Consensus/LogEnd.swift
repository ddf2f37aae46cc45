package import Kernel

/// The last entry of a log, or what precedes its first.
package struct LogEnd: Hashable, Sendable {
    package let position: LogPosition
    package let hash: Digest

    package init(position: LogPosition, hash: Digest) {
        self.position = position
        self.hash = hash
    }

    package init(_ point: SnapshotPoint) { self.init(position: point.position, hash: point.hash) }
    package init(_ entry: Entry) { self.init(position: entry.position, hash: entry.hash) }

    package func precedes(_ entry: Entry) -> Bool { flaw(of: entry) == nil }

    /// Why the entry cannot follow; nil if it can.
    package func flaw(of entry: Entry) -> String? {
        let name = "entry \(entry.index.number)"
        if entry.index != position.index.next { return "\(name) is out of order" }
        if entry.previousHash != hash { return "\(name) does not chain to its predecessor" }
        return entry.term < position.term ? "\(name) has a lower term than before" : nil
    }
}

// What a log store checks before it carries out a write, so that no bug above it reaches the disk.

extension HardState {
    /// Why the state cannot follow this one; nil if it can.
    package func flaw(of next: HardState) -> String? {
        if next.term < term { return "term \(next.term) after \(term)" }
        return next.term == term && vote != nil && next.vote != vote ? "a second vote in \(term)" : nil
    }

    /// What is stored for `next`. A log that was cut starts over below what it knew to be committed, and is not to forget
    /// it.
    package func followed(by next: HardState) -> HardState {
        HardState(term: next.term, vote: next.vote, commitIndex: max(commitIndex, next.commitIndex))
    }

    /// Why entries from `first` on cannot replace what a log of `firstIndex` to `last` holds; nil if they can.
    package func flaw(ofWritingFrom first: LogIndex, into firstIndex: LogIndex, through last: LogIndex) -> String? {
        guard firstIndex <= first, first <= last.next else {
            return "entry \(first.number) does not join a log of \(firstIndex)...\(last)"
        }
        return first <= last && first <= commitIndex ? "entry \(first.number) would replace a committed one" : nil
    }
}
