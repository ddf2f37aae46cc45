package import Kernel

/// A run of stored entries that are not what was written, or do not continue each other's chain.
package struct LogDamage: Hashable, Sendable {
    package let first: LogIndex
    package let last: LogIndex
    /// What the entry at `last` must hash to, since its successor, which is whole, names it. Nil where no such
    /// successor was found.
    package let hash: Digest?

    package init(first: LogIndex, last: LogIndex, hash: Digest?) {
        self.first = first
        self.last = last
        self.hash = hash
    }
}

/// The end of a log that was cut because it did not read back. On record until it is made good.
///
/// No entry that was durable can be told from one that was acknowledged, and an acknowledged one may have been committed
/// by just that, whatever the commit index on this disk says. So a member that has lost the end of its log does not lead,
/// and votes as if it still had it. Else:
/// 1. a leader A commits entry 9 with the acknowledgement of B; C is away; 2. B's entry 9 rots, B restarts and cuts it;
/// 3. A crashes; 4. C, which ends at 8, gets B's vote and leads without entry 9.
///
/// Ordinary replication brings the entries back. Alagappan et al., "Protocol-Aware Recovery for Consensus-Based
/// Storage", FAST 2018, describe the problem.
package struct LostTail: Hashable, Sendable {
    package let first: LogIndex
    /// Where the log ended before the cut.
    package let last: LogPosition

    package init(first: LogIndex, last: LogPosition) {
        self.first = first
        self.last = last
    }

    /// Whether a log that durably ends there has whatever could have been committed of what was lost, by the rule of
    /// Raft section 5.4.1 for candidates: what it ends in comes from a leader who had it.
    package func isMadeGood(by end: LogPosition) -> Bool { end.isUpToDate(with: last) }

    /// A log that is cut again before it was whole.
    package func joined(with earlier: LostTail?) -> LostTail {
        guard let earlier else { return self }
        return LostTail(first: min(first, earlier.first), last: earlier.isMadeGood(by: last) ? last : earlier.last)
    }
}
