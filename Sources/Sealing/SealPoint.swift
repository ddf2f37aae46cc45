package import Kernel

/// An index at which a node has the root of its state: what it can sign, compare and restore a snapshot by.
package struct SealPoint: Hashable, Sendable {
    /// Of the entry at the index, `zero` before the first.
    package let term: Term
    package let index: LogIndex
    /// Hash of the entry at the index.
    package let head: Digest
    package let root: Digest
    /// In force once that entry is applied.
    package let voters: VoterSet

    package init(term: Term, index: LogIndex, head: Digest, root: Digest, voters: VoterSet) {
        self.term = term
        self.index = index
        self.head = head
        self.root = root
        self.voters = voters
    }

    package var claim: StateClaim { StateClaim(index: index, head: head, root: root, voters: voters.digest) }
}

/// Two that hold one log differ at an index.
package struct Divergence: Hashable, Sendable {
    package let own: StateClaim
    package let other: StateClaim
    /// Who says the other, sorted; empty where a seal does.
    package let members: [MemberID]

    package init(own: StateClaim, other: StateClaim, members: [MemberID] = []) {
        self.own = own
        self.other = other
        self.members = members
    }
}

/// Where every node has to stop applying for a moment and record its root.
///
/// Roots exist at the ends of applied batches, and those differ from node to node. So batches end, wherever else they may, before
/// each entry whose time falls into another bucket than its predecessor's: times are in the log, the same for all. A busy cluster so
/// has at most 20 roots a second that all its nodes can compare; a quiet one has the end of its log.
package enum SealBoundary {
    /// Part of the protocol: nodes with different buckets would have few roots in common.
    package static let bucket = Span.milliseconds(50)

    /// Whether a root is recorded after an entry of the first time that is followed by one of the second.
    package static func lies(between time: WallTime, and next: WallTime) -> Bool {
        time.milliseconds / bucket.milliseconds != next.milliseconds / bucket.milliseconds
    }

    /// How many of the next entries, by their times, are to be applied before the next root is recorded: to a boundary, or all.
    package static func run(of times: some Sequence<WallTime>) -> Int {
        var (count, last) = (0, WallTime?.none)
        for time in times {
            if let last, lies(between: last, and: time) { return count }
            count += 1
            last = time
        }
        return count
    }
}
