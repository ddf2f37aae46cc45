package import Kernel

/// Timers and bounds of a member. All members of a cluster should use the same.
package struct RaftOptions: Hashable, Sendable {
    /// A follower that heard nothing from a leader for this long campaigns, when it is its turn: at the latest after as long
    /// again.
    /// Also how long a leader may go without a quorum, and how long a transfer of leadership may take.
    package var electionTimeout = Span.milliseconds(500)
    /// At most a fifth of the election timeout, so that one lost heartbeat deposes nobody.
    package var heartbeatInterval = Span.milliseconds(50)
    /// Of a proposal's payload.
    package var maxEntryBytes = 512 * 1024
    /// Proposals that would make more than this wait for their commit are refused, but for one when nothing waits.
    package var maxUncommittedBytes = 64 * 1024 * 1024
    /// Entries of one append, at least one whatever its size.
    package var maxAppendBytes = 1024 * 1024
    /// Appends under way to one follower.
    package var maxInflightAppends = 256
    package var maxInflightBytes = 8 * 1024 * 1024
    /// Of one batch for the state machine, at least one entry whatever its size.
    package var maxApplyBytes = 4 * 1024 * 1024
    package var maxApplyCount = 4096
    /// Reads that wait for a leader or a quorum.
    package var maxWaitingReads = 16_384
    /// Applied entries kept in memory for followers that lag a little.
    package var windowBytes = 16 * 1024 * 1024
    /// Entries kept in memory that are not applied. Past so much, those that are committed and durable are let go, the oldest first,
    /// and read back from the store when their turn comes; a leader takes no proposal before all that it has to apply is in memory
    /// again.
    package var maxUnappliedBytes = 64 * 1024 * 1024

    package init() {}

    /// How long a snapshot chunk may stay unanswered before it is sent again.
    package var snapshotRetryInterval: Span {
        let (span, overflow) = heartbeatInterval.microseconds.multipliedReportingOverflow(by: 5)
        return Span(microseconds: overflow ? .max : span)
    }

    /// When what was to be applied is read again after the store could not give it: until then its peers may repair it.
    var readAgainInterval: Span { Span(microseconds: 2 * electionTimeout.microseconds) }

    /// What an election timeout is divided into for followers that stand by turns.
    static let turns: UInt64 = 8
    var turnSpacing: Span { Span(microseconds: electionTimeout.microseconds / Self.turns) }

    /// Followers that are told at the same moment that the link to their leader is closed stand one after the other, so
    /// far apart: a few round trips and syncs, in which the one before has won unless it cannot.
    package var linkHintSpacing: Span {
        Span(microseconds: min(Span.milliseconds(25).microseconds, turnSpacing.microseconds))
    }

    /// Up to this is added to each turn. Above all, it lets the others be told too, who listen to nobody before.
    var linkHintJitter: Span { Span(microseconds: max(linkHintSpacing.microseconds / 5, 1)) }

    /// Why a member cannot run with these; nil when it can.
    package var flaw: String? {
        if heartbeatInterval == .zero { return "the heartbeat interval is zero" }
        if electionTimeout.microseconds > .max / 4 { return "the election timeout is too long" }
        if electionTimeout.microseconds / 2 < heartbeatInterval.microseconds {
            return "the election timeout is below two heartbeat intervals"
        }
        let bounds = [
            maxEntryBytes, maxUncommittedBytes, maxAppendBytes, maxInflightAppends, maxInflightBytes, maxApplyBytes,
            maxApplyCount, maxWaitingReads, windowBytes, maxUnappliedBytes,
        ]
        return bounds.allSatisfy { $0 > 0 } ? nil : "a bound is zero or negative"
    }
}
