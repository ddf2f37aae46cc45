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
/// by just that, whatever the commit index on this disk says. So a member that has lost entries neither votes nor leads
/// until it holds again whatever it may have acknowledged. Else:
/// 1. a leader A commits entry 9 with the acknowledgement of B; C is away; 2. B's entry 9 rots, B restarts and cuts it;
/// 3. A crashes; 4. C, which ends at 8, gets B's vote and leads without entry 9.
///
/// Ordinary replication brings the entries back. Alagappan et al., "Protocol-Aware Recovery for Consensus-Based
/// Storage", FAST 2018, describe the problem.
package struct LostTail: Hashable, Sendable {
    package let first: LogIndex
    /// The end of the log before the cut.
    package let last: LogIndex
    /// The last term in which the member can have acknowledged any of it. It takes no part in that term any more.
    package let term: Term

    package init(first: LogIndex, last: LogIndex, term: Term) {
        self.first = first
        self.last = last
        self.term = term
    }

    /// Whether a log holds all that could have been committed of what was lost.
    ///
    /// It does once it is durable and known to be committed up to the old end; and once it holds an entry of a later
    /// term, since that term's leader was elected without this member by others who had whatever was committed.
    package func isMadeGood(durable: LogPosition, committed: LogIndex) -> Bool {
        durable.term > term || min(durable.index, committed) >= last
    }

    /// A log that is cut again before it was whole.
    package func joined(with earlier: LostTail?) -> LostTail {
        guard let earlier else { return self }
        return LostTail(
            first: min(first, earlier.first),
            last: max(last, earlier.last),
            term: max(term, earlier.term)
        )
    }
}
