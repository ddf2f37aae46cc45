package import Kernel

/// Timers and bounds of a member. All members of a cluster should use the same.
package struct RaftOptions: Hashable, Sendable {
    /// A follower that heard nothing from a leader for between one and two of these campaigns. Raft section 9.3.
    package var electionTimeout = Span.milliseconds(500)
    /// At most a fifth of the election timeout, so that one lost heartbeat deposes nobody.
    package var heartbeatInterval = Span.milliseconds(50)
    package var maxEntryBytes = 512 * 1024
    /// Proposals past this many bytes that wait for their commit are refused.
    package var maxUncommittedBytes = 64 * 1024 * 1024
    /// Entries of one append, at least one whatever its size.
    package var maxAppendBytes = 1024 * 1024
    package var maxInflightAppends = 256
    package var maxInflightBytes = 8 * 1024 * 1024
    package var maxApplyBytes = 4 * 1024 * 1024
    /// Applied entries kept in memory for followers that lag a little.
    package var windowBytes = 16 * 1024 * 1024

    package init() {}
}
