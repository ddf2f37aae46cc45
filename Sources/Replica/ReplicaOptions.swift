package import Consensus
package import Decision
package import Directory
package import Gossip
package import Kernel

/// What an operator may tune, with defaults that suit a cluster in one region.
package struct ReplicaOptions: Hashable, Sendable {
    package var raft: RaftOptions
    /// What the program can apply, as its `Applier` does: less than all that there is where a test runs an older one.
    package var supportedLevel = FeatureLevel.supported
    package var clocks = ClockRules()
    /// Requests that wait for their outcome; one more is refused.
    package var maxPendingRequests = 10_000
    /// A forwarded command is sent again when nothing was heard of it for this long.
    package var resendInterval = Span.seconds(1)
    /// The log is compacted when it holds this many applied entries more than `keptEntries`.
    package var compactionStep: UInt64 = 100_000
    /// Applied entries that are kept for followers that lag.
    package var keptEntries: UInt64 = 50_000
    /// A learner that lacks more entries than this is not promoted.
    package var promotionLag: UInt64 = 1000
    /// A statement that a member is not known to have is told it again after so long; so is the log of a leader that did not
    /// take it.
    package var statementInterval = Span.milliseconds(500)
    package var gossip = GossipOptions()
    /// How long a sample of another node's clock counts.
    package var clockSampleLife = Span.seconds(5)

    package init(raft: RaftOptions = RaftOptions()) { self.raft = raft }
}
